"""The application: its entry point, its exit codes, and the one place where errors become codes."""

from __future__ import annotations

import gc
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

import kbcheck
from kbcheck.cli import streams

OK, FOUND, USAGE, UNREAD, FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 130

app = typer.Typer(
    help="Which servers are still exposed to which published fault, with the evidence.\n\n"
    "Example: kbcheck import kbarchive-master.zip, then kbcheck scan servers.csv",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class CommandError(Exception):
    """The command cannot run; the message goes to stderr, the code to the caller."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; the only place where errors become codes."""
    streams.readable_streams()
    try:
        code = get_command(app)(
            args=list(sys.argv[1:] if argv is None else argv), prog_name="kbcheck", standalone_mode=False
        )
        streams.flush()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return int(code or OK)
    except typer.TyperException as error:
        error.show() if hasattr(error, "show") else streams.say(str(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        streams.say("interrupted; what was stored before is whole")
        return INTERRUPTED
    except CommandError as error:
        streams.say(f"kbcheck: {error}")
        return error.code
    except kbcheck.KbcheckError as error:
        streams.say(f"kbcheck: {error}")
        return FAILED
    except BrokenPipeError:
        streams.drop_stdout()
        return OK
    except OSError as error:
        streams.say(f"kbcheck: {error.filename or ''}: {error.strerror or error}".replace(": :", ":"))
        return FAILED


def run_and_exit() -> None:
    """Run the command of this process and end it; a request to end is an interruption like Ctrl-C."""
    kbcheck.collect_rarely()
    for request in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(request) is not signal.SIG_IGN:  # as a shell starts what it lets run behind
            signal.signal(request, streams.interrupt)
    sys.unraisablehook = streams.dropped
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        streams.say("kbcheck: this is a fault of kbcheck itself; what was stored before is whole")
        code = FAILED
    gc.freeze()  # nothing that is left need be looked through once more for cyclic garbage
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        streams.print_line(f"kbcheck {kbcheck.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which servers are still exposed to which published fault, with the evidence."""
