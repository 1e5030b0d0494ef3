"""Commands: each reads its options, calls one function below, prints, and returns the exit code.

Exit codes: 0 done, nothing found that `--fail-on` names; 1 found; 2 wrong usage; 3 done, but some input could not be
read; 4 could not run; 130 interrupted. Errors are turned into codes in one place, `main`.

Heavy rooms (sqlalchemy, tabulate) are imported inside the commands, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

import kbcheck

if TYPE_CHECKING:
    from kbcheck.model import ArticleKnowledge, Assessment, HostOfScan, HostRow, Profile, Status
    from kbcheck.store import Store
    from kbcheck.workers import Workers

OK, FOUND, USAGE, UNREAD, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130

app = typer.Typer(
    help="Which servers are still exposed to which published fault, with the evidence.\n\n"
    "Example: kbcheck import kbarchive-master.zip, then kbcheck scan servers.csv",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class By(StrEnum):
    """Views of a scan."""

    HOST = "host"
    ARTICLE = "article"
    REMEDY = "remedy"
    MATRIX = "matrix"


class ScanFormat(StrEnum):
    """Formats of a scan."""

    TABLE = "table"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class PageFormat(StrEnum):
    """Formats of one thing."""

    TEXT = "text"
    JSON = "json"


class SimulateFormat(StrEnum):
    """Formats of the simulator."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class ListFormat(StrEnum):
    """Formats of a list."""

    TABLE = "table"
    JSONL = "jsonl"


class CommandError(Exception):
    """The command cannot run; the message goes to stderr, the code to the caller."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="KBCHECK_DB",
        help="Database file or PostgreSQL URL.",
        show_default="kbcheck.db in the user's data folder",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write to FILE (whole or not at all) instead of stdout.", metavar="FILE"),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "-j", "--jobs", min=1, max=256, help="Processes that parse.", metavar="N", show_default="the processors"
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option("--executor", help="Work on an existing Dask cluster: dask://HOST:PORT.", metavar="URL"),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print less.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print all rows, fold nothing.")]
Articles = Annotated[
    list[str] | None, typer.Option("--article", help="Judge only this article (repeatable).", metavar="Q...")
]
Products = Annotated[
    list[str] | None,
    typer.Option(
        "--product", help="Only installations of this product, with or without release (repeatable).", metavar="NAME"
    ),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        help="Only these statuses: exposed, fixed, not-applicable, undetermined (repeatable).",
        metavar="STATUS",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Also what is fixed or does not apply.")]
FailOn = Annotated[
    str,
    typer.Option("--fail-on", help="Exit with 1 when there is one of: exposed, undetermined; or none.", metavar="LIST"),
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; the only place where errors become codes."""
    _readable_streams()
    try:
        code = get_command(app)(
            args=list(sys.argv[1:] if argv is None else argv), prog_name="kbcheck", standalone_mode=False
        )
        _flush()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return int(code or OK)
    except typer.TyperException as error:
        error.show() if hasattr(error, "show") else _say(str(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        _say("interrupted; what was stored before is whole")
        return INTERRUPTED
    except CommandError as error:
        _say(f"kbcheck: {error}")
        return error.code
    except kbcheck.KbcheckError as error:
        _say(f"kbcheck: {error}")
        return FAILED
    except BrokenPipeError:
        _drop_stdout()
        return OK
    except OSError as error:
        _say(f"kbcheck: {error.filename or ''}: {error.strerror or error}".replace(": :", ":"))
        return FAILED


def run() -> None:
    """Entry point of the `kbcheck` script."""
    kbcheck.collect_rarely()
    code = main()
    gc.freeze()  # nothing that is left need be looked through once more for cyclic garbage
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        _print(f"kbcheck {kbcheck.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which servers are still exposed to which published fault, with the evidence."""


# --- import -----------------------------------------------------------------------------------------------------------


@app.command("import")
def import_(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Article, folder, .zip, .tar.gz, .tar.xz, or - for standard input."),
    ],
    jobs: Jobs = None,
    executor: Cluster = None,
    db: Database = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Read KB articles into the database.

    Running it again on the same input changes nothing and is fast.

    Examples: kbcheck import kbarchive-master.zip | kbcheck import advisories | kbcheck import - < Q241556.TXT
    """
    from kbcheck import archive, importing

    items = archive.find(paths, sys.stdin.buffer if "-" in paths else None)
    with _open(db, create=True) as store:
        before = store.count()
        with _workers(jobs, executor) as workers, _progress("importing", quiet) as progress:
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
        _print(
            f"{summary.articles:,} articles: {summary.new:,} new, {summary.updated:,} updated, {summary.unchanged:,} "
            f"unchanged{tail}"
        )
        if summary.new or summary.updated:
            _print(
                f"{summary.bugs:,} report a bug; {summary.fixes:,} name a fix. {summary.problems:,} statements need "
                f"a person: kbcheck list --problems"
            )
        if total != summary.articles and before:
            _print(f"The database now holds {total:,} articles.")
    _reasons("Rejected", summary.rejected, summary.rejected_count, verbose)
    if verbose or summary.named_not_articles:
        _reasons("Not an article", summary.not_articles, summary.not_article_count, verbose)
    if not quiet and total:
        _print("Next: kbcheck scan INVENTORY.csv")
    if not summary.articles and not summary.unread and not total:
        raise CommandError("no article found in the input")
    return UNREAD if summary.unread else OK


def _reasons(label: str, entries: list[tuple[str, str]], count: int, verbose: bool) -> None:
    from kbcheck.report.cell import clean

    shown = entries if verbose else entries[:5]
    for name, reason in shown:
        _say(f"{label}: {clean(name)}: {clean(reason)}")
    if count > len(shown):
        _say(f"{label}: {count - len(shown):,} more")


# --- scan, report -----------------------------------------------------------------------------------------------------


@app.command()
def scan(
    inventories: Annotated[list[Path], typer.Argument(metavar="INVENTORY...", help="CSV files, or folders of them.")],
    by: Annotated[By, typer.Option("--by", help="View.")] = By.HOST,
    article: Articles = None,
    product: Products = None,
    status: Statuses = None,
    all_: All = False,
    unfixed: Annotated[bool, typer.Option("--unfixed", help="Also faults without a known fix.")] = False,
    fail_on: FailOn = "exposed",
    format_: Annotated[ScanFormat, typer.Option("--format", help="Format.")] = ScanFormat.TABLE,
    output: Output = None,
    executor: Cluster = None,
    db: Database = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Judge every installation of an inventory and print the compliance tables.

    Exit code 1 when something is exposed, 3 when rows could not be read and nothing is.

    Examples: kbcheck scan servers.csv --by article | kbcheck scan servers.csv --format csv -o findings.csv
    """
    from kbcheck import scanning

    named = _ids(article)
    wanted, failing = _statuses(status, all_), _failing(fail_on)
    with _workers(1, executor) as workers:
        fleet = scanning.read(inventories, workers)
        with _open(db) as store:
            assessment = scanning.run(
                fleet, store, articles=named, products=product or (), unfixed=unfixed, workers=workers
            )
    return _print_scan(assessment, by, format_, wanted, failing, output, quiet, verbose)


@app.command()
def report(
    number: Annotated[
        int | None, typer.Argument(metavar="[SCAN]", help="Number of the scan; the newest without it.")
    ] = None,
    by: Annotated[By, typer.Option("--by", help="View.")] = By.HOST,
    article: Articles = None,
    product: Products = None,
    status: Statuses = None,
    all_: All = False,
    unfixed: Annotated[
        bool, typer.Option("--unfixed", help="Also faults without a known fix, if the scan has them.")
    ] = False,
    fail_on: FailOn = "exposed",
    format_: Annotated[ScanFormat, typer.Option("--format", help="Format.")] = ScanFormat.TABLE,
    output: Output = None,
    db: Database = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Print a stored scan again, in any view and format.

    Examples: kbcheck report --by remedy | kbcheck report 3 --format markdown
    """
    from kbcheck.report import narrow

    named = _ids(article)
    wanted, failing = _statuses(status, all_), _failing(fail_on)
    with _open(db) as store:
        assessment = store.load_scan(number)
    if assessment is None:
        raise _no_scan(number)
    assessment = narrow.narrow(assessment, named, product or ())
    if unfixed and not any(
        verdict.reason == "no-fix-known" for column in assessment.columns for verdict, _, _ in assessment.spread(column)
    ):
        _say(f"scan {assessment.number} holds only faults with a known fix: run kbcheck scan --unfixed")
    return _print_scan(assessment, by, format_, wanted, failing, output, quiet, verbose)


def _print_scan(
    assessment: Assessment,
    by: By,
    format_: ScanFormat,
    statuses: Sequence[Status],
    failing: frozenset[Status],
    output: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    from kbcheck.report import data, view

    total = view.counts(assessment)
    if format_ is ScanFormat.JSON:
        _write([data.dumps(data.assessment(assessment, statuses))], output)
    elif format_ is ScanFormat.JSONL:
        _write(data.json_lines(assessment, statuses), output)
    elif format_ is ScanFormat.CSV:
        _write(data.csv_lines(assessment, statuses), output)
    elif not quiet:
        _write([_table(assessment, by, format_, statuses, output, verbose)], output)
    if any(total[status] for status in failing):
        return FOUND
    return UNREAD if assessment.refusals else OK


def _table(
    assessment: Assessment, by: By, format_: ScanFormat, statuses: Sequence[Status], output: Path | None, verbose: bool
) -> str:
    from kbcheck.report import table, view

    limit = 10**9 if verbose else 20
    if by is By.HOST:
        shown = view.by_host(assessment, all_hosts=verbose, limit=limit)
    elif by is By.ARTICLE:
        shown = view.by_article(assessment, limit=limit, statuses=statuses)
    elif by is By.REMEDY:
        shown = view.by_remedy(assessment, limit=limit)
    else:
        shown = view.matrix(assessment, limit=limit, columns=max(3, (_width() - 40) // 9))
    if format_ is ScanFormat.MARKDOWN:
        return table.markdown(shown)
    return table.render(shown, width=_width(), color=output is None and _color())


# --- one article, one host --------------------------------------------------------------------------------------------


@app.command()
def explain(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Host of the newest scan.")],
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Article, such as Q241556.")],
    product: Annotated[str | None, typer.Option("--product", help="Which product of the host.", metavar="NAME")] = None,
    number: Annotated[
        int | None, typer.Option("--scan", help="Number of the scan; the newest without it.", metavar="SCAN")
    ] = None,
    format_: Annotated[PageFormat, typer.Option("--format", help="Format.")] = PageFormat.TEXT,
    output: Output = None,
    db: Database = None,
) -> int:
    """Say why a host has the verdict it has: each criterion, the article's words, the host's facts.

    Example: kbcheck explain EXCH03 Q241556
    """
    from kbcheck import knowledge, matching
    from kbcheck.report import data
    from kbcheck.report import explain as writer

    ident = _ids([article])[0]
    with _open(db) as store:
        stored = store.host_of_scan(host, number)
        facts = store.facts(ident)
    if stored is None:
        raise _no_scan(number)
    if facts is None:
        raise CommandError(f"{ident} is not in the database; import it first")
    known = knowledge.weigh(facts)
    pages, documents = [], []
    for row, profile in _rows_of(stored, host, product, known):
        verdict = matching.assess(profile, known)
        pages.append(writer.text(row, profile, known, verdict, width=_width()))
        documents.append(writer.document(row, profile, known, verdict))
    if format_ is PageFormat.JSON:
        _write(
            [
                data.dumps(documents[0])
                if len(documents) == 1
                else data.dumps({"schema": "kbcheck.explanations/1", "explanations": documents})
            ],
            output,
        )
    else:
        _write(["\n".join(pages)], output)
    return OK


def _rows_of(
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


@app.command()
def show(
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Article, such as Q241556.")],
    annotated: Annotated[
        bool, typer.Option("--annotated", help="The article's own text, each recognised fact marked.")
    ] = False,
    format_: Annotated[PageFormat, typer.Option("--format", help="Format.")] = PageFormat.TEXT,
    output: Output = None,
    db: Database = None,
) -> int:
    """Print the structured advisory of one article, or what a fix list holds.

    Examples: kbcheck show Q241556 | kbcheck show Q268886 | kbcheck show Q241556 --annotated
    """
    from kbcheck import knowledge
    from kbcheck.article import references
    from kbcheck.report import article as writer
    from kbcheck.report import data

    ident = _ids([article])[0]
    with _open(db) as store:
        stored = store.article(ident)
        if stored is None:
            raise CommandError(f"{ident} is not in the database; import it first")
        listed = store.stated_by(ident)
        titles = store.titles(references(stored.article))
    known = knowledge.weigh(stored.facts)
    if format_ is PageFormat.JSON:
        _write([data.dumps(data.article(stored, known))], output)
    elif annotated:
        _write([writer.annotated(stored, known)], output)
    else:
        _write([writer.page(stored, known, listed, titles, width=_width())], output)
    return OK


@app.command("list")
def list_(
    product: Annotated[
        str | None,
        typer.Option(
            "--product", help='Articles that affect this product line, such as "Exchange Server 5.5".', metavar="NAME"
        ),
    ] = None,
    fixed_in: Annotated[
        str | None,
        typer.Option("--fixed-in", help='First corrected at this level: SP4, "hotfix only", none.', metavar="LEVEL"),
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="The archive's category, such as exchange.", metavar="NAME")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="bug, feature, howto, info, fix-list, problem, unknown.", metavar="KIND"),
    ] = None,
    problems: Annotated[bool, typer.Option("--problems", help="What the parser refused to guess.")] = False,
    format_: Annotated[ListFormat, typer.Option("--format", help="Format.")] = ListFormat.TABLE,
    output: Output = None,
    db: Database = None,
) -> int:
    """List articles; `--format jsonl` without a filter exports the whole knowledge base.

    Examples: kbcheck list --product "Exchange Server 5.5" --fixed-in SP4 | kbcheck list --format jsonl -o kb.jsonl
    """
    from kbcheck import knowledge
    from kbcheck import product as products
    from kbcheck.report import article as writer
    from kbcheck.report import data, table

    line = products.find_line(product) if product is not None else None
    level = fixed_in
    if fixed_in not in (None, "none") and products.parse_level(fixed_in or "") is not None:
        level = products.parse_level(fixed_in or "")
    with _open(db) as store:
        troubled = store.problem_articles() if problems else set()

        def chosen() -> Iterator[tuple[Any, ArticleKnowledge]]:
            for stored in store.articles(troubled if problems else None):
                if (category is not None and stored.article.category != category) or (
                    kind is not None and stored.facts.kind != kind
                ):
                    continue
                known = knowledge.weigh(stored.facts)
                if line is not None and not any(each.listed and each.product_line == line for each in known.lines):
                    continue
                if level is not None:
                    fixed = {name: first or "none" for name, first in knowledge.first_fixed(known).items()}
                    if not any(first == level and (line is None or name == line) for name, first in fixed.items()):
                        continue
                yield stored, known

        if format_ is ListFormat.JSONL:
            _write((data.line(data.article(stored, known)) for stored, known in chosen()), output)
            return OK
        if problems:
            rows = [
                (p.kind, stored.facts.id, str(p.line), p.message) for stored, _ in chosen() for p in stored.problems
            ]
            tally = [f"{count:>6,}  {name} (for example {example})" for name, count, example in store.problem_counts()]
            body = (
                table.plain(("kind", "article", "line", "what was not understood"), sorted(rows), (2,), _width())
                if rows
                else "no problems"
            )
            _write(["\n".join([*tally, "", body, ""])], output)
            return OK
        headers, listed = writer.listing([known for _, known in chosen()], line)
    _write(
        [
            table.plain(headers, listed, (), _width()) + f"\n{len(listed):,} articles\n"
            if listed
            else "no article matches\n"
        ],
        output,
    )
    return OK


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Words that must all occur.")],
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1000)] = 10,
    format_: Annotated[ListFormat, typer.Option("--format", help="Format.")] = ListFormat.TABLE,
    output: Output = None,
    db: Database = None,
) -> int:
    """Search the articles' texts; the best matches first, each with the words in their place.

    Example: kbcheck search OpenMsgStore deadlock
    """
    from kbcheck.report import data
    from kbcheck.report.cell import clean, shorten

    with _open(db) as store:
        hits = store.search(" ".join(words), limit)
    if format_ is ListFormat.JSONL:
        _write(
            (
                data.line(
                    {
                        "schema": "kbcheck.hit/1",
                        "id": h.id,
                        "title": h.title,
                        "date": h.date,
                        "category": h.category,
                        "snippet": h.snippet,
                    }
                )
                for h in hits
            ),
            output,
        )
        return OK
    width = _width()
    lines = []
    for hit in hits:
        lines.append(shorten(clean(f"{hit.id}  {hit.title}"), width))
        lines.append(shorten(clean(f"         {hit.snippet}"), width))
    _write(["".join(f"{text}\n" for text in lines) or "nothing found\n"], output)
    return OK


@app.command()
def simulate(
    threads: Annotated[int, typer.Option("--threads", help="Threads that call OpenMsgStore.", min=2, max=4)] = 2,
    calls: Annotated[int, typer.Option("--calls", help="Calls of each thread.", min=1, max=10)] = 3,
    variant: Annotated[str | None, typer.Option("--variant", help="faulty, fixed or trylock.", metavar="NAME")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Draw the run with this seed.")] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", help="Replay these thread digits.", metavar="DIGITS")
    ] = None,
    runs: Annotated[int | None, typer.Option("--runs", help="Histogram of N runs beside the law.", min=1)] = None,
    locks: Annotated[bool, typer.Option("--locks", help="What !locks of a debugger would list.")] = False,
    promela: Annotated[bool, typer.Option("--promela", help="The model for SPIN.")] = False,
    no_threads: Annotated[bool, typer.Option("--no-threads", help="Leave the real threads out.")] = False,
    limit: Annotated[float, typer.Option("--limit", help="Seconds for each run of real threads.")] = 10.0,
    host: Annotated[str | None, typer.Option("--host", help="Show the variant that this host has.")] = None,
    inventory: Annotated[
        Path | None, typer.Option("--inventory", help="Where the host stands; the newest scan without it.")
    ] = None,
    format_: Annotated[SimulateFormat, typer.Option("--format", help="Format.")] = SimulateFormat.TEXT,
    output: Output = None,
    db: Database = None,
) -> int:
    """Show the OpenMsgStore deadlock of Q241556: proved, run step by step, and observed on real threads.

    Exit code 0 when the fault was shown and removed, 1 when not.

    Examples: kbcheck simulate | kbcheck simulate --threads 3 --seed 4 | kbcheck simulate --format html -o page.html
    """
    from dataclasses import replace

    from kbcheck import deadlock
    from kbcheck.report import data

    judged_by = ""
    try:
        chosen = deadlock.Variant(variant) if variant is not None else None
    except ValueError as error:
        raise CommandError(f"{variant!r} is no variant: expected faulty, fixed or trylock", USAGE) from error
    if inventory is not None and host is None:
        raise CommandError("--inventory needs --host", USAGE)
    if host is not None:
        if chosen is not None:
            raise CommandError("--host tells the variant: leave --variant out", USAGE)
        found, judged_by = _variant_of(host, inventory, db)
        chosen = deadlock.Variant(found) if found is not None else None
    options = deadlock.Options(threads, calls, chosen, seed, schedule, runs, locks, promela, no_threads, limit)
    try:
        result = replace(deadlock.simulate(options), host=host or "", judged_by=judged_by)
    except deadlock.DeadlockError as error:
        raise CommandError(str(error), USAGE) from error
    if format_ is SimulateFormat.JSON:
        _write([data.dumps(deadlock.json_document(result))], output)
    elif format_ is SimulateFormat.HTML:
        _write([deadlock.html(result)], output)
    else:
        _write([deadlock.text(result, _width())], output)
    return result.code


def _variant_of(host: str, inventory: Path | None, db: str | None) -> tuple[str | None, str]:
    """Return the variant that a host has, None when that is not known, and the fact that told it.

    The bundled articles tell it, so that no database is needed beside an inventory.
    """
    from kbcheck import advisory, article, bundled, knowledge, matching, scanning
    from kbcheck.inventory import read
    from kbcheck.model import Status

    folder = bundled.folder("advisories")
    texts = [article.parse((folder / f"{ident}.TXT").read_bytes()) for ident in ("Q241556", "Q268886", "Q274833")]
    known = knowledge.weigh(knowledge.gather(map(advisory.extract, texts))[0])
    if inventory is not None:
        stored = scanning.assess(read([inventory]), [known], 0, _now()).of(host)
    else:
        with _open(db) as store:
            found = store.host_of_scan(host)
        if found is None:
            raise _no_scan(None)
        stored = found
    row, profile = _rows_of(stored, host, None, known)[0]
    verdict = matching.assess(profile, known)
    files = any(name.startswith("files:") for name in verdict.evidence.fields)
    fact = next((text for column, _, text in row.sources if column == "files:emsmdb32.dll"), "") if files else ""
    told = f"its {fact}" if fact else f"its level, {profile.product_line} {matching.level_text(profile)}"
    variant = {Status.EXPOSED: "faulty", Status.FIXED: "fixed"}.get(verdict.status)
    return variant, f"{told} ({row.file}:{row.line}): {verdict.status.value}, {verdict.reason.value}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@app.command()
def demo() -> int:
    """Show the main job on the bundled articles and inventory, in a temporary database.

    The commands are printed, so that they can be typed again.
    """
    from kbcheck import bundled

    articles, inventory = bundled.folder("advisories"), bundled.folder("inventory") / "servers.csv"
    with tempfile.TemporaryDirectory(prefix="kbcheck-") as folder:
        database = str(Path(folder) / "demo.db")
        steps = [
            ["import", str(articles)],
            ["scan", str(inventory)],
            ["explain", "EXCH03", "Q241556"],
            [
                "scan",
                str(inventory),
                "--by",
                "matrix",
                "--article",
                "Q241556",
                "--article",
                "Q193256",
                "--article",
                "Q274280",
                "--product",
                "Exchange Server 5.5",
            ],
        ]
        for step in steps:
            _print(f"$ kbcheck {' '.join(_quoted(word) for word in step)}")
            code = main([*step, "--db", database])
            _print("")
            if code not in (OK, FOUND, UNREAD):
                return code
    from kbcheck import deadlock

    _print("$ kbcheck simulate   (in short)")
    _write([deadlock.short(deadlock.simulate(deadlock.Options()), _width())], None)
    _print("")
    _print("The same with your own files: kbcheck import PATH, kbcheck scan INVENTORY.csv")
    return OK


# --- options ----------------------------------------------------------------------------------------------------------


def _ids(articles: Iterable[str] | None) -> list[str]:
    found = []
    for text in articles or ():
        match = re.fullmatch(r"(?:Q|KB)?(\d{5,6})", text.strip(), re.IGNORECASE)
        if match is None:
            raise CommandError(f"{text!r} is no article number: expected one such as Q241556", USAGE)
        found.append(f"Q{match.group(1)}")
    return list(dict.fromkeys(found))


def _statuses(names: Sequence[str] | None, everything: bool) -> tuple[Status, ...]:
    from kbcheck.model import Status

    if everything:
        return tuple(Status)
    if not names:
        return (Status.EXPOSED, Status.UNDETERMINED)
    return tuple(_status(part) for name in names for part in name.split(","))


def _failing(text: str) -> frozenset[Status]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return frozenset() if parts == ["none"] else frozenset(_status(part) for part in parts)


def _status(text: str) -> Status:
    from kbcheck.model import Status

    try:
        return Status(text.strip().lower())
    except ValueError as error:
        raise CommandError(f"{text!r} is no status: expected {', '.join(Status)}", USAGE) from error


def _open(db: str | None, *, create: bool = False) -> Store:
    from kbcheck.store import Store

    if db is None or not db.strip():
        import platformdirs

        db = str(Path(platformdirs.user_data_dir("kbcheck", appauthor=False)) / "kbcheck.db")
    return Store(db, create=create)


def _workers(jobs: int | None, executor: str | None) -> Workers:
    from kbcheck.workers import Workers

    return Workers(jobs or os.cpu_count() or 1, executor or "", lambda message: _say(f"kbcheck: {message}"))


def _no_scan(number: int | None) -> CommandError:
    if number is None:
        return CommandError("no scan is stored yet; make one with: kbcheck scan INVENTORY.csv")
    return CommandError(f"no scan {number} in the database")


# --- streams ----------------------------------------------------------------------------------------------------------


def _write(chunks: Iterable[str], output: Path | None) -> None:
    """Write to stdout, or to a file that appears whole or not at all."""
    if output is None:
        try:
            for chunk in chunks:
                sys.stdout.write(chunk)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_stdout()
        return
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(chunks)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # as any other program would make it
        os.replace(name, output)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _print(line: str) -> None:
    _write([line + "\n"], None)


def _readable_streams() -> None:
    """Never fail on a character that the terminal or pipe cannot show; pipes and files get UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            if stream.isatty():
                reconfigure(errors="replace")
            else:
                reconfigure(encoding="utf-8", errors="replace")


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()


def _drop_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not complain when it flushes a closed pipe at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    from kbcheck.report.cell import clean

    print(*(clean(line) for line in text.splitlines()), sep="\n", file=sys.stderr)


def _width() -> int:
    return max(shutil.get_terminal_size((80, 24)).columns, 60)


def _color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


@contextlib.contextmanager
def _progress(label: str, quiet: bool) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on stderr when it is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]:,} articles"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0, count=0)
        yield lambda done, count: bar.update(task, completed=done, count=count)
