"""The model of Q241556: its states, every interleaving of them, single runs, and the law of "after some time"."""

from __future__ import annotations

from kbcheck.deadlock.model.interleavings import Search, search
from kbcheck.deadlock.model.law import Histogram, Law, about, histogram
from kbcheck.deadlock.model.runs import (
    Refusal,
    Run,
    Standing,
    Step,
    first_deadlocking_seed,
    history,
    refusal,
    replay,
    run_seed,
)
from kbcheck.deadlock.model.states import (
    LOCKS,
    Action,
    DeadlockError,
    IllegalStepError,
    Outcome,
    Prediction,
    TooLargeError,
    Variant,
    check_searchable,
    check_size,
    name,
    path,
    phases,
    predict,
)

__all__ = [
    "LOCKS",
    "Action",
    "DeadlockError",
    "Histogram",
    "IllegalStepError",
    "Law",
    "Outcome",
    "Prediction",
    "Refusal",
    "Run",
    "Search",
    "Standing",
    "Step",
    "TooLargeError",
    "Variant",
    "about",
    "check_searchable",
    "check_size",
    "first_deadlocking_seed",
    "histogram",
    "history",
    "name",
    "path",
    "phases",
    "predict",
    "refusal",
    "replay",
    "run_seed",
    "search",
]
