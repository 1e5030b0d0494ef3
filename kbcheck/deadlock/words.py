"""What every writer says in the same words: standings, steps, verdicts, and the view of a debugger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from kbcheck.deadlock.model import LOCKS, Action, Law, Outcome, Run, Search, Step, Variant
from kbcheck.deadlock.simulation import CONFIRMED, Result
from kbcheck.deadlock.threads import Observed, ThreadsRun

TITLE = "OpenMsgStore deadlock, Q241556"
ARTICLE = (
    "The article: T1 holds CS1 and waits for CS2, held by T2, which waits for CS1; it may occur after some time, and "
    "was first corrected in Exchange Server 5.5 Service Pack 4."
)
FIX_MODEL = (
    "Our model, not the article's: two paths that take the locks in opposite order are the fault, one order for all "
    "threads is the fix. The article does not say which path takes which lock, nor how the fix works."
)
# The chance of being preempted before a step, as on a real machine rather than under an even draw
RARE = Fraction(1, 10_000)
QUANTILES = (Fraction(1, 2), Fraction(9, 10))

# C0 and C1 controls, and the marks that reverse or hide text: those of report/cell.py, which this island does not see
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """Return foreign text on one line, without control characters."""
    return _CONTROL.sub("\ufffd", text)


def counted(number: int, noun: str) -> str:
    """Return `1 call`, `2 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bound(result: Result) -> str:
    """Return how far the proof goes."""
    return f"{result.options.threads} threads x {counted(result.options.calls, 'call')}"


def host_line(result: Result) -> str:
    """Return which variant the host has and by what it was judged, "" without a host."""
    if not result.host:
        return ""
    host, judged_by = clean(result.host), clean(result.judged_by)
    if result.options.variant is None:
        said = " is not affected" if "not-applicable" in judged_by else ": undetermined which variant it has"
        return f"Host {host}{said} ({judged_by}). What follows is about the fault, not about this host."
    return f"Host {host} has the {result.options.variant} variant, judged by {judged_by}."


def step_text(step: Step) -> str:
    """Return a step in words; `*` marks the end of a call."""
    lock = LOCKS[step.lock]
    if step.action is Action.TRY:
        return f"tries {lock}: {'got' if step.got else 'held'}"
    verb = "acquires" if step.action is Action.ACQUIRE else "releases"
    return f"{verb} {lock}{' *' if step.completes else ''}"


def standing_lines(
    owners: Sequence[tuple[str, str]], waits: Sequence[tuple[str, str]], threads: Sequence[str]
) -> list[str]:
    """Return for each of `threads`: `T1 holds CS1 and waits for CS2, held by T2`."""
    owner, wanted = dict(owners), dict(waits)
    lines = []
    for thread in threads:
        held = " and ".join(lock for lock, by in owners if by == thread)
        holds = f"holds {held} and " if held else ""
        lines.append(f"{thread} {holds}waits for {wanted[thread]}, held by {owner[wanted[thread]]}")
    return lines


def outcome_lines(run: Run) -> list[str]:
    """Return how a run ended: the threads of the cycle, the cycle, and apart from it who is blocked behind it."""
    calls = sum(run.completed_calls)
    if run.outcome is Outcome.FINISHED:
        return [f"No deadlock in this run: all {counted(calls, 'call')} complete."]
    standing = run.standing
    cycle = " -> ".join((*standing.cycle, standing.cycle[0]))
    lines = [
        *standing_lines(standing.owners, standing.waits, standing.cycle),
        f"Deadlock after {counted(calls, 'completed call')}: {cycle}",
    ]
    behind = standing_lines(standing.owners, standing.waits, standing.bystanders)
    return [*lines, *(f"Behind the cycle, not on it: {line}" for line in behind)]


def refusal_line(result: Result) -> str:
    """Return where the fixed variant refuses the schedule, "" when that was not asked."""
    refusal = result.refusal
    if refusal is None:
        return ""
    return (
        f"The same schedule, {refusal.variant} variant: refused at step {refusal.step}: {refusal.thread} {refusal.why}."
    )


def proof_line(search: Search) -> str:
    """Return what the search proves, with its bound."""
    size = f"{search.threads} threads x {counted(search.calls, 'call')}"
    if search.deadlock_free:
        livelock = "; threads may try again for ever" if search.variant is Variant.TRYLOCK else ""
        return f"no deadlock: proved for {size}, every interleaving{livelock}"
    steps = len(search.shortest)
    return f"a deadlock is possible: proved, the shortest takes {counted(steps, 'step')}, {search.shortest}"


def observed_line(run: ThreadsRun) -> str:
    """Return what was observed of real threads."""
    gated = " (the first steps follow the schedule)" if run.schedule else ""
    if run.outcome is Observed.FAILED:
        return f"nothing observed: {clean(run.problem)}"
    done = f"{counted(run.calls, 'call')}, {run.seconds:.2f} s{gated}"
    if run.outcome is Observed.DEADLOCK:
        return f"deadlock observed after {done}"
    if run.outcome is Observed.NOT_REPRODUCED:
        return f"not reproduced in {done}"
    return f"no deadlock observed in {done}"


def law_line() -> str:
    """Return what the law says of a machine where preemption is rare."""
    law = Law(RARE)
    half, most = (law.quantile(q) for q in QUANTILES)
    return (
        f"After some time: if a thread is preempted before 1 step in {int(1 / RARE):,}, half of all programs with two "
        f"such threads hang within {half:,} calls, 9 of 10 within {most:,}."
    )


def result_line(result: Result) -> str:
    """Return the result in one line."""
    if result.result != CONFIRMED:
        return f"Result: not confirmed: {clean(result.result)}"
    observed = " and observed" if result.threads_run else ""
    variant = result.options.variant
    if variant is None:
        return f"Result: confirmed: fault proved possible{observed}; one lock order removes it"
    if variant is Variant.FAULTY:
        return f"Result: confirmed: {variant}: a deadlock is proved possible{observed}"
    return f"Result: confirmed: {variant}: no deadlock, proved for {bound(result)}"


# --- the view of a debugger -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CriticalSection:
    """A held lock with the fields of a CRITICAL_SECTION of NT 4.0: LockCount 0 is held, each waiting thread adds 1."""

    symbol: str
    address: int
    lock_count: int
    recursion_count: int
    owning_thread: int
    entry_count: int
    contention_count: int


def critical_sections(run: Run) -> tuple[CriticalSection, ...]:
    """Return the locks held at the end of a run. Addresses and thread numbers are simulated: thread 1 is T1."""
    found = []
    for index, (lock, owner) in enumerate(run.standing.owners):
        if owner:
            waiting = sum(wanted == lock for _, wanted in run.standing.waits)
            # A CRITICAL_SECTION is 24 bytes long. Waiting is all of the contention that a state can tell.
            address = 0x1000 + 24 * index
            found.append(CriticalSection(f"sim!{lock}+0", address, waiting, 1, int(owner[1:]), 0, waiting))
    return tuple(found)
