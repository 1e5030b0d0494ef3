"""kbcheck: which servers are still exposed to which published fault, with the evidence."""

__version__ = "0.1.0"
