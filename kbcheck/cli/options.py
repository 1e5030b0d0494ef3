"""Options that commands share, and what their words mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kbcheck.cli import streams
from kbcheck.cli.application import USAGE, CommandError

if TYPE_CHECKING:
    from kbcheck.model import Status
    from kbcheck.store import Store
    from kbcheck.workers import Workers


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
    typer.Option(
        "-o", "--output", help="Write to FILE (whole or not at all) instead of stdout.", metavar="FILE", readable=False
    ),
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
Numbers = Annotated[bool, typer.Option("-q", "--quiet", help="Instead of the table, print only the numbers.")]
Uncut = Annotated[bool, typer.Option("-v", "--verbose", help="Cut nothing of the table to the terminal's width.")]
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


def ids(articles: Iterable[str] | None) -> list[str]:
    """Return article numbers as they are written here (`kb241556` is Q241556), each once."""
    found = []
    for text in articles or ():
        match = re.fullmatch(r"(?:Q|KB)?([1-9]\d{4,5})", text.strip(), re.IGNORECASE)
        if match is None:
            raise CommandError(f"{text!r} is no article number: expected one such as Q241556", USAGE)
        found.append(f"Q{match.group(1)}")
    return list(dict.fromkeys(found))


def statuses(names: Sequence[str] | None, everything: bool) -> tuple[Status, ...]:
    """Return the statuses that are asked for, () without a word: what needs somebody, exposed and undetermined."""
    from kbcheck.model import Status

    if everything:
        return tuple(Status)
    return tuple(_status(part) for name in names or () for part in name.split(","))


def failing(text: str) -> frozenset[Status]:
    """Return the statuses that make the exit code 1."""
    from kbcheck.model import Status

    parts = [part.strip().lower() for part in text.split(",") if part.strip()]
    if not parts:
        raise CommandError("--fail-on names nothing: expected exposed, undetermined or none", USAGE)
    if parts == ["none"]:
        return frozenset()
    found = frozenset(Status(part) for part in parts if part in ("exposed", "undetermined"))
    if len(found) < len(set(parts)):
        raise CommandError(f"--fail-on {text}: expected exposed, undetermined or none", USAGE)
    return found


def _status(text: str) -> Status:
    from kbcheck.model import Status

    try:
        return Status(text.strip().lower())
    except ValueError as error:
        raise CommandError(f"{text!r} is no status: expected {', '.join(Status)}", USAGE) from error


def open_store(db: str | None, *, create: bool = False) -> Store:
    """Open the database at `db`, by default the one in the user's data folder."""
    from kbcheck.store import Store

    if db is None or not db.strip():
        import platformdirs

        db = str(Path(platformdirs.user_data_dir("kbcheck", appauthor=False)) / "kbcheck.db")
    return Store(db, create=create)


def workers(jobs: int | None, executor: str | None) -> Workers:
    """Return the workers that parse or judge: processes of this machine, or those of a cluster."""
    from kbcheck.workers import Workers

    if executor and not re.fullmatch(r"dask://[^/\s]+:\d+", executor):
        raise CommandError(f"--executor {executor}: expected dask://HOST:PORT", USAGE)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Workers(jobs or allowed, executor or "", lambda message: streams.say(f"kbcheck: {message}"))


def no_scan(number: int | None) -> CommandError:
    """Return the error that the scan `number` (None: any) is not stored."""
    if number is None:
        return CommandError("no scan is stored yet; make one with: kbcheck scan INVENTORY.csv")
    return CommandError(f"no scan {number} in the database")
