"""The states of the model, and how many there are.

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
from dataclasses import dataclass
from enum import StrEnum

LOCKS = ("CS1", "CS2")
STATES_LIMIT = 1_000_000
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
