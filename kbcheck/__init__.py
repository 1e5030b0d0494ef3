"""kbcheck: which servers are still exposed to which published fault, with the evidence."""

__version__ = "0.1.0"


class KbcheckError(Exception):
    """What a user must know and can mend: the input or the place where kbcheck works cannot be used."""
