"""The main job: import, scan, report, explain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kbcheck.cli import options, streams
from kbcheck.cli.application import FOUND, OK, UNREAD, CommandError

if TYPE_CHECKING:
    from kbcheck.model import ArticleKnowledge, Assessment, HostOfScan, HostRow, Profile, Status
    from kbcheck.store import Store
    from kbcheck.workers import Workers

_SCANS = 2**31 - 1  # as many as a database can number


def import_(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Article, folder, .zip, .tar.gz, .tar.xz, or - for standard input."),
    ],
    jobs: options.Jobs = None,
    executor: options.Cluster = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Read KB articles into the database.

    Running it again on the same input changes nothing and is fast.

    Examples: kbcheck import kbarchive-master.zip | kbcheck import advisories | kbcheck import - < Q241556.TXT
    """
    from kbcheck import archive, importing

    items = archive.find(paths, sys.stdin.buffer if "-" in paths else None)
    with options.open_store(db, create=True) as store, options.workers(jobs, executor) as workers:
        _renew(store, workers, quiet)
        before = store.count()
        with streams.progress("importing", quiet) as progress:
            summary = importing.run(items, store, progress, workers)
        total = store.count()
    if not quiet:
        extra = []
        if summary.not_article_count:
            extra.append(f"{summary.not_article_count:,} not an article")
        if summary.rejected_count:
            extra.append(f"{summary.rejected_count:,} rejected")
        if summary.passed_over:
            extra.append(f"{summary.passed_over:,} other files passed over")
        tail = f"; {', '.join(extra)}" if extra else ""
        streams.print_line(
            f"{summary.articles:,} articles: {summary.new:,} new, {summary.updated:,} updated, {summary.unchanged:,} "
            f"unchanged{tail}"
        )
        if summary.new or summary.updated:
            streams.print_line(
                f"{summary.bugs:,} report a bug; {summary.fixes:,} name a fix. {summary.problems:,} statements need "
                f"a person: kbcheck list --problems"
            )
        if total != summary.articles and before:
            streams.print_line(f"The database now holds {total:,} articles.")
    _reasons("Rejected", summary.rejected, summary.rejected_count, verbose)
    if verbose or summary.named_not_articles:
        _reasons("Not an article", summary.not_articles, summary.not_article_count, verbose)
    if not quiet and total:
        streams.print_line("Next: kbcheck scan INVENTORY.csv")
    if not summary.articles and not summary.unread and not total:
        raise CommandError("no article found in the input")
    return UNREAD if summary.unread else OK


def _renew(store: Store, workers: Workers, quiet: bool) -> None:
    """Read the stored articles again if an older kbcheck read them."""
    if not store.read_by_older:
        return
    from kbcheck import importing

    with streams.progress("reading the stored articles again", quiet) as progress:
        count = importing.renew(store, progress, workers)
    if count and not quiet:
        streams.say(
            f"{count:,} stored articles, which an older kbcheck had read, were read again by the rules of this one"
        )


def _reasons(label: str, entries: list[tuple[str, str]], count: int, verbose: bool) -> None:
    from kbcheck.report.cell import clean

    shown = entries if verbose else entries[:5]
    for name, reason in shown:
        streams.say(f"{label}: {clean(name)}: {clean(reason)}")
    if count > len(shown):
        streams.say(f"{label}: {count - len(shown):,} more")


def scan(
    inventories: Annotated[list[Path], typer.Argument(metavar="INVENTORY...", help="CSV files, or folders of them.")],
    by: Annotated[options.By, typer.Option("--by", help="View.")] = options.By.HOST,
    article: options.Articles = None,
    product: options.Products = None,
    status: options.Statuses = None,
    all_: options.All = False,
    unfixed: Annotated[bool, typer.Option("--unfixed", help="Also faults without a known fix.")] = False,
    fail_on: options.FailOn = "exposed",
    format_: Annotated[options.ScanFormat, typer.Option("--format", help="Format.")] = options.ScanFormat.TABLE,
    output: options.Output = None,
    executor: options.Cluster = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Judge every installation of an inventory and print the compliance tables.

    Exit code 1 when something is exposed, 3 when rows could not be read and nothing is.

    Examples: kbcheck scan servers.csv --by article | kbcheck scan servers.csv --format csv -o findings.csv
    """
    from kbcheck import scanning

    named = options.ids(article)
    wanted, failing = options.statuses(status, all_), options.failing(fail_on)
    with options.workers(1, executor) as workers:
        fleet = scanning.read(inventories, workers)
        with options.open_store(db) as store:
            _renew(store, workers, quiet)
            assessment = scanning.run(
                fleet, store, articles=named, products=product or (), unfixed=unfixed, workers=workers
            )
    return _print_scan(assessment, by, format_, wanted, failing, output, quiet, verbose)


def report(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[SCAN]", min=1, max=_SCANS, help="Number of the scan; the newest without it."),
    ] = None,
    by: Annotated[options.By, typer.Option("--by", help="View.")] = options.By.HOST,
    article: options.Articles = None,
    product: options.Products = None,
    status: options.Statuses = None,
    all_: options.All = False,
    unfixed: Annotated[
        bool, typer.Option("--unfixed", help="Also faults without a known fix, if the scan has them.")
    ] = False,
    fail_on: options.FailOn = "exposed",
    format_: Annotated[options.ScanFormat, typer.Option("--format", help="Format.")] = options.ScanFormat.TABLE,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print a stored scan again, in any view and format.

    Examples: kbcheck report --by remedy | kbcheck report 3 --format markdown
    """
    from kbcheck.report import narrow

    named = options.ids(article)
    wanted, failing = options.statuses(status, all_), options.failing(fail_on)
    with options.open_store(db) as store:
        assessment = store.load_scan(number)
    if assessment is None:
        raise options.no_scan(number)
    assessment = narrow.narrow(assessment, named, product or ())
    if unfixed and not any(
        verdict.reason == "no-fix-known" for column in assessment.columns for verdict, _, _ in assessment.spread(column)
    ):
        streams.say(f"scan {assessment.number} holds only faults with a known fix: run kbcheck scan --unfixed")
    return _print_scan(assessment, by, format_, wanted, failing, output, quiet, verbose)


def _print_scan(
    assessment: Assessment,
    by: options.By,
    format_: options.ScanFormat,
    statuses: Sequence[Status],
    failing: frozenset[Status],
    output: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    from kbcheck.report import data, view

    total = view.counts(assessment)
    if format_ is options.ScanFormat.JSON:
        streams.write([data.dumps(data.assessment(assessment, statuses))], output)
    elif format_ is options.ScanFormat.JSONL:
        streams.write(data.json_lines(assessment, statuses), output)
    elif format_ is options.ScanFormat.CSV:
        streams.write(data.csv_lines(assessment, statuses), output)
    elif not quiet:
        streams.write([_table(assessment, by, format_, statuses, output, verbose)], output)
    if any(total[status] for status in failing):
        return FOUND
    return UNREAD if assessment.refusals else OK


def _table(
    assessment: Assessment,
    by: options.By,
    format_: options.ScanFormat,
    statuses: Sequence[Status],
    output: Path | None,
    verbose: bool,
) -> str:
    from kbcheck.report import table, view

    limit = 10**9 if verbose else 20
    if by is options.By.HOST:
        shown = view.by_host(assessment, all_hosts=verbose, limit=limit)
    elif by is options.By.ARTICLE:
        shown = view.by_article(assessment, limit=limit, statuses=statuses)
    elif by is options.By.REMEDY:
        shown = view.by_remedy(assessment, limit=limit)
    else:
        shown = view.matrix(assessment, limit=limit, columns=max(3, (streams.width() - 40) // 9))
    if format_ is options.ScanFormat.MARKDOWN:
        return table.markdown(shown)
    return table.render(shown, width=streams.width(), color=output is None and streams.color())


def explain(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Host of the newest scan.")],
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Article, such as Q241556.")],
    product: Annotated[str | None, typer.Option("--product", help="Which product of the host.", metavar="NAME")] = None,
    number: Annotated[
        int | None,
        typer.Option("--scan", min=1, max=_SCANS, help="Number of the scan; the newest without it.", metavar="SCAN"),
    ] = None,
    format_: Annotated[options.PageFormat, typer.Option("--format", help="Format.")] = options.PageFormat.TEXT,
    output: options.Output = None,
    db: options.Database = None,
) -> int:
    """Say why a host has the verdict it has: each criterion, the article's words, the host's facts.

    Example: kbcheck explain EXCH03 Q241556
    """
    from kbcheck import knowledge, matching
    from kbcheck.report import data
    from kbcheck.report import explain as writer

    ident = options.ids([article])[0]
    with options.open_store(db) as store:
        stored = store.host_of_scan(host, number)
        facts = store.facts(ident)
    if stored is None:
        raise options.no_scan(number)
    if facts is None:
        raise CommandError(f"{ident} is not in the database; import it first")
    known = knowledge.weigh(facts)
    pages, documents = [], []
    for row, profile in rows_of(stored, host, product, known):
        verdict = matching.assess(profile, known)
        pages.append(writer.text(row, profile, known, verdict, width=streams.width()))
        documents.append(writer.document(row, profile, known, verdict))
    if format_ is options.PageFormat.JSON:
        streams.write(
            [
                data.dumps(documents[0])
                if len(documents) == 1
                else data.dumps({"schema": "kbcheck.explanations/1", "explanations": documents})
            ],
            output,
        )
    else:
        streams.write(["\n".join(pages)], output)
    return OK


def rows_of(
    stored: HostOfScan, host: str, wanted: str | None, known: ArticleKnowledge
) -> list[tuple[HostRow, Profile]]:
    """Return the host's installations that the question is about: the affected ones, else all."""
    from kbcheck import product

    scan = f"scan {stored.number}" if stored.number else "the inventory"
    if not stored.rows:
        hint = f"; there is {', '.join(stored.near)}" if stored.near else ""
        raise CommandError(f"no host {host!r} in {scan}{hint}")
    if wanted is None:
        listed = {line.product_line for line in known.lines if line.listed}
        return [(row, profile) for row, profile in stored.rows if row.product_line in listed] or list(stored.rows)
    rows = [(row, profile) for row, profile in stored.rows if product.selects(wanted, row.product_line)]
    if not rows:
        raise CommandError(f"{host} has no {wanted} in {scan}")
    return rows
