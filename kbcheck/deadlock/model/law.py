"""The law of "after some time": how many calls pass until the deadlock, and runs counted beside it."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from kbcheck.deadlock.model.states import DeadlockError, Variant, phases

RUNS_LIMIT = 1_000_000


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
    draw, steps = random.Random(seed).random, len(phases(Variant.FAULTY))
    calls = 0
    at = [0, 0]
    while at != [1, 1]:
        enabled = [thread for thread in (0, 1) if _free(at[thread], at[1 - thread])]
        thread = enabled[int(draw() * len(enabled))]
        at[thread] = (at[thread] + 1) % steps
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
