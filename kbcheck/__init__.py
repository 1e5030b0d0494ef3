"""kbcheck: which servers are still exposed to which published fault, with the evidence."""

import gc

__version__ = "0.1.0"


class KbcheckError(Exception):
    """What a user must know and can mend: the input or the place where kbcheck works cannot be used."""


def collect_rarely() -> None:
    """Let Python look for cyclic garbage rarely: rows and nouns come by the million, and hardly ever in a cycle."""
    gc.set_threshold(1_000_000, 20, 100)
