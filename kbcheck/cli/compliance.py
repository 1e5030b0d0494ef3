"""The main job: import, scan, report, explain."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kbcheck.cli import options, streams
from kbcheck.cli.application import FOUND, OK, UNREAD, USAGE, CommandError

if TYPE_CHECKING:
    from kbcheck.model import ArticleKnowledge, Assessment, HostOfScan, HostRow, Profile, Status
    from kbcheck.store import Store
    from kbcheck.workers import Workers

_SCANS = 2**31 - 1  # as many as a database can number


def import_(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Article, folder, .zip, .tar.gz, .tar.xz, or - for standard input."),
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
        if summary.abridged:
            extra.append(f"{summary.abridged:,} abridged: what is stored is whole, and stays")
        if summary.not_article_count:
            named = "" if verbose or summary.named_not_articles else " (-v says why)"
            extra.append(f"{summary.not_article_count:,} not an article{named}")
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
                f"{summary.bugs:,} report a bug; {summary.fixes:,} of them name a fix. {summary.problems:,} statements "
                f"need a person: kbcheck list --problems"
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

    total = store.count()
    with streams.progress("reading the stored articles again", quiet) as progress:
        count = importing.renew(store, progress, workers)
    if count and not quiet:
        streams.say(
            f"{count:,} stored articles, which an older kbcheck had read, were read again by the rules of this one"
        )
    if count < total:
        streams.say(f"{total - count:,} stored articles cannot be read by this kbcheck: they stay as they were read")


def _reasons(label: str, entries: list[tuple[str, str]], count: int, verbose: bool) -> None:
    from kbcheck.report.cell import clean

    shown = entries if verbose else entries[:5]
    for name, reason in shown:
        streams.say(f"{label}: {clean(name)}: {clean(reason)}")
    if count > len(shown):
        streams.say(f"{label}: {count - len(shown):,} more")


def scan(
    inventories: Annotated[
        list[Path], typer.Argument(metavar="INVENTORY", help="CSV files, or folders of them.", readable=False)
    ],
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
    shown = _shown(by, format_, status, all_, fail_on, output, quiet, verbose, named)
    if output is not None and not output.resolve().parent.is_dir():
        raise CommandError(f"{output}: no such folder")  # told before anything is stored
    with options.workers(1, executor) as workers:
        fleet = scanning.read(inventories, workers)
        with options.open_store(db) as store:
            _renew(store, workers, quiet)
            assessment = scanning.run(
                fleet, store, articles=named, products=product or (), unfixed=unfixed, workers=workers
            )
    return _print_scan(assessment, shown)


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
    unfixed: Annotated[bool, typer.Option("--unfixed", help="Say how faults without a known fix are judged.")] = False,
    fail_on: options.FailOn = "exposed",
    list_: Annotated[bool, typer.Option("--list", help="Print which scans are stored.")] = False,
    format_: Annotated[options.ScanFormat, typer.Option("--format", help="Format.")] = options.ScanFormat.TABLE,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print a stored scan again, in any view and format.

    Examples: kbcheck report --by remedy | kbcheck report 3 --format markdown | kbcheck report --list
    """
    from kbcheck.report import narrow

    if list_:
        if number is not None or format_ is not options.ScanFormat.TABLE:
            raise CommandError("--list prints a table of all scans: expected neither SCAN nor --format with it", USAGE)
        with options.open_store(db) as store:
            streams.write([_scans(store)], output)
        return OK
    named = options.ids(article)
    shown = _shown(by, format_, status, all_, fail_on, output, quiet, verbose, named)
    with options.open_store(db) as store:
        assessment = store.load_scan(number)
    if assessment is None:
        raise options.no_scan(number)
    assessment = narrow.narrow(assessment, named, product or ())
    if unfixed:
        streams.say("a report shows what its scan judged: kbcheck scan --unfixed judges faults without a known fix too")
    return _print_scan(assessment, shown)


def _scans(store: Store) -> str:
    from kbcheck.report import table

    headers = ("scan", "made", "advisories", "inventory")
    rows = [
        (
            str(each.number),
            each.created,
            f"{each.articles:,}",
            ", ".join(f"{name} ({rows:,} rows)" for name, rows in each.inventories),
        )
        for each in store.scans()
    ]
    return table.plain(headers, rows, (0, 2), streams.width()) + "\n" if rows else "no scan is stored yet\n"


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a scan is printed; `statuses` are empty where none were asked for, `named`: articles were."""

    by: options.By
    format: options.ScanFormat
    statuses: tuple[Status, ...]
    failing: frozenset[Status]
    output: Path | None
    quiet: bool
    verbose: bool
    named: bool

    @property
    def laid_out(self) -> bool:
        """Whether it is printed for people, as a table."""
        return self.format in (options.ScanFormat.TABLE, options.ScanFormat.MARKDOWN)


def _shown(
    by: options.By,
    format_: options.ScanFormat,
    status: Sequence[str] | None,
    everything: bool,
    fail_on: str,
    output: Path | None,
    quiet: bool,
    verbose: bool,
    named: Sequence[str],
) -> _Shown:
    from kbcheck.model import Status

    if everything and status:
        raise CommandError("--all and --status contradict each other", USAGE)
    statuses = options.statuses(status, everything)
    if by is options.By.REMEDY and status and Status.EXPOSED not in statuses:
        raise CommandError("--by remedy shows what closes exposures: expected --status exposed, or none", USAGE)
    shown = _Shown(by, format_, statuses, options.failing(fail_on), output, quiet, verbose, bool(named))
    if by is not options.By.HOST and not shown.laid_out:
        streams.say(f"--by {by} has no effect on {format_}, which has every installation and article")
    return shown


def _print_scan(assessment: Assessment, shown: _Shown) -> int:
    from kbcheck.model import Status
    from kbcheck.report import data, view

    total = view.counts(assessment)
    statuses = shown.statuses or (Status.EXPOSED, Status.UNDETERMINED)
    if shown.format is options.ScanFormat.JSON:
        streams.write_data([data.dumps(data.assessment(assessment, statuses))], shown.output)
    elif shown.format is options.ScanFormat.JSONL:
        streams.write_data(data.json_lines(assessment, statuses), shown.output)
    elif shown.format is options.ScanFormat.CSV:
        streams.write_data(data.csv_lines(assessment, statuses), shown.output)
    elif not shown.quiet or shown.output is not None:
        streams.write([_table(assessment, shown)], shown.output)
    if not assessment.articles:
        streams.say("Nothing was judged: no advisory in the database concerns these products")
    if shown.quiet or shown.output is not None or not shown.laid_out:
        for line in view.said("Refused", assessment.refusals, 10**9 if shown.verbose else 5):
            streams.say(line)
    if any(total[status] for status in shown.failing):
        return FOUND
    return UNREAD if assessment.refusals else OK


def _table(assessment: Assessment, shown: _Shown) -> str:
    from kbcheck.report import table, view

    limit = 10**9 if shown.verbose else 20
    if shown.by is options.By.HOST:
        laid = view.by_host(assessment, all_hosts=shown.verbose, limit=limit, statuses=shown.statuses)
    elif shown.by is options.By.ARTICLE:
        laid = view.by_article(assessment, limit=limit, statuses=shown.statuses)
    elif shown.by is options.By.REMEDY:
        laid = view.by_remedy(assessment, limit=limit)
    else:
        columns = 10**9 if shown.verbose and shown.named else max(3, (streams.width() - 40) // 9)
        laid = view.matrix(assessment, all_hosts=shown.verbose, limit=limit, columns=columns, statuses=shown.statuses)
    if shown.format is options.ScanFormat.MARKDOWN:
        return table.markdown(laid)
    return table.render(laid, width=streams.width(), color=shown.output is None and streams.color())


def explain(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Host of the scan.")],
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Article, such as Q241556.")],
    product: Annotated[str | None, typer.Option("--product", help="Which product of the host.", metavar="NAME")] = None,
    number: Annotated[
        int | None,
        typer.Option("--scan", min=1, max=_SCANS, help="Number of the scan; the newest without it.", metavar="SCAN"),
    ] = None,
    format_: Annotated[options.PageFormat, typer.Option("--format", help="Format.")] = options.PageFormat.TEXT,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say why a host has the verdict it has: each criterion, the article's words, the host's facts.

    Example: kbcheck explain EXCH03 Q241556
    """
    from kbcheck import knowledge, matching, scanning
    from kbcheck.report import cell, data
    from kbcheck.report import explain as writer

    ident = options.ids([article])[0]
    with options.open_store(db) as store:
        stored = store.host_of_scan(host, number)
        read = store.article(ident)
        if stored is None:
            raise options.no_scan(number)
        if read is None:
            raise CommandError(f"{ident} is not in the database; import it first")
        known = knowledge.weigh(read.facts)
        scanning.judged(known)
        rows = rows_of(stored, host, product, known)
        before = [store.status(stored.number, ident, row.profile) for row, _ in rows]
    pages, documents = [], []
    for (row, profile), then in zip(rows, before, strict=True):
        verdict = matching.assess(profile, known)
        asked = writer.Explanation(row, profile, known, verdict, stored.heard, then, read.problems, verbose)
        pages.append((writer.verdict_text if quiet else writer.text)(asked, streams.width()))
        documents.append(writer.document(asked))
    told = {row.product_line for row, _ in rows}
    others = [row.product_line for row, _ in stored.rows if row.product_line not in told]
    if others and product is None and not quiet:
        words = f"{host} has {', '.join(others)} too, which the article does not list (--product shows why)"
        pages.append(f"{textwrap.fill(cell.clean(words), streams.width(), subsequent_indent='  ')}\n")
    if format_ is options.PageFormat.JSON:
        streams.write_data(
            [
                data.dumps(documents[0])
                if len(documents) == 1
                else data.dumps({"schema": "kbcheck.explanations/1", "explanations": documents})
            ],
            output,
        )
    else:
        streams.write([("" if quiet else "\n").join(pages)], output)
    return OK


def rows_of(
    stored: HostOfScan, host: str, wanted: str | None, known: ArticleKnowledge
) -> list[tuple[HostRow, Profile]]:
    """Return the host's installations that the question is about: the affected ones, else all."""
    from kbcheck import product

    scan = f"scan {stored.number}" if stored.number else "the inventory"
    if not stored.rows:
        hint = f"; there is {', '.join(stored.near)}" if stored.near else ""
        if stored.heard:
            raise CommandError(f"{host} was not judged in {scan}, its row was refused: {stored.heard[0]}")
        raise CommandError(f"no host {host!r} in {scan}{hint}")
    if wanted is None:
        listed = {line.product_line for line in known.lines if line.listed}
        return [(row, profile) for row, profile in stored.rows if row.product_line in listed] or list(stored.rows)
    rows = [(row, profile) for row, profile in stored.rows if product.selects(wanted, row.product_line)]
    if not rows:
        raise CommandError(f"{host} has no {wanted} in {scan}")
    return rows
