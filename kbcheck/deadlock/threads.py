"""Real threads in a guarded child process: they deadlock there, never here.

Rules. The child (victim.py) ends by itself; this process kills it when it does not answer, and on any exception, Ctrl-C
included. It holds the child's stdin open and writes nothing: when this process dies, stdin closes, and the child ends.
What the child tells is observed on one machine: counts and times differ from run to run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kbcheck.deadlock.model import DeadlockError, Variant

VICTIM = Path(__file__).with_name("victim.py")
# How long a variant that should not deadlock is called; the faulty one takes a fraction of it
CALL_SECONDS = 0.5
# The child answers within the limit, and its watchdog ends it 2 seconds later
PATIENCE_SECONDS = 3.0
MAX_LIMIT = 3600.0


class Observed(StrEnum):
    """What was observed of real threads."""

    DEADLOCK = "deadlock"
    FINISHED = "finished"
    NOT_REPRODUCED = "not_reproduced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a stack: the file's name without its folder, the 1-based line and its text."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class ThreadsRun:
    """What real threads did. `seconds` until they stood still or were told to stop; `cpu_seconds` in the idle window.

    `owners` are (lock, thread), `waits` (thread, lock), `stacks` (thread, frames, the innermost first): empty unless
    they deadlocked; `cpu_seconds` is None then. `schedule`: what the first steps followed, "" where they were free.
    `problem` says what failed, "" when nothing did.
    """

    variant: Variant
    outcome: Observed
    calls: int = 0
    seconds: float = 0.0
    owners: tuple[tuple[str, str], ...] = ()
    waits: tuple[tuple[str, str], ...] = ()
    stacks: tuple[tuple[str, tuple[Frame, ...]], ...] = ()
    cpu_seconds: float | None = None
    schedule: str = ""
    problem: str = ""


def check_limit(limit: float) -> None:
    """Raise DeadlockError unless real threads can be given so many seconds."""
    if not 0 < limit <= MAX_LIMIT:  # not a number is neither
        raise DeadlockError(f"a limit of {limit} seconds: expected more than 0, at most {MAX_LIMIT:.0f}")


def observe(
    variant: Variant, threads: int = 2, *, limit: float = 10.0, schedule: str = "", hang: str = ""
) -> ThreadsRun:
    """Run real threads in a child process and return what was observed; what the child does raises nothing.

    `schedule`: thread digits that the first steps follow, up to one that the locks refuse. `hang` is for the tests:
    "silent", a child that never answers, or "deaf", one that has no guard of its own either.
    """
    check_limit(limit)
    if not sys.executable:
        return _failed(variant, schedule, "the child process cannot be started: this Python does not know its program")
    arguments = (variant, threads, CALL_SECONDS, limit, schedule or "-", hang or "-")
    try:
        code, out, err = _guarded([str(argument) for argument in arguments], limit + PATIENCE_SECONDS)
    except OSError as error:
        return _failed(variant, schedule, f"the child process cannot be started: {error}")
    if code is None:
        return _failed(variant, schedule, f"the child process gave no answer within {limit + PATIENCE_SECONDS:g} s")
    try:
        return _read(variant, schedule, json.loads(out))
    except (ValueError, KeyError, TypeError):
        last = (err.strip().splitlines() or ["it said nothing"])[-1]
        return _failed(variant, schedule, f"the child process ended with code {code} and no answer: {last}")


def _guarded(arguments: list[str], patience: float) -> tuple[int | None, str, str]:
    """Return (exit code, stdout, stderr) of the child, None for the code when it had to be killed for its silence.

    Whatever ends this function, the child has ended before.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(  # noqa: S603 - this Python, this package's own file
            [sys.executable, "-I", str(VICTIM), *arguments], stdin=subprocess.PIPE, stdout=out, stderr=err
        )
        code: int | None
        try:
            code = child.wait(patience)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            child.kill()
            child.wait()
            assert child.stdin is not None
            child.stdin.close()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return code, texts[0], texts[1]


def _failed(variant: Variant, schedule: str, problem: str) -> ThreadsRun:
    return ThreadsRun(variant, Observed.FAILED, schedule=schedule, problem=problem)


def _read(variant: Variant, schedule: str, answer: dict[str, Any]) -> ThreadsRun:
    return ThreadsRun(
        variant,
        Observed(answer["outcome"]),
        answer["calls"],
        answer["seconds"],
        tuple(answer.get("owners", {}).items()),
        tuple(answer.get("waits", {}).items()),
        tuple(
            (name, tuple(Frame(each["file"], each["line"], each["function"], each["text"]) for each in frames))
            for name, frames in answer.get("stacks", {}).items()
        ),
        answer.get("cpu_seconds_idle_window"),
        schedule,
        answer.get("problem", ""),
    )
