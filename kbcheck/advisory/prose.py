"""The body of a KB text as paragraphs and sentences, each with its line and the product that a sub-heading names.

Rules:
- A paragraph ends at a blank line, a heading, a list bullet or a table.
- A sub-heading (underlined with `-`), or a paragraph that is nothing but a product's name, gives the lines that the
  text below it speaks about, up to the next such heading or the next section.
- A sentence ends at a full stop before a capital; "U.S.", "No." and version numbers do not end one.
"""

from __future__ import annotations

import bisect
import functools
import re
from dataclasses import dataclass

from kbcheck import product
from kbcheck.article import is_rule
from kbcheck.model import Article


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Wrapped lines of text: the section (`""` above the first), the sub-heading's words, its product lines.

    `numbers` holds the 1-based line of each element of `lines`.
    """

    section: str
    subheading: str
    scope: tuple[str, ...]
    lines: tuple[str, ...]
    numbers: tuple[int, ...]

    @property
    def text(self) -> str:
        """The paragraph as one line."""
        return " ".join(line.strip() for line in self.lines)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, its first line, and its text folded for the patterns (see product.fold)."""

    text: str
    folded: str
    line: int


_BULLET = re.compile(r" {0,8}(?:- |\d{1,2}\. |\* )")
_PLAIN_HEADING = re.compile(r"(?:for )?(.{3,60}?):?(?: only)?")
# article.This problem was / U.S. Service Pack / (SP2). For / for NT. This / version 5.5.. This / 5.0 This problem was
# The class that it begins with is what makes it quick; what stands before is looked at after.
_SENTENCE_END = re.compile(
    r"[\s.!?](?:(?:(?<=[\w)\"'\]][.!?])|(?<=[\w)\"'\]] )[.!?])(?: ?[.!?])*[\")']?"
    r"(?:\s+(?=[\"'(\[A-Z0-9])|(?=(?:This|These|The|To|Microsoft|For|A|An) [a-z]))"
    r"|(?<=\w\s)\s*(?=This (?:problem|bug|issue|behavior) (?:was|has been) ))"
)
_NO_END = re.compile(
    r"(?:\b[A-Z]|\bU\.S|\bNo|\bvs|\be\.g|\bi\.e|\betc|\bInc|\bCorp|\bapprox|\bv|\bver)$", re.IGNORECASE
)


def sections(article: Article) -> list[tuple[str, int, int]]:
    """Return (heading, first line, end) of what stands above the first section (heading `""`), then of each section."""
    first, end = article.body
    above = article.sections[0].line if article.sections else end
    return [("", first, above), *((each.heading, each.first, each.end) for each in article.sections)]


def paragraphs(article: Article, section: str, first: int, end: int) -> list[Paragraph]:
    """Return the paragraphs of one section (see sections) in order, tables left out."""
    lines = article.lines
    found: list[Paragraph] = []
    subheading = ""
    scope: tuple[str, ...] = ()
    texts: list[str] = []
    numbers: list[int] = []

    def close() -> None:
        nonlocal scope, subheading
        if not texts:
            return
        if len(texts) == 1:
            named = scope_of(texts[0])
            if named and len(texts[0].strip()) < 70:
                scope, subheading = named, texts[0].strip()
        found.append(Paragraph(section, subheading, scope, tuple(texts), tuple(numbers)))
        texts.clear()
        numbers.clear()

    number = first
    while number < end:
        line = lines[number - 1]
        stripped = line.strip()
        if not stripped or stripped[0] in "+|":
            close()
        elif number + 1 < end and lines[number].lstrip()[:2] == "--" and _underlined(stripped, lines[number]):
            close()
            named = scope_of(stripped)
            if named:
                scope = named
            subheading = stripped
            number += 2
            continue
        elif stripped[0] in "-=" and is_rule(stripped, stripped[0], 3):
            close()
        else:
            if texts and _BULLET.match(line):
                close()
            texts.append(line)
            numbers.append(number)
        number += 1
    close()
    return found


@functools.lru_cache(maxsize=4096)
def scope_of(heading: str) -> tuple[str, ...]:
    """Return the product lines that a heading consists of; () when it says anything else.

    `Exchange Server 5.5`, `Windows NT Server or Workstation 4.0`, `Version 5.0` (the caller completes a bare release).
    """
    match = _PLAIN_HEADING.fullmatch(heading.strip())
    if match is None:
        return ()
    folded = product.fold(match.group(1))
    rest = folded
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


def _underlined(stripped: str, under: str) -> bool:
    under = under.strip()
    return (
        under.startswith("--")
        and len(under) == len(stripped)
        and under.count("-") == len(under)
        and not stripped.startswith(("-", "|"))
    )


def sentences(paragraph: Paragraph) -> list[Sentence]:
    """Return the paragraph's sentences."""
    text = ""
    starts: list[tuple[int, int]] = []
    for line, number in zip(paragraph.lines, paragraph.numbers, strict=True):
        starts.append((len(text), number))
        text += line.strip() + " "
    found = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        if _NO_END.search(text[max(begin, match.start() - 12) : match.start()]):
            continue
        found.append((begin, match.end()))
        begin = match.end()
    found.append((begin, len(text)))
    result = []
    offsets = [offset for offset, _ in starts]
    for start, stop in found:
        words = text[start:stop].strip()
        if words:
            position = bisect.bisect_right(offsets, start) - 1
            result.append(Sentence(words, product.fold(words), starts[position][1]))
    return result
