"""kbcheck: which servers are still exposed to which published fault, with the evidence."""

import gc

__version__ = "0.1.0"


class KbcheckError(Exception):
    """What a user must know and can mend: the input or the place where kbcheck works cannot be used."""


class SelectionError(KbcheckError):
    """What was asked for cannot be judged, or was not: an article that is not stored, a product that no host has."""


def collect_rarely() -> None:
    """Let Python look for cyclic garbage rarely: rows and nouns come by the million, and hardly ever in a cycle."""
    gc.set_threshold(1_000_000, 20, 100)
