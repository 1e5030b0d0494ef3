"""What one call of the simulator shows: options in, everything that the writers need out, and the exit code.

Rules. The search and the real threads decide the code; a single run only illustrates, since a run of the faulty variant
may well end without a deadlock. Only one of runs, locks and promela is shown, and then nothing is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kbcheck.deadlock import model, promela, threads
from kbcheck.deadlock.model import DeadlockError, Histogram, Outcome, Refusal, Run, Search, Variant
from kbcheck.deadlock.threads import Observed, ThreadsRun

CONFIRMED = "confirmed"
PRINTED = "printed"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for. `variant` None: faulty against fixed. `limit` in seconds, for each run of real threads."""

    threads: int = 2
    calls: int = 3
    variant: Variant | None = None
    seed: int | None = None
    schedule: str | None = None
    runs: int | None = None
    locks: bool = False
    promela: bool = False
    no_threads: bool = False
    limit: float = 10.0

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants that are shown."""
        return (Variant.FAULTY, Variant.FIXED) if self.variant is None else (self.variant,)


@dataclass(frozen=True, slots=True)
class Result:
    """What was found. `result` is "confirmed", "printed" where nothing is judged, or what was not; `code` 0 or 1.

    `host`, `judged_by`: a host that this is shown for ("" for none) and the fact that told its variant, or why it is
    not known when `options.variant` is None.
    """

    options: Options
    proof: tuple[Search, ...] = ()
    run: Run | None = None
    refusal: Refusal | None = None
    threads_run: tuple[ThreadsRun, ...] = ()
    histogram: Histogram | None = None
    promela: str = ""
    result: str = CONFIRMED
    code: int = 0
    host: str = ""
    judged_by: str = ""


def simulate(options: Options) -> Result:
    """Return what the options ask for; raises DeadlockError for a request that cannot be met, before any work."""
    _check(options)
    if options.runs is not None:
        drawn = model.histogram(options.runs, 0 if options.seed is None else options.seed)
        return Result(options, histogram=drawn, result=PRINTED)
    shown = options.variants[0]
    if options.promela:
        text = promela.model_text(options.threads, options.calls, shown)
        return Result(options, promela=text, result=PRINTED)
    run = _run(options, shown)
    if options.locks:
        return Result(options, run=run, result=PRINTED)
    proof = tuple(model.search(options.threads, options.calls, variant) for variant in options.variants)
    deadlocked = run.outcome is Outcome.DEADLOCK
    refusal = model.refusal(run, Variant.FIXED) if deadlocked and Variant.FIXED in options.variants else None
    observed = () if options.no_threads else tuple(_observe(options, variant) for variant in options.variants)
    missing = [*not_proved(proof), *not_observed(observed, options.limit)]
    if deadlocked and Variant.FIXED in options.variants and refusal is None:
        missing.append("the fixed variant does not refuse the schedule that deadlocks")
    return Result(
        options, proof, run, refusal, observed, result="; ".join(missing) or CONFIRMED, code=1 if missing else 0
    )


def _check(options: Options) -> None:
    exclusive = (
        [
            ("--seed", options.seed is not None),
            ("--schedule", options.schedule is not None),
        ],
        [
            ("--runs", options.runs is not None),
            ("--locks", options.locks),
            ("--promela", options.promela),
        ],
    )
    for group in exclusive:
        given = [flag for flag, used in group if used]
        if len(given) > 1:
            raise DeadlockError(f"{' and '.join(given)} exclude each other: expected one of them")
    model.check_size(options.threads, options.calls)
    threads.check_limit(options.limit)
    if options.runs is None:
        for variant in options.variants:
            model.check_searchable(options.threads, options.calls, variant)
        return
    if options.threads != 2 or options.variant not in (None, Variant.FAULTY):
        raise DeadlockError("--runs counts calls until the deadlock of 2 threads: expected 2 threads, variant faulty")
    if options.schedule is not None:
        raise DeadlockError("--runs draws its schedules: expected --seed for the first of them, or nothing")


def _run(options: Options, variant: Variant) -> Run:
    """Return the run to show: the schedule given, the seed given, else the lowest seed that shows the fault."""
    if options.schedule is not None:
        return model.replay(options.threads, options.calls, variant, options.schedule)
    if options.seed is not None or variant is not Variant.FAULTY:
        return model.run_seed(options.threads, options.calls, variant, options.seed or 0)
    return model.first_deadlocking_seed(options.threads, options.calls)


def _observe(options: Options, variant: Variant) -> ThreadsRun:
    # A schedule with a try is not one that the blocking variants can follow, nor the other way round
    follow = options.schedule if options.schedule is not None and variant is not Variant.TRYLOCK else ""
    return threads.observe(variant, options.threads, limit=options.limit, schedule=follow)


def not_proved(proof: Sequence[Search]) -> list[str]:
    """Return what the search of each variant should have shown and did not."""
    missing = []
    for search in proof:
        if search.variant is Variant.FAULTY and search.deadlock_free:
            missing.append("the search found no deadlock in the faulty variant")
        if search.variant is not Variant.FAULTY and not search.deadlock_free:
            missing.append(f"the search found a deadlock in the {search.variant} variant")
    return missing


def not_observed(observed: Sequence[ThreadsRun], limit: float) -> list[str]:
    """Return what the real threads of each variant should have shown and did not."""
    missing = []
    for run in observed:
        wanted = Observed.DEADLOCK if run.variant is Variant.FAULTY else Observed.FINISHED
        if run.outcome is Observed.FAILED:
            missing.append(f"{run.variant}, real threads: {run.problem}")
        elif run.outcome is Observed.NOT_REPRODUCED:
            missing.append(f"real threads did not reproduce the fault within {limit:g} s")
        elif run.outcome is not wanted:
            missing.append(f"real threads of the {run.variant} variant: {run.outcome}")
    return missing
