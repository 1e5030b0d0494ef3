"""The model of Q241556: its states, every interleaving of them, single runs, and the law of "after some time".

Rules. Each thread makes a number of calls. A call is a few atomic steps on two locks; odd threads take CS1, then CS2
(path A), even threads CS2, then CS1 (path B). A thread is an integer, its program counter:

    faulty, fixed   0 acquire first, 1 acquire second, 2 release second, 3 release first; pc = 4 * call + phase
    trylock         0 acquire first, 1 try second (free: 2, held: 4), 2 release second, 3 release first,
                    4 release first and begin the same call again; pc = 5 * call + phase

`fixed` is `faulty` with path A for all. A step is enabled unless its thread is done or it acquires a held lock: waiting
is not a step, it is read off the state. Everything else (who owns, who waits, what can happen) follows from the program
counters, so a state is those and nothing more.

The article gives the cycle. The paths and the two corrections are this model's.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

LOCKS = ("CS1", "CS2")
STATES_LIMIT = 1_000_000
RUNS_LIMIT = 1_000_000
MAX_THREADS = 9  # a schedule is written with one digit for a thread
MAX_CALLS = 1_000_000  # far past what is searched; it keeps the closed forms short


class DeadlockError(Exception):
    """A request that the simulator cannot meet; the message says what was expected."""


class TooLargeError(DeadlockError):
    """A size whose search would visit more than STATES_LIMIT states."""


class IllegalStepError(DeadlockError):
    """A step of a schedule that cannot be taken: `step` (1-based), `thread`, `why`."""

    def __init__(self, step: int, thread: str, why: str) -> None:
        super().__init__(f"schedule, step {step}: {thread} {why}")
        self.step = step
        self.thread = thread
        self.why = why


class Variant(StrEnum):
    """How the two locks are taken."""

    FAULTY = "faulty"
    FIXED = "fixed"
    TRYLOCK = "trylock"


class Outcome(StrEnum):
    """How a run ended."""

    DEADLOCK = "deadlock"
    FINISHED = "finished"


class Action(StrEnum):
    """What a step does with its lock."""

    ACQUIRE = "acquire"
    TRY = "try"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class _Phase:
    """A step of a call: on the path's lock `which`, while the path's locks `holds` are held; `on` and `back` move pc.

    `back` is the move when the lock is held by another: 0 where the step is not enabled then.
    """

    action: Action
    which: int
    holds: tuple[int, ...]
    on: int = 1
    back: int = 0
    completes: bool = False


_BLOCKING = (
    _Phase(Action.ACQUIRE, 0, ()),
    _Phase(Action.ACQUIRE, 1, (0,)),
    _Phase(Action.RELEASE, 1, (0, 1)),
    _Phase(Action.RELEASE, 0, (0,), completes=True),
)
_TRYLOCK = (
    _Phase(Action.ACQUIRE, 0, ()),
    _Phase(Action.TRY, 1, (0,), back=3),
    _Phase(Action.RELEASE, 1, (0, 1)),
    _Phase(Action.RELEASE, 0, (0,), on=2, completes=True),
    _Phase(Action.RELEASE, 0, (0,), on=-4),
)


def phases(variant: Variant) -> tuple[_Phase, ...]:
    """Return the steps of one call."""
    return _TRYLOCK if variant is Variant.TRYLOCK else _BLOCKING


def path(variant: Variant, thread: int) -> tuple[int, int]:
    """Return the locks of a thread (0-based) in the order in which it takes them, as indexes into LOCKS."""
    return (0, 1) if thread % 2 == 0 or variant is Variant.FIXED else (1, 0)


def name(thread: int) -> str:
    """Return the name of a thread (0-based): T1 for 0."""
    return f"T{thread + 1}"


# --- how large --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the closed forms say; `schedules` is None where no closed form is known, or there is no end to them."""

    states: int
    transitions: int
    deadlocked_states: int
    schedules: int | None


def predict(threads: int, calls: int, variant: Variant) -> Prediction:
    """Return the closed forms of a size."""
    n, k = threads, calls
    x = (k + 1) ** n
    y = n * k * (k + 1) ** (n - 1)
    z = ((n + 1) // 2) * (n // 2) * k**2 * (k + 1) ** (n - 2)
    if variant is Variant.FAULTY:
        return Prediction(x + 3 * y + 3 * z, 4 * y + 6 * z, z, None)
    if variant is Variant.FIXED:
        # Too many digits to be of use for a size that is not searched
        counted = x + 3 * y <= STATES_LIMIT
        return Prediction(x + 3 * y, 4 * y, 0, math.factorial(n * k) // math.factorial(k) ** n if counted else None)
    return Prediction(x + 4 * y + 8 * z, 5 * y + 22 * z, 0, None)


def check_size(threads: int, calls: int) -> None:
    """Raise DeadlockError unless a run of this size can be written down."""
    if not 2 <= threads <= MAX_THREADS:
        raise DeadlockError(f"{threads} threads: expected 2 to {MAX_THREADS}")
    if not 1 <= calls <= MAX_CALLS:
        raise DeadlockError(f"{calls} calls: expected 1 to {MAX_CALLS:,}")


def check_searchable(threads: int, calls: int, variant: Variant) -> None:
    """Raise TooLargeError when the closed form predicts more states than are searched."""
    states = predict(threads, calls, variant).states
    if states > STATES_LIMIT:
        raise TooLargeError(
            f"{threads} threads x {calls} calls, {variant}: {states:,} states predicted, "
            f"more than the {STATES_LIMIT:,} that are searched; take fewer threads or calls"
        )


# --- every interleaving -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """What the search of every interleaving found; `schedules` is None where there is no end to them (livelock).

    `p_deadlock` is the chance of a deadlock when each step is drawn evenly from the enabled threads. `shortest` is the
    first of the shortest deadlocking schedules in the order of digits, "" for none.
    """

    threads: int
    calls: int
    variant: Variant
    states: int
    transitions: int
    deadlocked_states: int
    schedules: int | None
    deadlocking_schedules: int
    p_deadlock: Fraction
    shortest: str

    @property
    def deadlock_free(self) -> bool:
        """Whether no interleaving ends in a deadlock."""
        return self.deadlocked_states == 0


def search(threads: int, calls: int, variant: Variant) -> Search:
    """Visit every reachable state and return what was found; raises TooLargeError before it begins."""
    check_size(threads, calls)
    check_searchable(threads, calls, variant)
    found = (_search_cyclic if variant is Variant.TRYLOCK else _search_forward)(_Tables(threads, calls, variant))
    expected = predict(threads, calls, variant)
    assert (found.states, found.transitions, found.deadlocked_states) == (
        expected.states,
        expected.transitions,
        expected.deadlocked_states,
    ), "search and closed forms disagree"
    return found


class _Tables:
    """A state as one integer, `bits` for each thread, and what a thread at each pc holds, needs and does.

    `rows` has for each thread (shift, held, needs, moves): `held[pc]` a mask of locks, `needs[pc]` the mask that makes
    the step not enabled (DONE is always set), `moves[pc]` (mask tested, add when free, add when held, completes).
    """

    DONE = 1 << len(LOCKS)

    def __init__(self, threads: int, calls: int, variant: Variant) -> None:
        self.threads, self.calls, self.variant = threads, calls, variant
        steps = phases(variant)
        self.last = len(steps) * calls
        self.bits = self.last.bit_length()
        self.mask = (1 << self.bits) - 1
        self.rows = []
        for thread in range(threads):
            shift = thread * self.bits
            locks = [1 << lock for lock in path(variant, thread)]
            held, needs, moves = [], [], []
            for pc in range(self.last):
                step = steps[pc % len(steps)]
                lock = locks[step.which]
                held.append(sum(locks[index] for index in step.holds))
                needs.append(lock if step.action is Action.ACQUIRE else 0)
                tested = lock if step.action is Action.TRY else 0
                moves.append((tested, step.on * (1 << shift), step.back * (1 << shift), step.completes))
            self.rows.append((shift, [*held, 0], [*needs, self.DONE], moves))
        self.final = sum(self.last << row[0] for row in self.rows)


def _search_forward(of: _Tables) -> Search:
    """Search where each step adds 1 to one pc: level by level, a level holding all states of the same sum.

    For each state of the level the schedules that lead to it are counted, and its chance is kept as an integer over
    lcm(1..n) ** level: no fraction is reduced before the end.
    """
    mask = of.mask
    unit = math.lcm(*range(1, of.threads + 1))
    share = [0, *(unit // enabled for enabled in range(1, of.threads + 1))]
    rows = [(shift, 1 << shift, held, needs) for shift, held, needs, _ in of.rows]
    states = transitions = deadlocked = deadlocking = finishing = 0
    chance = finished = 0
    first = -1
    level = 0
    ways: dict[int, int] = {0: 1}
    weights: dict[int, int] = {0: 1}
    while ways:
        states += len(ways)
        chance *= unit
        finished *= unit
        next_ways: dict[int, int] = {}
        next_weights: dict[int, int] = {}
        for state, count in ways.items():
            taken = of.DONE
            for shift, _, held, _ in rows:
                taken |= held[state >> shift & mask]
            enabled = [one for shift, one, _, needs in rows if not needs[state >> shift & mask] & taken]
            if enabled:
                transitions += len(enabled)
                weight = weights[state] * share[len(enabled)]
                for one in enabled:
                    target = state + one
                    if target in next_ways:
                        next_ways[target] += count
                        next_weights[target] += weight
                    else:
                        next_ways[target] = count
                        next_weights[target] = weight
            elif state == of.final:
                finishing += count
                finished += weights[state]
            else:
                deadlocked += 1
                deadlocking += count
                chance += weights[state]
                first = level if first < 0 else first
        ways, weights = next_ways, next_weights
        level += 1
    whole = unit ** (level - 1)
    assert chance + finished == whole, "the chances do not add up to 1"
    return Search(
        of.threads,
        of.calls,
        of.variant,
        states,
        transitions,
        deadlocked,
        finishing + deadlocking,
        deadlocking,
        Fraction(chance, whole),
        _shortest(of, first) if first >= 0 else "",
    )


def _search_cyclic(of: _Tables) -> Search:
    """Search where a call can begin again: level by level, a level holding all states of as many completed calls.

    Inside a level there are cycles, so schedules have no end and are not counted; no step leads back to a lower level.
    A deadlock has no chance only because none is found: one that was found would need the cycles solved.
    """
    mask = of.mask
    states = transitions = deadlocked = 0
    level = {0}
    while level:
        states += len(level)
        above: set[int] = set()
        frontier = list(level)
        while frontier:
            state = frontier.pop()
            taken = of.DONE
            for shift, held, _, _ in of.rows:
                taken |= held[state >> shift & mask]
            stuck = True
            for shift, _, needs, moves in of.rows:
                pc = state >> shift & mask
                if needs[pc] & taken:
                    continue
                stuck = False
                transitions += 1
                tested, free, back, completes = moves[pc]
                target = state + (back if tested & taken else free)
                if completes:
                    above.add(target)
                elif target not in level:
                    level.add(target)
                    states += 1
                    frontier.append(target)
            if stuck and state != of.final:
                deadlocked += 1
        level = above
    assert deadlocked == 0, "trylock deadlocks: its chance would have to be solved for"
    return Search(of.threads, of.calls, of.variant, states, transitions, 0, None, 0, Fraction(0), "")


def _shortest(of: _Tables, steps: int) -> str:
    """Return the first schedule of `steps` steps, in the order of digits, that ends in a deadlock."""
    level = {0: ""}
    for _ in range(steps):
        above: dict[int, str] = {}
        for state, digits in sorted(level.items(), key=lambda item: item[1]):
            for thread in _enabled(of, state):
                above.setdefault(state + (1 << of.rows[thread][0]), f"{digits}{thread + 1}")
        level = above
    return min(digits for state, digits in level.items() if state != of.final and not _enabled(of, state))


def _enabled(of: _Tables, state: int) -> list[int]:
    pcs = [state >> row[0] & of.mask for row in of.rows]
    taken = of.DONE
    for row, pc in zip(of.rows, pcs, strict=True):
        taken |= row[1][pc]
    return [thread for thread, pc in enumerate(pcs) if not of.rows[thread][2][pc] & taken]


# --- one run ----------------------------------------------------------------------------------------------------------


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


# --- after some time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Law:
    """The calls that two threads complete before the deadlock, when there is no end to the calls they make.

    `p` is the chance that the running thread is preempted before a step; 1/2 is the scheduler that draws evenly.
    P(0) = p, P(c) = 2p(1-p)^2 (1-2p+2p^2)^(c-1); summed, P(more than c) = (1-p) (1-2p+2p^2)^c.
    """

    p: Fraction

    def __post_init__(self) -> None:
        if not 0 < self.p < 1:
            raise DeadlockError(f"p = {self.p}: expected a chance above 0 and below 1")

    @property
    def _again(self) -> Fraction:
        return 1 - 2 * self.p + 2 * self.p**2

    @property
    def mean(self) -> Fraction:
        """The mean number of calls."""
        return 1 / (2 * self.p)

    def chance(self, calls: int) -> Fraction:
        """Return the chance of exactly so many calls."""
        if calls == 0:
            return self.p
        return 2 * self.p * (1 - self.p) ** 2 * self._again ** (calls - 1)

    def beyond(self, calls: int) -> Fraction:
        """Return the chance of more than so many calls."""
        return (1 - self.p) * self._again**calls

    def quantile(self, q: Fraction) -> int:
        """Return the least number of calls within which the deadlock comes with a chance of at least `q`."""
        if not 0 < q < 1:
            raise DeadlockError(f"q = {q}: expected a chance above 0 and below 1")
        if self.p >= q:
            return 0
        # Logarithms find the place ...
        near = math.log((1 - q) / (1 - self.p)) / math.log1p(float(self._again - 1))
        if abs(near - round(near)) > 1e-9 * max(1.0, near):
            return math.ceil(near)
        # ... and fractions decide where they come too near to a whole number
        least = max(round(near) - 1, 0)
        while self.beyond(least) > 1 - q:
            least += 1
        return least


@dataclass(frozen=True, slots=True)
class Histogram:
    """The calls completed before the deadlock in `runs` seeded runs, seeds from `first_seed` on: (calls, runs) rows."""

    runs: int
    first_seed: int
    observed: tuple[tuple[int, int], ...]
    law: Law

    @property
    def mean(self) -> float:
        """The mean number of calls observed."""
        return sum(calls * count for calls, count in self.observed) / self.runs


def histogram(runs: int, first_seed: int = 0) -> Histogram:
    """Return how often each number of calls was completed: 2 threads, no end of calls, drawn evenly."""
    if not 1 <= runs <= RUNS_LIMIT:
        raise DeadlockError(f"{runs} runs: expected 1 to {RUNS_LIMIT:,}")
    counts = Counter(_calls_until_deadlock(seed) for seed in range(first_seed, first_seed + runs))
    return Histogram(runs, first_seed, tuple(sorted(counts.items())), Law(Fraction(1, 2)))


def _calls_until_deadlock(seed: int) -> int:
    """Return the calls completed by a seeded run of 2 threads that call for ever.

    A thread between calls is at 0, else at 1 to 3. Two threads away from 0 exclude each other, but for 1 and 1: that is
    the deadlock, and it is the only way in which both can hold a lock.
    """
    draw = random.Random(seed).random
    calls = 0
    at = [0, 0]
    while at != [1, 1]:
        enabled = [thread for thread in (0, 1) if _free(at[thread], at[1 - thread])]
        thread = enabled[int(draw() * len(enabled))]
        at[thread] = (at[thread] + 1) % len(_BLOCKING)
        calls += at[thread] == 0
    return calls


def _free(mine: int, other: int) -> bool:
    """Whether a thread at `mine` can step while the other, of the opposite path, is at `other`."""
    if mine == 0:  # acquires the lock that is the other's second: held at 2 only
        return other != 2
    if mine == 1:  # acquires the lock that is the other's first: held from 1 to 3
        return other == 0
    return True


# --- numbers ----------------------------------------------------------------------------------------------------------


def about(chance: Fraction) -> str:
    """Return a chance as a short decimal that is never rounded up to 1 or down to 0: `0.84375`, `1 - 8.4e-17`."""
    rest = 1 - chance
    if chance in (0, 1):
        return str(chance)
    if rest < Fraction(1, 1_000_000):
        return f"1 - {_two_digits(rest)}"
    if chance < Fraction(1, 1_000_000):
        return _two_digits(chance)
    # Cut, not rounded: 0.999999999 must not become 1
    return f"0.{int(chance * 10**8):08d}".rstrip("0")


def _two_digits(small: Fraction) -> str:
    """Return a small fraction with two digits, also where it is too small for a float."""
    return f"{Decimal(small.numerator) / Decimal(small.denominator):.1e}"
