"""The commands that show: simulate, demo."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kbcheck.cli import options, streams
from kbcheck.cli.application import FOUND, OK, UNREAD, USAGE, CommandError, main
from kbcheck.cli.compliance import rows_of


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
        Path | None,
        typer.Option("--inventory", help="Where the host stands; the newest scan without it.", readable=False),
    ] = None,
    format_: Annotated[options.SimulateFormat, typer.Option("--format", help="Format.")] = options.SimulateFormat.TEXT,
    output: options.Output = None,
    db: options.Database = None,
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
        if runs is not None and chosen is not deadlock.Variant.FAULTY:
            raise CommandError(
                f"--runs is about the faulty variant, and {host} is not known to have it: {judged_by}", USAGE
            )
    asked = deadlock.Options(threads, calls, chosen, seed, schedule, runs, locks, promela, no_threads, limit)
    try:
        result = replace(deadlock.simulate(asked), host=host or "", judged_by=judged_by)
    except deadlock.DeadlockError as error:
        raise CommandError(str(error), USAGE) from error
    if format_ is options.SimulateFormat.JSON:
        streams.write_data([data.dumps(deadlock.json_document(result))], output)
    elif format_ is options.SimulateFormat.HTML:
        streams.write([deadlock.html(result)], output)
    else:
        streams.write([deadlock.text(result, streams.width())], output)
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
        with options.open_store(db) as store:
            found = store.host_of_scan(host)
        if found is None:
            raise options.no_scan(None)
        stored = found
    row, profile = rows_of(stored, host, None, known)[0]
    verdict = matching.assess(profile, known)
    files = any(name.startswith("files:") for name in verdict.evidence.fields)
    fact = next((text for column, _, text in row.sources if column == "files:emsmdb32.dll"), "") if files else ""
    told = f"its {fact}" if fact else f"its level, {profile.product_line} {matching.level_text(profile)}"
    variant = {Status.EXPOSED: "faulty", Status.FIXED: "fixed"}.get(verdict.status)
    return variant, f"{told} ({row.file}:{row.line}): {verdict.status.value}, {verdict.reason.value}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


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
            streams.print_line(f"$ kbcheck {' '.join(_quoted(word) for word in step)}")
            code = main([*step, "--db", database])
            streams.print_line("")
            if code not in (OK, FOUND, UNREAD):
                return code
    from kbcheck import deadlock

    streams.print_line("$ kbcheck simulate   (in short)")
    streams.write([deadlock.short(deadlock.simulate(deadlock.Options()), streams.width())], None)
    streams.print_line("")
    streams.print_line("The same with your own files: kbcheck import PATH, kbcheck scan INVENTORY.csv")
    return OK


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
