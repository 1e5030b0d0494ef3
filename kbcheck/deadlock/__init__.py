"""The simulator of Q241556, an island: it imports nothing else of kbcheck, and only the command imports it.

    options -> simulate -> Result -> text, short, json_document, html

`model` has the states, the search and the runs, `threads` real threads in a guarded child process (`victim`), `promela`
the model for SPIN, `simulation` what one call shows; `words`, `show`, `document` and `page` write it.
"""

from __future__ import annotations

from kbcheck.deadlock.document import json_document
from kbcheck.deadlock.model import DeadlockError, Variant
from kbcheck.deadlock.page import html
from kbcheck.deadlock.show import short, text
from kbcheck.deadlock.simulation import Options, Result, simulate

__all__ = ["DeadlockError", "Options", "Result", "Variant", "html", "json_document", "short", "simulate", "text"]
