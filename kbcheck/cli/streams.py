"""Standard output and error, files that are written, the terminal's width and colours."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def write(chunks: Iterable[str], output: Path | None) -> None:
    """Write to stdout, or to a file that appears whole or not at all; a reader that closes its pipe is no error."""
    if output is None:
        try:
            for chunk in chunks:
                sys.stdout.write(chunk)
            sys.stdout.flush()
        except OSError as error:
            if not _closed(error):
                raise
            drop_stdout()
        return
    if output.exists() and not output.is_file():  # a device, a named pipe, /dev/stdout
        try:
            with output.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(chunks)
        except OSError as error:
            if not _closed(error):
                raise
        return
    output = output.resolve()  # a link stays one
    name = output.parent / f".kbcheck-{secrets.token_hex(8)}"  # not longer than the name itself may be
    try:
        with name.open("x", encoding="utf-8", newline="") as stream:
            stream.writelines(chunks)
        if output.exists():
            shutil.copymode(output, name)
        os.replace(name, output)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and error.filename == str(name):
            error.filename = str(output)
        raise


def write_data(chunks: Iterable[str], output: Path | None) -> None:
    """Write as write() does what is for programs; a terminal gets it without characters that it would obey."""
    if output is None and sys.stdout.isatty():
        from kbcheck.report.cell import clean

        chunks = ("\n".join(map(clean, chunk.replace("\r\n", "\n").split("\n"))) for chunk in chunks)
    write(chunks, output)


def _closed(error: OSError) -> bool:
    """Whether the reader of a pipe has gone, which Windows tells in words of its own."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def print_line(line: str) -> None:
    """Print one line, the end of a pipe not minded."""
    write([line + "\n"], None)


def readable_streams() -> None:
    """Never fail on a character that the terminal or pipe cannot show; pipes and files get UTF-8."""
    # A stream that was closed before the start is None.
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            if stream.isatty():
                reconfigure(errors="replace")
            else:
                reconfigure(
                    encoding="utf-8", errors="replace", newline=""
                )  # Windows would write \r\r\n for a row of CSV


def flush() -> None:
    """Write what stdout still holds."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not _closed(error):
            raise
        drop_stdout()


def drop_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not complain when it flushes a closed pipe at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """Print to stderr, cleaned of what a terminal would obey; nobody may be reading it."""
    from kbcheck.report.cell import clean

    with contextlib.suppress(BrokenPipeError):
        print(*(clean(line) for line in text.splitlines()), sep="\n", file=sys.stderr, flush=True)


def width() -> int:
    """Return how many columns the terminal has, 80 where there is none; at least 60."""
    return max(shutil.get_terminal_size((80, 24)).columns, 60)


def color() -> bool:
    """Whether stdout is a terminal that wants colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


_interrupted = False


def interrupt(*_: object) -> None:
    """Take a signal to end. Python may drop the exception, in what it does for itself; progress() raises it again."""
    global _interrupted  # a signal comes once for the process
    _interrupted = True
    raise KeyboardInterrupt


def dropped(what: sys.UnraisableHookArgs) -> None:
    """Print an exception that Python drops, unless it is an interruption."""
    if not isinstance(what.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(what)


def _go_on() -> None:
    if _interrupted:
        raise KeyboardInterrupt


@contextlib.contextmanager
def progress(label: str, quiet: bool) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on stderr when it is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, count: _go_on()
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

        def advance(done: float, count: int) -> None:
            _go_on()
            bar.update(task, completed=done, count=count)

        yield advance
