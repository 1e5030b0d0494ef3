"""Hotfixes that other articles are about: "this hotfix supersedes the fix referred to in the following articles".

Rules:
- A sentence says so that ends with "in the following articles:"; the lines below it that begin with an article's number
  are the articles. They are held by the article's own fix where that is the subject; where the article says that its
  fault is corrected by the fix in them, each is a hotfix of its own fault.
- Whoever has the package has the corrections of those articles, for each product line that it is offered for; it has no
  word on files, since those of the article's table are the package's newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kbcheck.advisory import prose
from kbcheck.article import is_rule
from kbcheck.model import Article, Correction, CorrectionKind, Method

# ... in the following articles in the Microsoft Knowledge Base:
_FOLLOWING = re.compile(
    r"\b(?:in|by) the following (?:microsoft |knowledge |base |kb )*articles?(?: in the (?:microsoft )?knowledge base)?"
    r":$"
)
_TOLD = re.compile(r"\b(?:described|discussed|documented|referred to|listed|mentioned|identified|addressed) $")
# This hotfix supersedes the fix; the patch also contains fixes for the problems; Q324204 also fixes all the issues
_HOLDS = re.compile(
    r"\b(?:(?:this|the|these|a cumulative) (?:[a-z0-9-]+ ){0,4}?(?:hotfix|fix|patch|package|update|files)|q\d{5,6})\b"
    r"(?:[^.:]|\.\d){0,120}? (?:(?:supersedes?|be used to replace) (?:the|any|those) (?:hotfix|fix|patch)"
    r"|(?:includes?|contains?) (?:[a-z-]+ ){0,4}?(?:fix(?:es)?|updates|modifications|corrections)"
    r"|(?<!to )(?:corrects?|fixes|resolves?) (?:all )?(?:the|these) (?:problem|issue|bug|vulnerabilit))"
    r"[^.:]{0,90}$"
    r"|^(?:note: )?(?:these|the) files fix the problems? $"
    r"|^(?:note: )?you may experience one or more of the (?:problems|issues) $"
)
# To resolve this problem, apply the hotfix described; this fix is included with the fix; this hotfix is superseded by
# the fix
_POINTS = re.compile(
    r"\bto (?:try to )?(?:resolve|correct|work around) this (?:problem|issue),? (?:apply|install|obtain)"
    r" the (?:[a-z0-9-]+ ){0,3}?(?:hotfix|fix|patch) $"
    r"|\bthe (?:hotfix|fix|patch) that corrects this problem $"
    r"|\bthis problem (?:has been|was|is) corrected in the (?:[a-z0-9-]+ ){0,3}?(?:hotfix|fix|patch) $"
    r"|\bthis (?:hotfix|fix) is (?:included|contained|superseded) (?:(?:with|by|in) )?(?:the (?:hotfix|fix|patch) )?$"
)
# what denies it, or speaks of another fix
_OF_ANOTHER = re.compile(
    r"\b(?:introduced|that (?:hot)?fix|not|no|never|part|if|before|after|when|nothing|remove|without"
    r"|for this problem)\b"
)
_ENTRY = re.compile(r"\s{0,8}(?:ARTICLE-ID: ?)?(Q\d{5,6})\b(?!\.\w{3})")
_REACH = 300  # characters before "in the following articles"


def read(article: Article, body: prose.Body, own: Iterable[Correction], affected: Iterable[str]) -> list[Correction]:
    """Return what the hotfix of an article corrects of others, and what hotfix of others corrects its own fault.

    `own` is what the article states of itself, `affected` are the lines to speak of where it offers no hotfix.
    """
    offered = dict.fromkeys(each.product_line for each in own if each.kind is CorrectionKind.HOTFIX)
    found: dict[tuple[str, bool], tuple[int, str]] = {}
    for _, first, end, inside in prose.sections_with(article, _places(body)):
        for paragraph in prose.paragraphs(article.lines, first, end, inside):
            holds = _introduces(paragraph.text.lower())
            if holds is not None:
                for ident, number, words in _entries(article.lines, paragraph.first + len(paragraph.lines), end):
                    if ident != article.id:
                        found.setdefault((ident, holds), (number, words))
    return [
        Correction(
            ident if holds else article.id,
            name,
            None,
            CorrectionKind.HOTFIX,
            Method.ROLLUP if holds else Method.SENTENCE,
            article.id,
            number,
            words,
        )
        for (ident, holds), (number, words) in found.items()
        for name in (offered if holds else offered or dict.fromkeys(affected))
    ]


def _places(body: prose.Body) -> list[int]:
    """Return the lines on which "in the following" stands or ends; most articles say "see the following article"."""
    found: dict[int, None] = {}
    text = body.lower
    at = text.find("following") if "fix" in text or "patch" in text else -1
    number, counted = body.first, 0
    while at >= 0:
        before = text[max(at - 24, 0) : at].split()
        if before[-1:] == ["the"] and before[-2:-1] in (["in"], ["by"]):
            number, counted = number + text.count("\n", counted, at), at
            found[number] = None
        at = text.find("following", at + 1)
    return list(found)


def _introduces(text: str) -> bool | None:
    """Return whether the articles that follow are held by the own fix (True), or hold it (False); None for neither."""
    following = _FOLLOWING.search(text[-_REACH:])
    if following is None:
        return None
    before = text[-_REACH:][: following.start()]
    told = _TOLD.search(before)
    words = re.sub(r"(?: (?:that|which))?(?: (?:is|are))? $", " ", before[: told.start()] if told else before)
    if _POINTS.search(words):
        return False
    sentence = re.split(r"[.:] ", words)[-1]
    return True if told and _HOLDS.search(words) and _OF_ANOTHER.search(sentence) is None else None


def _entries(lines: Sequence[str], number: int, end: int) -> Iterator[tuple[str, int, str]]:
    """Return (id, line, words) of the entries that begin at a line, up to the first text that is none."""
    open_ = False  # an entry may go on in the next lines
    for at in range(number, end):
        text = lines[at - 1]
        entry = _ENTRY.match(text)
        if entry is not None:
            yield entry.group(1), at, text.strip()
            open_ = True
        elif not text.strip():
            open_ = False
        elif not open_ or is_rule(text.strip(), "-", 3):
            return
