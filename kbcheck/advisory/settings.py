"""What must be set by hand before a correction takes effect: "after applying the fix, add the following value".

Rule: a sentence says so that names the fix, then a step, then a setting; or that says how the fix is switched on.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from kbcheck.advisory import prose
from kbcheck.model import Article, Setting

_TRIGGERS = (
    *("to activate th", "to enable th", "to turn on th"),
    *(
        f"{word} {verb}"
        for word in ("after", "once")
        for verb in ("appl", "install", "you appl", "you install", "you have")
    ),
)
# To activate this fix, you must add ...
_SWITCH = re.compile(
    r"\bto (?:activate|enable|turn on) (?:this|the) (?:fix|hotfix|feature|functionality|correction|(?:new )?behavior"
    r"|change)\b"
)
# After applying the service pack, use Registry Editor to add the following registry value; asked one after the other,
# each behind the one before, so that no text makes them slow.
_INSTALLED = re.compile(r"\b(?:after|once) (?:you |the |this |both )?(?:have )?(?:appl|install)\w*")
_STEPS = (
    re.compile(r"\b(?:fix|hotfix|service pack|update|patch|sp ?\d)\b"),
    re.compile(r"\b(?:add|create|set|modify|edit|change|enable)\b"),
    re.compile(r"\b(?:registry|value|key|parameter|entry)\b"),
)
# What may be done, or what is done when the fault shows
_OPTIONAL = re.compile(
    r"\b(?:if you|can (?:also )?(?:manually )?|when (?:you|users)|users? that|this article|disable)\b"
)
_FAR = 120  # characters between two of them


def read(article: Article, body: prose.Body) -> Setting | None:
    """Return the first sentence that tells a setting, None when none does."""
    wanted = body.lines_with(_TRIGGERS)
    for _, first, end in prose.sections(article) if wanted else ():
        inside = wanted[bisect_left(wanted, first) : bisect_left(wanted, end)]
        for paragraph in prose.paragraphs(article.lines, first, end, inside):
            for offset, words in prose.sentences(paragraph.text):
                if _tells(words.lower()):
                    return Setting(paragraph.line(offset), words[:300])
    return None


def _tells(words: str) -> bool:
    if _OPTIONAL.search(words):
        return False
    if _SWITCH.search(words):
        return True
    match = _INSTALLED.search(words)
    for step in _STEPS:
        if match is None:
            return False
        end = match.end()
        match = step.search(words, end)
        if match is not None and match.start() - end > _FAR:
            return False
    return match is not None
