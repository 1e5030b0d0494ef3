"""Every interleaving of the threads' steps: what can happen, how often, and the shortest way into the deadlock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from kbcheck.deadlock.model.states import (
    LOCKS,
    Action,
    Variant,
    check_searchable,
    check_size,
    path,
    phases,
    predict,
)


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
