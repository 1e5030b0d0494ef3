"""Making foreign text safe for the place where it is shown."""

from __future__ import annotations

import re

# C0 and C1 controls, and the marks that reverse or hide text
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
# what marks text up, and what some make a link of: http://, www., name@
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
_FORMULA = re.compile(r"^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # the full-width ones too


def clean(text: str) -> str:
    """Return `text` on one line without control characters, for a terminal."""
    return _CONTROL.sub(lambda match: " " if match.group() in "\t\n\r" else "\ufffd", text)


def markdown(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", clean(text))


def spreadsheet(text: str) -> str:
    """Return `text` so that a spreadsheet takes it for text and not for a formula."""
    return f"'{text}" if _FORMULA.match(text) or text[:1] in ("\t", "\r") else text


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` characters, cut at the end with `...`."""
    return text if len(text) <= width else text[: max(width - 3, 1)].rstrip() + "..."


def cited(source: str, line: int) -> str:
    """Return where an article says something: `Q241556:39`, `Q222970` where it is no line of its text."""
    return f"{source}:{line}" if line else source
