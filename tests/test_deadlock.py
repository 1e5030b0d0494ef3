"""The model: every reference number, the laws, replay, what a state says, and SPIN as an independent judge."""

import functools
import json
import math
import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbcheck import deadlock
from kbcheck.deadlock import model, promela, simulation
from kbcheck.deadlock.model import DeadlockError, IllegalStepError, Law, Outcome, TooLargeError, Variant, interleavings

ORACLE = Path(__file__).parents[2] / "shared" / "oracle" / "deadlock.json"
SCHEMA = Path(__file__).parent.parent / "kbcheck" / "schemas" / "deadlock-1.json"

# fmt: off
# threads, calls, variant, states, transitions, deadlocked states, schedules, deadlocking schedules, P
ROWS: list[tuple[int, int, str, int, int, int, str | None, str, str]] = [
    (2, 1, "faulty", 19, 22, 1, "6", "2", "1/2"),
    (2, 1, "fixed", 16, 16, 0, "2", "0", "0"),
    (2, 2, "faulty", 57, 72, 4, "48", "20", "27/32"),
    (2, 2, "fixed", 45, 48, 0, "6", "0", "0"),
    (2, 3, "faulty", 115, 150, 9, "370", "158", "1951/2048"),
    (2, 3, "fixed", 88, 96, 0, "20", "0", "0"),
    (2, 10, "faulty", 1081, 1480, 100, "1010291008", "432981860", "4503560928547401/4503599627370496"),
    (2, 10, "fixed", 781, 880, 0, "184756", "0", "0"),
    (3, 1, "faulty", 56, 72, 4, "26", "10", "13/18"),
    (3, 1, "fixed", 44, 48, 0, "6", "0", "0"),
    (3, 2, "faulty", 261, 360, 24, "1162", "466", "829/864"),
    (3, 2, "fixed", 189, 216, 0, "90", "0", "0"),
    (3, 3, "faulty", 712, 1008, 72, "62014", "24574", "3847060571/3869835264"),
    (3, 3, "fixed", 496, 576, 0, "1680", "0", "0"),
    (3, 10, "faulty", 18821, 27720, 2200, "328081886406761542", "127424558334172726",
     "10463510365351118069269456572643202137608365/10463510478998672094480749996152012350160896"),
    (3, 10, "fixed", 12221, 14520, 0, "5550996791340", "0", "0"),
    (4, 1, "faulty", 160, 224, 16, "192", "80", "74/81"),
    (4, 1, "fixed", 112, 128, 0, "24", "0", "0"),
    (4, 2, "faulty", 1161, 1728, 144, "103352", "43016", "203607709/204073344"),
    (4, 2, "fixed", 729, 864, 0, "2520", "0", "0"),
    (4, 3, "faulty", 4288, 6528, 576, "76705040", "31753040", "2741972518142935/2742118830047232"),
    (4, 3, "fixed", 2560, 3072, 0, "369600", "0", "0"),
    (4, 10, "faulty", 319561, 503360, 48400, "83059198738661343711200462840", "34084845170403570647674100024",
     "694746371036514249910756226470094975680955678989979360748091292123/694746371036514308018209471701334159511575085430227577330978521088"),
    (4, 10, "fixed", 174361, 212960, 0, "4705360871073570227520", "0", "0"),
    (2, 1, "trylock", 28, 42, 0, None, "0", "0"),
    (2, 2, "trylock", 89, 148, 0, None, "0", "0"),
    (2, 3, "trylock", 184, 318, 0, None, "0", "0"),
    (2, 10, "trylock", 1801, 3300, 0, None, "0", "0"),
    (3, 1, "trylock", 88, 148, 0, None, "0", "0"),
    (3, 2, "trylock", 435, 798, 0, None, "0", "0"),
    (3, 3, "trylock", 1216, 2304, 0, None, "0", "0"),
    (3, 10, "trylock", 33451, 66550, 0, None, "0", "0"),
    (4, 1, "trylock", 272, 512, 0, None, "0", "0"),
    (4, 2, "trylock", 2097, 4248, 0, None, "0", "0"),
    (4, 3, "trylock", 7936, 16512, 0, None, "0", "0"),
    (4, 10, "trylock", 614801, 1331000, 0, None, "0", "0"),
]
# threads, calls, variant, seed, completed calls, schedule
SEEDS: list[tuple[int, int, str, int, tuple[int, ...], str]] = [
    (2, 1, "faulty", 0, (1, 1), "22212111"),
    (2, 1, "fixed", 0, (1, 1), "22221111"),
    (2, 1, "faulty", 2, (1, 1), "22212111"),
    (2, 1, "fixed", 2, (1, 1), "22221111"),
    (2, 1, "faulty", 4, (1, 1), "11112222"),
    (2, 1, "fixed", 4, (1, 1), "11112222"),
    (2, 1, "faulty", 6, (1, 1), "22212111"),
    (2, 1, "faulty", 8, (0, 0), "12"),
    (2, 1, "faulty", 10, (0, 0), "21"),
    (2, 1, "faulty", 12, (0, 0), "12"),
    (2, 1, "faulty", 14, (0, 0), "12"),
    (2, 1, "faulty", 16, (1, 1), "11112222"),
    (2, 1, "faulty", 18, (0, 0), "12"),
    (2, 2, "faulty", 0, (1, 1), "2221211112"),
    (2, 2, "fixed", 0, (2, 2), "2222222211111111"),
    (2, 2, "faulty", 2, (0, 1), "222122"),
    (2, 2, "fixed", 2, (2, 2), "2222222211111111"),
    (2, 2, "faulty", 4, (2, 2), "1111111212222222"),
    (2, 2, "fixed", 4, (2, 2), "1111111122222222"),
    (2, 2, "faulty", 6, (0, 1), "222122"),
    (2, 2, "faulty", 8, (0, 0), "12"),
    (2, 2, "faulty", 10, (0, 0), "21"),
    (2, 2, "faulty", 12, (0, 0), "12"),
    (2, 2, "faulty", 14, (0, 0), "12"),
    (2, 2, "faulty", 16, (1, 0), "111112"),
    (2, 2, "faulty", 18, (0, 0), "12"),
    (2, 10, "faulty", 0, (1, 1), "2221211112"),
    (2, 10, "fixed", 0, (10, 10), "22222222111111112222111111112222111122221111111111111111111122222222222222222222"),
    (2, 10, "faulty", 2, (0, 1), "222122"),
    (2, 10, "fixed", 2, (10, 10), "22222222222211112222111111111111222222222222222211112222222211111111111111111111"),
    (2, 10, "faulty", 4, (2, 0), "1111111211"),
    (2, 10, "fixed", 4, (10, 10), "11111111222211112222111122222222222222222222111111111111111111112222222211112222"),
    (2, 10, "faulty", 6, (0, 1), "222122"),
    (2, 10, "faulty", 8, (0, 0), "12"),
    (2, 10, "faulty", 10, (0, 0), "21"),
    (2, 10, "faulty", 12, (0, 0), "12"),
    (2, 10, "faulty", 14, (0, 0), "12"),
    (2, 10, "faulty", 16, (1, 0), "111112"),
    (2, 10, "faulty", 18, (0, 0), "12"),
    (3, 10, "faulty", 0, (0, 1, 1), "3332322122"),
    (3, 10, "fixed", 0, (10, 10, 10),
     "3333222222221111333311112222333311113333111111111111111111113333222222222222333333333333333322223333"
     "22221111222211112222"),
    (3, 10, "faulty", 2, (0, 0, 1), "333233"),
    (3, 10, "fixed", 2, (10, 10, 10),
     "3333333322222222333311112222111122223333333333332222222233333333333333332222111122222222222211111111"
     "11111111111111111111"),
    (3, 10, "faulty", 4, (2, 0, 0), "1111111211"),
    (3, 10, "fixed", 4, (10, 10, 10),
     "1111111133331111333311113333222233333333222211111111222222222222333333331111333311112222111122221111"
     "22222222333322223333"),
    (3, 10, "faulty", 6, (0, 1, 2), "33323223233332"),
    (3, 10, "faulty", 8, (0, 0, 0), "12"),
    (3, 10, "faulty", 10, (0, 1, 0), "222122"),
    (3, 10, "faulty", 12, (2, 2, 0), "222121121222111213"),
    (3, 10, "faulty", 14, (0, 0, 0), "12"),
    (3, 10, "faulty", 16, (1, 2, 0), "22222222111132"),
    (3, 10, "faulty", 18, (0, 0, 0), "12"),
    (4, 10, "faulty", 0, (0, 0, 0, 1), "444142"),
    (4, 10, "fixed", 0, (10, 10, 10, 10),
     "4444333322222222444422222222444422223333111122221111111111114444333333333333444444443333444422224444"
     "333311114444111133333333111111111111111133332222444422222222"),
    (4, 10, "faulty", 2, (0, 0, 0, 1), "444144"),
    (4, 10, "fixed", 2, (10, 10, 10, 10),
     "4444444433332222444411112222111133334444444444442222333344443333333344443333222233334444333311111111"
     "111111111111111144442222111133332222111133332222222222222222"),
    (4, 10, "faulty", 4, (1, 0, 0, 0), "111112"),
    (4, 10, "fixed", 4, (10, 10, 10, 10),
     "1111111144441111444422224444333344444444333311111111222222222222444444441111444411112222222222221111"
     "222211113333111144442222222233333333444433333333333333333333"),
    (4, 10, "faulty", 6, (0, 0, 0, 1), "444142"),
    (4, 10, "faulty", 8, (0, 0, 0, 0), "14"),
    (4, 10, "faulty", 10, (0, 0, 1, 0), "333233"),
    (4, 10, "faulty", 12, (0, 1, 0, 0), "222122"),
    (4, 10, "faulty", 14, (0, 0, 0, 0), "14"),
    (4, 10, "faulty", 16, (1, 2, 0, 0), "22222222111132"),
    (4, 10, "faulty", 18, (0, 0, 0, 0), "12"),
]
# fmt: on

SIZES = st.tuples(st.integers(2, 4), st.integers(1, 4))
VARIANTS = st.sampled_from(list(Variant))
BLOCKING = st.sampled_from([Variant.FAULTY, Variant.FIXED])

searched = functools.cache(model.search)  # the largest sizes take seconds when coverage is measured


# --- the reference numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}x{row[1]}-{row[2]}")
def test_search_gives_the_reference_row(row: tuple[int, int, str, int, int, int, str | None, str, str]) -> None:
    n, k, variant, states, transitions, deadlocked, schedules, deadlocking, chance = row
    found = searched(n, k, Variant(variant))
    assert (found.states, found.transitions, found.deadlocked_states) == (states, transitions, deadlocked)
    assert found.schedules == (None if schedules is None else int(schedules))
    assert found.deadlocking_schedules == int(deadlocking)
    assert found.p_deadlock == Fraction(chance)
    assert found.shortest == ("12" if deadlocked else "")


@pytest.mark.parametrize("row", SEEDS, ids=lambda row: f"{row[0]}x{row[1]}-{row[2]}-{row[3]}")
def test_a_seed_draws_the_reference_run(row: tuple[int, int, str, int, tuple[int, ...], str]) -> None:
    n, k, variant, seed, calls, schedule = row
    run = model.run_seed(n, k, Variant(variant), seed)
    assert run.schedule == schedule
    assert run.completed_calls == calls
    assert run.outcome == (Outcome.FINISHED if calls == (k,) * n else Outcome.DEADLOCK)


@pytest.mark.skipif(not ORACLE.exists(), reason="the reference file is not beside this tree")
def test_the_tables_above_are_the_reference_file() -> None:
    oracle = json.loads(ORACLE.read_text(encoding="utf-8"))
    keys = ("n", "k", "variant", "states", "transitions", "deadlocked_states", "schedules", "deadlocking_schedules")
    assert [(*(row[key] for key in keys), row["p_deadlock_random"]) for row in oracle["rows"]] == ROWS
    keys = ("n", "k", "variant", "seed")
    assert [(*(row[key] for key in keys), tuple(row["calls"]), row["schedule"]) for row in oracle["seeds"]] == SEEDS
    for row in oracle["rows"]:
        size = model.predict(row["n"], row["k"], Variant(row["variant"]))
        assert row["spin"]["stored"] == size.states
        assert row["spin"]["transitions"] == size.transitions + 1
        assert row["spin"]["errors"] == size.deadlocked_states
        if row.get("shortest_deadlock_steps"):
            found = searched(row["n"], row["k"], Variant(row["variant"]))
            assert len(found.shortest) == row["shortest_deadlock_steps"]
            assert found.shortest == "".join(map(str, row["shortest_deadlock_lexmin"]))
            assert row["shortest_deadlock_count"] == 2 * math.ceil(row["n"] / 2) * (row["n"] // 2)
    for row in oracle["seeds"]:
        run = model.run_seed(row["n"], row["k"], Variant(row["variant"]), row["seed"])
        assert (len(run.steps), run.outcome is Outcome.DEADLOCK) == (row["steps"], row["deadlock"])


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the peak differs")
@pytest.mark.parametrize("variant", list(Variant))
def test_the_largest_size_is_searched_in_little_memory(variant: Variant) -> None:
    """A whole process, Python included, stays under 50 MB. A fresh one, since a peak is inherited."""
    code = (
        "import sys; from kbcheck.deadlock import model; model.search(4, 10, model.Variant(sys.argv[1])); "
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, variant], capture_output=True, text=True, check=True)
    kilobytes = int(done.stdout.split()[1])
    assert kilobytes < 50_000


# --- closed forms and sizes -------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(SIZES, VARIANTS)
def test_closed_forms_are_what_the_search_finds(size: tuple[int, int], variant: Variant) -> None:
    found, predicted = model.search(*size, variant), model.predict(*size, variant)
    assert (found.states, found.transitions) == (predicted.states, predicted.transitions)
    assert found.deadlocked_states == predicted.deadlocked_states
    if variant is Variant.FIXED:
        assert found.schedules == predicted.schedules
    else:
        assert predicted.schedules is None
    assert found.deadlock_free == (variant is not Variant.FAULTY)


@pytest.mark.parametrize("variant", list(Variant))
def test_more_threads_than_the_command_needs(variant: Variant) -> None:
    """The tables and digits go to 9 threads; the search asserts its own closed forms."""
    for threads, calls in ((5, 2), (6, 1), (9, 1)):
        assert model.search(threads, calls, variant).deadlock_free == (variant is not Variant.FAULTY)


def test_a_size_too_large_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in ("_search_forward", "_search_cyclic"):
        monkeypatch.delattr(interleavings, function)
    expected = (
        "5 threads x 10 calls, faulty: 4,753,001 states predicted, more than the 1,000,000 that are searched; "
        "take fewer threads or calls"
    )
    assert model.predict(5, 10, Variant.FAULTY).states == 4_753_001
    with pytest.raises(TooLargeError, match=re.escape(expected)):
        model.search(5, 10, Variant.FAULTY)
    with pytest.raises(TooLargeError):
        deadlock.simulate(deadlock.Options(threads=5, calls=10))
    with pytest.raises(TooLargeError):
        deadlock.simulate(deadlock.Options(threads=9, calls=1_000_000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (deadlock.Options(threads=1), "1 threads: expected 2 to 9"),
        (deadlock.Options(threads=10), "10 threads: expected 2 to 9"),
        (deadlock.Options(calls=0), "0 calls: expected 1 to 1,000,000"),
        (deadlock.Options(seed=1, schedule="12"), "--seed and --schedule exclude each other"),
        (deadlock.Options(runs=9, locks=True), "--runs and --locks exclude each other"),
        (deadlock.Options(runs=0), "0 runs: expected 1 to 1,000,000"),
        (deadlock.Options(runs=10**7), "10000000 runs: expected 1 to 1,000,000"),
        (deadlock.Options(runs=9, threads=3), "expected 2 threads, variant faulty"),
        (deadlock.Options(runs=9, variant=Variant.FIXED), "expected 2 threads, variant faulty"),
        (deadlock.Options(runs=9, schedule="12"), "--runs draws its schedules"),
        (deadlock.Options(limit=0.0), "a limit of 0.0 seconds: expected more than 0"),
        (deadlock.Options(limit=math.nan), "a limit of nan seconds"),
        (deadlock.Options(limit=math.inf), "at most 3600"),
    ],
)
def test_what_cannot_be_met_is_refused(options: deadlock.Options, message: str) -> None:
    with pytest.raises(DeadlockError, match=re.escape(message)):
        deadlock.simulate(options)


# --- one run ----------------------------------------------------------------------------------------------------------


@given(SIZES, VARIANTS, st.integers(-(2**40), 2**40))
def test_a_drawn_run_is_legal_when_replayed(size: tuple[int, int], variant: Variant, seed: int) -> None:
    drawn = model.run_seed(*size, variant, seed)
    again = model.replay(*size, variant, drawn.schedule)
    assert (again.steps, again.outcome, again.standing) == (drawn.steps, drawn.outcome, drawn.standing)
    assert (drawn.seed, again.seed) == (seed, None)
    if variant is not Variant.FAULTY:
        assert drawn.outcome is Outcome.FINISHED


@given(SIZES, BLOCKING, st.integers(0, 10**6))
def test_what_a_state_says_follows_from_what_was_done(size: tuple[int, int], variant: Variant, seed: int) -> None:
    """Locks by hand: owned by whoever acquired and did not release; nobody takes what is owned."""
    run = model.run_seed(*size, variant, seed)
    owners = {"CS1": "", "CS2": ""}
    states = model.history(run)
    for step, before in zip(run.steps, states, strict=False):
        assert dict(before.owners) == owners
        thread, lock = model.name(step.thread), model.LOCKS[step.lock]
        assert thread not in dict(before.waits)
        assert owners[lock] == ("" if step.action is model.Action.ACQUIRE else thread)
        owners[lock] = thread if step.action is model.Action.ACQUIRE else ""
    assert states[-1] == run.standing
    assert sum(step.completes for step in run.steps) == sum(run.completed_calls)
    standing = run.standing
    if run.outcome is Outcome.FINISHED:
        assert (standing.waits, standing.cycle, standing.bystanders) == ((), (), ())
        return
    one, two = standing.cycle
    assert dict(standing.owners) == {dict(standing.waits)[two]: one, dict(standing.waits)[one]: two}
    unfinished = {model.name(i) for i, calls in enumerate(run.completed_calls) if calls < size[1]}
    assert {*standing.cycle, *standing.bystanders} == set(dict(standing.waits)) == unfinished
    assert not set(standing.cycle) & set(standing.bystanders)


@given(SIZES, VARIANTS, st.integers(0, 10**6))
def test_digits_at_random_are_a_run_or_our_error(size: tuple[int, int], variant: Variant, seed: int) -> None:
    draw = random.Random(seed)
    schedule = "".join(draw.choice("1234") for _ in range(draw.randrange(40)))
    ends = set()
    try:
        ends.add(model.replay(*size, variant, schedule).schedule)
    except IllegalStepError as error:
        ends.add(schedule if 1 <= error.step <= len(schedule) else str(error))
    except DeadlockError as error:
        ends.add(schedule if "can still step" in str(error) else str(error))
    assert ends == {schedule}


@pytest.mark.parametrize(
    ("variant", "schedule", "message"),
    [
        ("faulty", "11212", "schedule, step 3: T2 cannot acquire CS2, held by T1"),
        ("faulty", "121", "schedule, step 3: T1 cannot acquire CS2, held by T2"),
        ("faulty", "11111", "schedule, step 5: T1 has completed its 1 call"),
        ("faulty", "13", "schedule, step 2: '3' is not a thread: expected a digit from 1 to 2"),
        ("faulty", "1\u0661", "step 2: '\u0661' is not a thread"),
        ("faulty", "0", "step 1: '0' is not a thread"),
        ("fixed", "12", "schedule, step 2: T2 cannot acquire CS1, held by T1"),
        ("faulty", "111", "schedule '111' stops after 3 steps, where T1 and T2 can still step"),
        ("faulty", "", "schedule '' stops after 0 steps"),
        ("trylock", "1212", "stops after 4 steps"),
    ],
)
def test_an_illegal_schedule_is_refused_with_its_step(variant: str, schedule: str, message: str) -> None:
    with pytest.raises(DeadlockError, match=re.escape(message)):
        model.replay(2, 1, Variant(variant), schedule)


def test_the_fixed_variant_refuses_every_deadlock() -> None:
    """A schedule that deadlocks the paths of opposite order takes both first locks: one order refuses the second."""
    for seed in range(200):
        run = model.run_seed(3, 3, Variant.FAULTY, seed)
        if run.outcome is Outcome.DEADLOCK:
            refused = model.refusal(run, Variant.FIXED)
            assert refused is not None
            assert "cannot acquire CS1" in refused.why
            assert refused.step <= len(run.schedule)
    finished = model.run_seed(2, 1, Variant.FAULTY, 4)
    assert (finished.schedule, model.refusal(finished, Variant.FIXED)) == ("11112222", None)
    stuck = model.replay(2, 1, Variant.FAULTY, "12")
    assert model.refusal(stuck, Variant.TRYLOCK) is None, "it takes these steps too, and goes on"


def test_without_a_seed_the_first_that_shows_the_fault_is_taken() -> None:
    for threads, calls in ((2, 1), (2, 3), (4, 2)):
        run = model.first_deadlocking_seed(threads, calls)
        assert run.outcome is Outcome.DEADLOCK
        assert run.seed is not None
        earlier = [model.run_seed(threads, calls, Variant.FAULTY, seed) for seed in range(run.seed)]
        assert all(each.outcome is Outcome.FINISHED for each in earlier)


# --- after some time --------------------------------------------------------------------------------------------------


@given(st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000))
def test_the_law_is_a_law(p: Fraction) -> None:
    law = Law(p)
    chances = [law.chance(calls) for calls in range(30)]
    assert chances[0] == p
    for calls in range(30):
        assert sum(chances[: calls + 1]) + law.beyond(calls) == 1
    # The mean is the sum of the tails, a geometric series
    ratio = law.beyond(1) / law.beyond(0)
    assert law.mean == law.beyond(0) / (1 - ratio) == 1 / (2 * p)
    for q in (Fraction(1, 2), Fraction(9, 10)):
        least = law.quantile(q)
        if least < 2000:
            assert 1 - law.beyond(least) >= q
            assert least == 0 or 1 - law.beyond(least - 1) < q


def test_the_law_at_the_rates_of_the_page() -> None:
    rare, even = Law(Fraction(1, 10_000)), Law(Fraction(1, 2))
    assert (rare.quantile(Fraction(1, 2)), rare.quantile(Fraction(9, 10)), rare.mean) == (3466, 11_513, 5000)
    assert [even.chance(calls) for calls in range(4)] == [Fraction(1, 2 << calls) for calls in range(4)]
    # Where the chance is met exactly: 1/2 at 0, 3/4 at 1, 7/8 at 2
    assert [even.quantile(1 - Fraction(1, 2 << calls)) for calls in range(20)] == list(range(20))
    for p in (Fraction(0), Fraction(1)):
        with pytest.raises(DeadlockError, match="expected a chance above 0 and below 1"):
            Law(p)
    with pytest.raises(DeadlockError, match="q = 1"):
        even.quantile(Fraction(1))


def test_the_histogram_counts_runs_of_the_model() -> None:
    """The short loop of the histogram draws the same runs as the model with more calls than any run completes."""
    drawn = model.histogram(300, first_seed=7)
    runs = [model.run_seed(2, 400, Variant.FAULTY, seed) for seed in range(7, 307)]
    assert all(run.outcome is Outcome.DEADLOCK for run in runs)
    calls = [sum(run.completed_calls) for run in runs]
    assert drawn.observed == tuple((each, calls.count(each)) for each in sorted(set(calls)))
    assert drawn.mean == sum(calls) / 300


def test_the_histogram_follows_the_law() -> None:
    """Seeded, so not a matter of luck: each count is within 5 standard deviations of what is expected."""
    drawn = model.histogram(20_000)
    observed = dict(drawn.observed)
    assert sum(observed.values()) == 20_000
    for calls in range(8):
        chance = float(drawn.law.chance(calls))
        assert abs(observed[calls] - 20_000 * chance) < 5 * math.sqrt(20_000 * chance * (1 - chance))


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1), "1"),
        (Fraction(1, 2), "0.5"),
        (Fraction(27, 32), "0.84375"),
        (Fraction(2741972518142935, 2742118830047232), "0.99994664"),
        (1 - Fraction(1, 10**9), "1 - 1.0e-9"),
        (1 - Fraction(997, 10**12), "1 - 1.0e-9"),
        (1 - Fraction(1, 3 * 10**400), "1 - 3.3e-401"),
        (Fraction(1, 10**9), "1.0e-9"),
        (Fraction(999_999_999, 10**9), "1 - 1.0e-9"),
    ],
)
def test_a_chance_is_never_rounded_to_1_or_0(chance: Fraction, text: str) -> None:
    assert model.about(chance) == text


# --- SPIN -------------------------------------------------------------------------------------------------------------

needs_spin = pytest.mark.skipif(
    shutil.which("spin") is None or shutil.which("gcc") is None, reason="SPIN, or the C compiler it needs, is missing"
)
SPIN_SIZES = [(2, 10), (3, 3), (4, 2)]


@needs_spin
@pytest.mark.parametrize("variant", list(Variant))
@pytest.mark.parametrize(("threads", "calls"), SPIN_SIZES, ids=lambda number: str(number))
def test_spin_counts_the_same(tmp_path: Path, threads: int, calls: int, variant: Variant) -> None:
    (tmp_path / "model.pml").write_text(promela.model_text(threads, calls, variant), encoding="ascii")
    done = subprocess.run(promela.COMMAND.split(), cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    found = model.search(threads, calls, variant)
    assert re.search(rf"^\s*{found.states} states, stored", done.stdout, re.MULTILINE), done.stdout
    assert re.search(rf"^\s*{found.transitions + 1} transitions", done.stdout, re.MULTILINE)
    assert f"errors: {found.deadlocked_states}\n" in done.stdout
    assert "too small" not in done.stdout


def test_the_promela_model_says_what_to_expect() -> None:
    result = deadlock.simulate(deadlock.Options(promela=True, threads=4, calls=10, variant=Variant.TRYLOCK))
    assert (result.code, result.result) == (0, "printed")
    assert deadlock.text(result) == result.promela
    assert "Expected: 614801 states stored, 1331001 transitions, errors: 0." in result.promela
    assert "-m1000000 model.pml" in result.promela
    assert "int call" in promela.model_text(2, 300, Variant.FAULTY)
    assert result.promela.count("active proctype") == 4


# --- what one call shows ----------------------------------------------------------------------------------------------


def _document(**options: Any) -> dict[str, Any]:
    document = deadlock.json_document(deadlock.simulate(deadlock.Options(no_threads=True, **options)))
    text = json.dumps(document)
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_the_document_without_threads() -> None:
    document = _document()
    assert document["proof"][0] == {
        "variant": "faulty",
        "states": 115,
        "transitions": 150,
        "deadlocked_states": 9,
        "schedules": "370",
        "deadlocking_schedules": "158",
        "p_deadlock": "1951/2048",
        "p_deadlock_about": "0.95263671",
        "shortest": "12",
        "verdict": "deadlock-possible",
    }
    assert document["run"] == {
        "variant": "faulty",
        "seed": 0,
        "schedule": "2221211112",
        "outcome": "deadlock",
        "completed_calls": [1, 1],
        "owners": {"CS1": "T1", "CS2": "T2"},
        "waits": {"T1": "CS2", "T2": "CS1"},
        "cycle": ["T1", "T2"],
        "bystanders": [],
    }
    refused = {"variant": "fixed", "step": 4, "thread": "T1", "why": "cannot acquire CS1, held by T2"}
    assert document["refused"] == refused
    assert "threads_run" not in document
    assert document["result"] == "confirmed"
    assert document == _document()


def test_the_document_of_each_variant() -> None:
    trylock = _document(variant=Variant.TRYLOCK)
    assert [each["variant"] for each in trylock["proof"]] == ["trylock"]
    assert trylock["proof"][0]["schedules"] is None
    assert trylock["proof"][0]["deadlocking_schedules"] == "0"
    assert trylock["proof"][0]["p_deadlock"] == "0"
    assert trylock["run"]["outcome"] == "finished"
    assert "refused" not in trylock
    fixed = _document(variant=Variant.FIXED, seed=2, calls=2)
    assert (fixed["run"]["schedule"], fixed["proof"][0]["shortest"]) == ("2222222211111111", None)
    assert fixed["run"]["owners"] == {"CS1": None, "CS2": None}
    assert fixed["result"] == trylock["result"] == "confirmed"


def test_a_chance_near_1_stays_below_it() -> None:
    result = simulation.Result(deadlock.Options(threads=4, calls=10), (searched(4, 10, Variant.FAULTY),))
    largest = deadlock.json_document(result)["proof"][0]
    assert largest["p_deadlock"].startswith("694746371036514249910756")
    assert largest["p_deadlock_about"] == "1 - 8.4e-17"
    assert largest["schedules"] == "83059198738661343711200462840"


def test_bystanders_are_apart_from_the_cycle() -> None:
    run = _document(threads=4, schedule="34")["run"]
    assert (run["seed"], run["cycle"], run["bystanders"]) == (None, ["T3", "T4"], ["T1", "T2"])
    assert run["waits"] == {"T1": "CS1", "T2": "CS2", "T3": "CS2", "T4": "CS1"}


def test_a_run_that_gets_away_does_not_decide() -> None:
    result = deadlock.simulate(deadlock.Options(no_threads=True, calls=1, schedule="11112222"))
    assert result.run is not None
    assert result.run.outcome is Outcome.FINISHED
    assert (result.refusal, result.code, result.result) == (None, 0, "confirmed")


def test_the_document_of_runs_and_locks() -> None:
    runs = _document(runs=200, seed=5)["runs"]
    assert sum(row["observed"] for row in runs["histogram"]) == runs["count"] == 200
    assert runs["histogram"][1]["chance"] == "1/4"
    assert runs["laws"] == [
        {"p": "1/2", "mean": "1", "quantiles": {"1/2": 0, "9/10": 3}},
        {"p": "1/10000", "mean": "5000", "quantiles": {"1/2": 3466, "9/10": 11513}},
    ]
    locks = _document(locks=True)["locks"]
    assert [(each["critical_section"], each["lock_count"], each["owning_thread"]) for each in locks] == [
        ("sim!CS1+0", 1, 1),
        ("sim!CS2+0", 1, 2),
    ]
    assert _document(locks=True, variant=Variant.FIXED)["locks"] == []
    assert "proctype" in _document(promela=True)["promela"]


def test_what_the_search_does_not_show_is_not_confirmed() -> None:
    deadlocks, free = model.search(2, 1, Variant.FAULTY), model.search(2, 1, Variant.FIXED)
    assert simulation.not_proved([deadlocks, free]) == []
    assert simulation.not_proved(
        [replace(free, variant=Variant.FAULTY), replace(deadlocks, variant=Variant.FIXED)]
    ) == [
        "the search found no deadlock in the faulty variant",
        "the search found a deadlock in the fixed variant",
    ]
