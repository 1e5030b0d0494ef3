"""Single runs: drawn with a seed or replayed from a schedule, step by step."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from kbcheck.deadlock.model.states import (
    LOCKS,
    Action,
    DeadlockError,
    IllegalStepError,
    Outcome,
    Variant,
    check_size,
    name,
    path,
    phases,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: thread and lock are 0-based, `got` is false for a try that found the lock held."""

    thread: int
    action: Action
    lock: int
    got: bool
    completes: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Who owns and who waits in one state, by name; `cycle` begins with its lowest thread, () for none.

    `owners` has (lock, thread or ""), `waits` has (thread, lock). A bystander waits too, but is not on the cycle.
    """

    owners: tuple[tuple[str, str], ...]
    waits: tuple[tuple[str, str], ...]
    cycle: tuple[str, ...]
    bystanders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One schedule, step by step, and where it ended; `seed` is None when the schedule was given."""

    threads: int
    calls: int
    variant: Variant
    seed: int | None
    schedule: str
    steps: tuple[Step, ...]
    outcome: Outcome
    completed_calls: tuple[int, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Refusal:
    """The step (1-based) at which a variant refuses another variant's schedule, and why."""

    variant: Variant
    step: int
    thread: str
    why: str


class _Machine:
    """A state that steps: one pc for each thread, and the owner of each lock (-1: free), which follows from them."""

    def __init__(self, threads: int, calls: int, variant: Variant) -> None:
        self.phases = phases(variant)
        self.paths = [path(variant, thread) for thread in range(threads)]
        self.last = calls * len(self.phases)
        self.pcs = [0] * threads
        self.owners = [-1] * len(LOCKS)

    def done(self, thread: int) -> bool:
        return self.pcs[thread] == self.last

    def blocked_by(self, thread: int) -> int:
        """Return the lock that the thread waits for, -1 when it waits for none."""
        if self.done(thread):
            return -1
        step = self.phases[self.pcs[thread] % len(self.phases)]
        lock = self.paths[thread][step.which]
        return lock if step.action is Action.ACQUIRE and self.owners[lock] >= 0 else -1

    def enabled(self) -> list[int]:
        return [thread for thread in range(len(self.pcs)) if not self.done(thread) and self.blocked_by(thread) < 0]

    def take(self, thread: int) -> Step:
        """Take an enabled step."""
        step = self.phases[self.pcs[thread] % len(self.phases)]
        lock = self.paths[thread][step.which]
        got = step.action is not Action.TRY or self.owners[lock] < 0
        if step.action is Action.RELEASE:
            self.owners[lock] = -1
        elif got:
            self.owners[lock] = thread
        self.pcs[thread] += step.on if got else step.back
        return Step(thread, step.action, lock, got, step.completes)

    def completed(self) -> tuple[int, ...]:
        return tuple(pc // len(self.phases) for pc in self.pcs)

    def standing(self) -> Standing:
        waits = {
            thread: lock
            for thread, lock in ((each, self.blocked_by(each)) for each in range(len(self.pcs)))
            if lock >= 0
        }
        cycle = _cycle({thread: self.owners[lock] for thread, lock in waits.items()})
        return Standing(
            tuple((LOCKS[lock], name(owner) if owner >= 0 else "") for lock, owner in enumerate(self.owners)),
            tuple((name(thread), LOCKS[lock]) for thread, lock in waits.items()),
            tuple(name(thread) for thread in cycle),
            tuple(name(thread) for thread in waits if thread not in cycle) if cycle else (),
        )


def _cycle(behind: dict[int, int]) -> tuple[int, ...]:
    """Return the threads of the cycle in who-waits-for-whom, from the lowest one."""
    for start in sorted(behind):
        seen = [start]
        while (following := behind.get(seen[-1])) is not None and following not in seen:
            seen.append(following)
        if following == start:
            return tuple(seen)
    return ()


def run_seed(threads: int, calls: int, variant: Variant, seed: int) -> Run:
    """Return the run that a seed draws: each step one `random()`, evenly from the enabled threads, lowest first."""
    check_size(threads, calls)
    draw = random.Random(seed).random
    machine = _Machine(threads, calls, variant)
    steps = []
    while enabled := machine.enabled():
        steps.append(machine.take(enabled[int(draw() * len(enabled))]))
    return _ended(machine, calls, variant, seed, steps)


def replay(threads: int, calls: int, variant: Variant, schedule: str) -> Run:
    """Return the run of a schedule in digits.

    Raises IllegalStepError at a step that is not enabled, and DeadlockError when the schedule stops before an end.
    """
    check_size(threads, calls)
    machine = _Machine(threads, calls, variant)
    steps = []
    for number, digit in enumerate(schedule, start=1):
        thread = ord(digit) - ord("1")
        if not 0 <= thread < threads:
            raise IllegalStepError(number, repr(digit), f"is not a thread: expected a digit from 1 to {threads}")
        if machine.done(thread):
            raise IllegalStepError(number, name(thread), f"has completed its {_counted(calls, 'call')}")
        lock = machine.blocked_by(thread)
        if lock >= 0:
            owner = name(machine.owners[lock])
            raise IllegalStepError(number, name(thread), f"cannot acquire {LOCKS[lock]}, held by {owner}")
        steps.append(machine.take(thread))
    if enabled := machine.enabled():
        can = " and ".join(name(thread) for thread in enabled)
        raise DeadlockError(
            f"schedule {schedule!r} stops after {_counted(len(schedule), 'step')}, where {can} can still step: "
            "expected it to go on to a deadlock or to the end of all calls"
        )
    return _ended(machine, calls, variant, None, steps)


def history(of: Run) -> tuple[Standing, ...]:
    """Return who owns and waits in each state of a run: before its first step, then after each."""
    machine = _Machine(of.threads, of.calls, of.variant)
    found = [machine.standing()]
    for step in of.steps:
        machine.take(step.thread)
        found.append(machine.standing())
    return tuple(found)


def refusal(of: Run, variant: Variant) -> Refusal | None:
    """Return where another variant refuses the schedule of a run, None where it does not."""
    try:
        replay(of.threads, of.calls, variant, of.schedule)
    except IllegalStepError as error:
        return Refusal(variant, error.step, error.thread, error.why)
    except DeadlockError:  # the schedule is legal there and could go on
        return None
    return None


def first_deadlocking_seed(threads: int, calls: int) -> Run:
    """Return the run of the lowest seed that deadlocks the faulty variant; at least 1 in 2 does, by the search."""
    seed = 0
    while (run := run_seed(threads, calls, Variant.FAULTY, seed)).outcome is not Outcome.DEADLOCK:
        seed += 1
    return run


def _ended(machine: _Machine, calls: int, variant: Variant, seed: int | None, steps: Sequence[Step]) -> Run:
    finished = all(machine.done(thread) for thread in range(len(machine.pcs)))
    return Run(
        len(machine.pcs),
        calls,
        variant,
        seed,
        "".join(str(step.thread + 1) for step in steps),
        tuple(steps),
        Outcome.FINISHED if finished else Outcome.DEADLOCK,
        machine.completed(),
        machine.standing(),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
