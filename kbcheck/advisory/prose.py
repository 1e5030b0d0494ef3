"""The body of a KB text as paragraphs and sentences, each with its line, and the products that sub-headings name.

Rules:
- A paragraph ends at a blank line, a heading, a list bullet or a table.
- A sub-heading (underlined with `-`), or a paragraph that is nothing but a product's name, gives the lines that the
  text below it speaks about, up to the next such heading or the next section.
- A sentence ends at a full stop before a capital; "U.S.", "No." and version numbers do not end one.
- Most paragraphs state nothing: only those are made that a reader asks for, and sub-headings only when it needs them.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from kbcheck import product
from kbcheck.article import is_rule
from kbcheck.model import Article


class Body:
    """The text of an article between the applies-to block and the trailer, to find the few lines that matter quickly.

    `lower` is that text in lower case.
    """

    def __init__(self, article: Article) -> None:
        self.lines = article.lines
        self.first, self.end = article.body
        text = "\n".join(self.lines[self.first - 1 : self.end - 1])
        self.lower = text.replace("\u0130", "I").lower()  # only this letter would become two

    def lines_with(self, words: Iterable[str], patterns: Iterable[re.Pattern[str]] = ()) -> list[int]:
        """Return the lines on which one of the lower-case `words` stands, or one of `patterns` begins to match."""
        text = self.lower
        found = []
        for word in words:
            at = text.find(word)
            while at >= 0:
                found.append(at)
                at = text.find(word, at + 1)
        for pattern in patterns:
            found += [match.start() for match in pattern.finditer(text)]
        found.sort()
        numbers: list[int] = []
        number, before = self.first, 0
        for at in found:
            breaks = text.count("\n", before, at)
            before = at
            if breaks or not numbers:
                number += breaks
                numbers.append(number)
        return numbers


@dataclass(slots=True)
class Paragraph:
    """Wrapped lines of text, `first` being the 1-based line of the first one; `text` is all of them as one line."""

    first: int
    lines: tuple[str, ...]
    text: str
    _ends: list[int] = field(default_factory=list)

    def line(self, offset: int) -> int:
        """Return the line on which the character of `text` at `offset` stands."""
        if offset == 0:
            return self.first
        if not self._ends:
            self._ends += accumulate(len(line) + 1 for line in self.lines)
        return self.first + bisect_right(self._ends, offset)


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading inside a section, its line and words, and the product lines that it consists of (() for none)."""

    line: int
    text: str
    names: tuple[str, ...]


_BULLET = re.compile(r" {0,8}(?:- |\d{1,2}\. |\* )")
_PLAIN_HEADING = re.compile(r"(?:for )?(.{3,75}?):?(?: only)?")
_SHORT_NAME = re.compile(r" \([A-Za-z]{2,6}\)(?= \d)")  # Internet Information Server (IIS) 5.0
_BESIDE = re.compile(r" with(?:out)? ")
# article.This problem was / U.S. Service Pack / (SP2). For / for NT. This / version 5.5.. This / 5.0 This problem was
# in 2.11; this problem is fixed in
# The class that it begins with is what makes it quick; what stands before is looked at after.
_SENTENCE_END = re.compile(
    r"[\s.!?](?:(?:(?<=[\w)\"'\]][.!?])|(?<=[\w)\"'\]] )[.!?])(?: ?[.!?])*[\")']?"
    r"(?:\s+(?=[\"'(\[A-Z0-9])|(?=(?:This|These|The|To|Microsoft|For|A|An) [a-z]))"
    r"|(?<=\w\s)\s*(?=This (?:problem|bug|issue|behavior) (?:was|has been) )"
    r"|(?<=;\s)(?=this problem (?:is|was|has been) (?:corrected|fixed|resolved) ))"
)
_NO_END = re.compile(
    r"(?:\b[A-WYZ]|(?<!\d\.)\bX|\bU\.S|\bNo|\bvs|\be\.g|\bi\.e|\betc|\bInc|\bCorp|\bapprox|\bv|\bver)$", re.IGNORECASE
)


def sections(article: Article) -> list[tuple[str, int, int]]:
    """Return (heading, first line, end) of what stands above the first section (heading `""`), then of each section."""
    first, end = article.body
    above = article.sections[0].line if article.sections else end
    return [("", first, above), *((each.heading, each.first, each.end) for each in article.sections)]


def sections_with(article: Article, wanted: Sequence[int]) -> Iterator[tuple[str, int, int, Sequence[int]]]:
    """Return the sections that hold some of the rising lines `wanted`, each with those it holds."""
    for heading, first, end in sections(article) if wanted else ():
        inside = wanted[bisect_left(wanted, first) : bisect_left(wanted, end)]
        if inside:
            yield heading, first, end, inside


def paragraphs(lines: Sequence[str], first: int, end: int, wanted: Iterable[int]) -> Iterator[Paragraph]:
    """Return the paragraphs of a section (see sections) that hold one of the rising lines `wanted`, no tables."""
    after = first
    for number in wanted:
        if number < after or _breaks(lines, number, first, end):
            continue
        begin = number
        while begin > first and not _is_item(lines, begin) and not _breaks(lines, begin - 1, first, end):
            begin -= 1
        after = number + 1
        while after < end and not _is_item(lines, after) and not _breaks(lines, after, first, end):
            after += 1
        stripped = tuple(map(str.strip, lines[begin - 1 : after - 1]))
        yield Paragraph(begin, stripped, " ".join(stripped))


def subheadings(lines: Sequence[str], first: int, end: int) -> Iterator[Subheading]:
    """Return what stands in a section as a heading of what follows: underlined, or nothing but a product's name."""
    for number in range(first, end):
        stripped = lines[number - 1].strip()
        if underlined(lines, number, end):
            yield Subheading(number, stripped, scope_of(stripped))
        elif 3 <= len(stripped) < 70 and not _breaks(lines, number, first, end):
            alone = number == first or _breaks(lines, number - 1, first, end) or _is_item(lines, number)
            below = number + 1 == end or _breaks(lines, number + 1, first, end) or _is_item(lines, number + 1)
            if alone and below and scope_of(stripped):
                yield Subheading(number, stripped, scope_of(stripped))


def _is_item(lines: Sequence[str], number: int) -> bool:
    line = lines[number - 1]
    if line[:1].isalpha() or _BULLET.match(line) is None:
        return False
    # "apply Service Pack" / "3. Contact ..." is a sentence's end.
    return not (line[:1].isdigit() and number > 1 and lines[number - 2].rstrip().endswith(("Service Pack", "version")))


def _breaks(lines: Sequence[str], number: int, first: int, end: int) -> bool:
    """Whether a line belongs to no paragraph: blank, of a table, a rule, a heading or its underline."""
    stripped = lines[number - 1].strip()
    if not stripped or stripped[0] in "+|":
        return True
    if stripped[0] in "-=":
        return is_rule(stripped, stripped[0], 3) or (number > first and underlined(lines, number - 1, end))
    return number + 1 < end and "--" in lines[number] and underlined(lines, number, end)


def underlined(lines: Sequence[str], number: int, end: int) -> bool:
    """Whether a line is a heading: one of as many `-` is below it."""
    if number + 1 >= end or not (under := lines[number].strip()).startswith("--"):
        return False
    text = lines[number - 1].strip()
    return len(under) == len(text) == under.count("-") and not text.startswith(("-", "|", "+"))


@functools.lru_cache(maxsize=4096)
def scope_of(heading: str) -> tuple[str, ...]:
    """Return the product lines that a heading consists of; () when it says anything else.

    `Exchange Server 5.5`, `Windows NT Server or Workstation 4.0`, `Version 5.0` (the caller completes a bare release).
    """
    match = _PLAIN_HEADING.fullmatch(heading.strip())
    if match is None:
        return ()
    # Windows 95 with Internet Explorer 4.0, Windows NT Server with RRAS Update
    words = _SHORT_NAME.sub("", match.group(1))
    rest = folded = _BESIDE.split(product.fold(words), maxsplit=1)[0]
    named: list[str] = []
    for mention in reversed(product.mentions(folded)):
        rest = rest[: mention.start] + rest[mention.end :]
        named[:0] = mention.lines
    leftover = re.sub(
        r"\b(?:for|and|or|only|server|workstation|sp ?\d|enterprise|edition|resolution|status|all|platforms?|the)\b"
        r"|[()/:;.\-]",
        "",
        rest,
    )
    return tuple(dict.fromkeys(named)) if named and not leftover.strip() else ()


def sentences(text: str) -> list[tuple[int, str]]:
    """Return the sentences of a paragraph's text, each behind its offset."""
    found = []
    begin = 0
    text += " "
    for match in _SENTENCE_END.finditer(text):
        if not _NO_END.search(text[max(begin, match.start() - 12) : match.start()]):
            found.append((begin, text[begin : match.end()].strip()))
            begin = match.end()
    found.append((begin, text[begin:].strip()))
    return [(offset, words) for offset, words in found if words]
