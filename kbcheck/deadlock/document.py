"""A result as the JSON document `kbcheck.deadlock/1`; the schema ships in `kbcheck/schemas`.

Rules. Counts that can pass 2**53 and fractions are strings, so that no reader rounds them. Without `threads_run` the
document is the same, byte for byte, from run to run.
"""

from __future__ import annotations

from typing import Any

from kbcheck.deadlock import model
from kbcheck.deadlock.model import LOCKS, Histogram, Law, Run, Search, Variant
from kbcheck.deadlock.simulation import Result
from kbcheck.deadlock.threads import ThreadsRun
from kbcheck.deadlock.words import FIX_MODEL, QUANTILES, RARE, critical_sections


def json_document(result: Result) -> dict[str, Any]:
    """Return the document; parts that were not asked for are left out."""
    options = result.options
    document: dict[str, Any] = {
        "schema": "kbcheck.deadlock/1",
        "threads": options.threads,
        "calls": options.calls,
        "fix_model": FIX_MODEL,
    }
    if result.host:
        document["host"] = {"name": result.host, "variant": options.variant, "judged_by": result.judged_by}
    document["proof"] = [_search(search) for search in result.proof]
    if result.run is not None:
        document["run"] = _run(result.run)
    if result.refusal is not None:
        refusal = result.refusal
        document["refused"] = {
            "variant": refusal.variant,
            "step": refusal.step,
            "thread": refusal.thread,
            "why": refusal.why,
        }
    if result.threads_run:
        document["threads_run"] = [_threads_run(run) for run in result.threads_run]
    if result.histogram is not None:
        document["runs"] = _histogram(result.histogram)
    if options.locks and result.run is not None:
        document["locks"] = [
            {
                "critical_section": section.symbol,
                "lock_count": section.lock_count,
                "recursion_count": section.recursion_count,
                "owning_thread": section.owning_thread,
                "entry_count": section.entry_count,
                "contention_count": section.contention_count,
                "simulated": True,
            }
            for section in critical_sections(result.run)
        ]
    if result.promela:
        document["promela"] = result.promela
    document["result"] = result.result
    return document


def verdict(search: Search) -> str:
    """Return what the search proves of a variant, in one word."""
    return "deadlock-free" if search.deadlock_free else "deadlock-possible"


def _search(search: Search) -> dict[str, Any]:
    return {
        "variant": search.variant,
        "states": search.states,
        "transitions": search.transitions,
        "deadlocked_states": search.deadlocked_states,
        "schedules": None if search.schedules is None else str(search.schedules),
        "deadlocking_schedules": str(search.deadlocking_schedules),
        "p_deadlock": str(search.p_deadlock),
        "p_deadlock_about": model.about(search.p_deadlock),
        "shortest": search.shortest or None,
        "verdict": verdict(search),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "variant": run.variant,
        "seed": run.seed,
        "schedule": run.schedule,
        "outcome": run.outcome,
        "completed_calls": list(run.completed_calls),
        "owners": {lock: owner or None for lock, owner in run.standing.owners},
        "waits": dict(run.standing.waits),
        "cycle": list(run.standing.cycle),
        "bystanders": list(run.standing.bystanders),
    }


def _threads_run(run: ThreadsRun) -> dict[str, Any]:
    return {
        "variant": run.variant,
        "outcome": run.outcome,
        "schedule": run.schedule or None,
        "calls": run.calls,
        "seconds": run.seconds,
        "owners": dict(run.owners) if run.owners else dict.fromkeys(LOCKS),
        "stacks": {
            thread: [
                {"function": frame.function, "file": frame.file, "line": frame.line, "text": frame.text}
                for frame in frames
            ]
            for thread, frames in run.stacks
        },
        "cpu_seconds_idle_window": run.cpu_seconds,
        "problem": run.problem or None,
    }


def _histogram(drawn: Histogram) -> dict[str, Any]:
    last = drawn.observed[-1][0]
    observed = dict(drawn.observed)
    return {
        "variant": Variant.FAULTY,
        "count": drawn.runs,
        "first_seed": drawn.first_seed,
        "histogram": [
            {"calls": calls, "observed": observed.get(calls, 0), "chance": str(drawn.law.chance(calls))}
            for calls in range(last + 1)
        ],
        "laws": [_law(law) for law in (drawn.law, Law(RARE))],
    }


def _law(law: Law) -> dict[str, Any]:
    return {
        "p": str(law.p),
        "mean": str(law.mean),
        "quantiles": {str(q): law.quantile(q) for q in QUANTILES},
    }
