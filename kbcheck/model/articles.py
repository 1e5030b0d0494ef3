"""What articles say: their layout, their meaning, and what all of them together say about one fault."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

HOTFIX_ONLY = "hotfix only"
UNSPECIFIED = "SP (unspecified)"


_POINTED = re.compile(r"(?:ARTICLE-ID: ?)?(Q\d{5,6})\b")


class Word(StrEnum):
    """A member is its word: as a key it is found as quickly."""

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not understood: the line (0 when it has none) and what was expected."""

    line: int
    message: str
    kind: str = "other"


class AppliesTo(NamedTuple):
    """One item of the applies-to block; level 0 for ` - `, 1 and more for nested items."""

    level: int
    text: str
    line: int


class Section(NamedTuple):
    """A heading underlined with `=`, and the body lines below it up to the next such heading.

    `first` and `end` are 1-based line numbers of the text, end exclusive.
    """

    heading: str
    line: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """One KB text: its layout, with the line of everything; what the words mean is not its concern.

    `text` is decoded, with LF line ends; `lines` are its lines, `lines[0]` being line 1. `body` is (first, end) of the
    lines between the applies-to block and the trailer, end exclusive. `trailer` keeps the order of the text.
    """

    id: str
    date: datetime.date
    category: str
    title: str
    product: str
    prod_ver: str
    oper_sys: str
    keywords_header: str
    keywords: tuple[str, ...]
    trailer: tuple[tuple[str, str, int], ...]
    applies_to: tuple[AppliesTo, ...]
    sections: tuple[Section, ...]
    query_words: str | None
    body: tuple[int, int]
    text: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    digest: str = field(repr=False)
    problems: tuple[Problem, ...] = ()

    def trailer_value(self, name: str) -> str:
        """Return the trailer's value under `name`, "" when the article has no such line."""
        return next((value for key, value, _ in self.trailer if key == name), "")

    def trailer_line(self, name: str) -> int:
        """Return the line of the trailer's entry `name`, 0 when the article has no such line."""
        return next((line for key, _, line in self.trailer if key == name), 0)


@dataclass(frozen=True, slots=True)
class Affected:
    """A product line, and the level of it that the article names (None: no level named)."""

    product_line: str
    level: str | None
    line: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file at a version, verbatim; `build` is the version as integers, empty where it is no usable version."""

    file: str
    version: str | None
    build: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FixedFile:
    """One row of a table introduced as the fix; cells verbatim, None where the table has none.

    `product_line` is the line whose fault the row corrects; None where the row belongs to no known line. `build` is
    the version as integers under that line, empty where the version cannot be used to judge a host.
    """

    file: str
    version: str | None
    component: str | None = None
    product: str | None = None
    platform: str | None = None
    language: str | None = None
    date: str | None = None
    size: str | None = None
    line: int = 0
    product_line: str | None = None
    build: tuple[int, ...] = ()


class CorrectionKind(Word):
    """What corrects a fault: a named service pack, a release, a hotfix, or "the latest service pack"."""

    SERVICE_PACK = "service-pack"
    RELEASE = "release"
    HOTFIX = "hotfix"
    UNNAMED = "service-pack-unnamed"


class Method(Word):
    """How a correction was stated; the order of worth is knowledge.py's."""

    OVERRIDE = "override"
    SENTENCE = "sentence"
    FIX_LIST = "fix-list"
    ROLLUP = "rollup"
    KEYWORD = "keyword"
    FILE_TABLE = "file-table"
    INCLUDED = "included"


@dataclass(frozen=True, slots=True)
class Correction:
    """`source` states that `subject`'s fault is corrected for `product_line` at `level` (or by a hotfix).

    One fact with one source: article, line, words. `order` counts a rollup's blocks from the oldest (0). `requires` is
    the level that a hotfix needs first.
    """

    subject: str
    product_line: str
    level: str | None
    kind: CorrectionKind
    method: Method
    source: str
    line: int
    text: str
    files: tuple[FileVersion, ...] = ()
    released: datetime.date | None = None
    order: int = 0
    requires: str | None = None

    @property
    def before(self) -> str | None:
        """The service pack before which a hotfix came, by its keyword: `SP5` of kbExchange550preSP5fix."""
        match = re.search(r"presp(\d)", self.text.lower()) if self.method is Method.KEYWORD else None
        return f"SP{match.group(1)}" if match is not None else None

    @property
    def hotfix(self) -> str:
        """The article under whose number the hotfix is claimed: the one to which a sentence points, else the source."""
        points = self.method is Method.SENTENCE and self.kind is CorrectionKind.HOTFIX
        match = _POINTED.match(self.text) if points else None
        return match.group(1) if match is not None else self.source


@dataclass(frozen=True, slots=True)
class Setting:
    """What the article wants set by hand once the correction is installed, so that it takes effect: line, words."""

    line: int
    text: str


class Kind(Word):
    """What sort of article it is."""

    BUG = "bug"
    FEATURE = "feature"
    HOWTO = "howto"
    INFO = "info"
    FIX_LIST = "fix-list"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Advisory:
    """What a KB text means: the article, what it affects, and every correction that it states, of itself or others."""

    article: Article
    kind: Kind
    affected: tuple[Affected, ...]
    fixed_files: tuple[FixedFile, ...]
    corrections: tuple[Correction, ...]
    problems: tuple[Problem, ...]
    setting: Setting | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored about one article: its own facts, and every correction about it, whoever states it."""

    id: str
    title: str
    date: datetime.date
    kind: Kind
    affected: tuple[Affected, ...]
    fixed_files: tuple[FixedFile, ...]
    corrections: tuple[Correction, ...]
    setting: Setting | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that disagree about one product line: what was decided, what was overruled, and why."""

    product_line: str
    decided: str
    overruled: tuple[Correction, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LineKnowledge:
    """What all articles together say about one article's fault in one product line.

    `listed`: the line is affected; `levels` are the affected levels that are named, empty for "no level named".
    `first_fixed`: "SP4", "RTM", HOTFIX_ONLY, UNSPECIFIED or None. `earliest` and `latest` are the first and the last
    level that the strongest sources name, None where they name none. `deciding` are the corrections of that rank,
    `corrections` all of them, `rank` the worth of the deciding ones (0 the strongest). `fixed_files` are the rows of
    the article's own tables that can judge this line; `subject` is that article.
    """

    product_line: str
    listed: bool
    affected: tuple[Affected, ...] = ()
    levels: tuple[str, ...] = ()
    first_fixed: str | None = None
    earliest: str | None = None
    latest: str | None = None
    deciding: tuple[Correction, ...] = ()
    corrections: tuple[Correction, ...] = ()
    fixed_files: tuple[FixedFile, ...] = ()
    rank: int = 9
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What weighing decided about one product line of an article, as it is stored; see LineKnowledge."""

    product_line: str
    listed: bool
    first_fixed: str | None
    earliest: str | None
    latest: str | None
    rank: int


@dataclass(frozen=True, slots=True)
class ArticleKnowledge:
    """Everything that a verdict needs to know about one article; `lines` in order of first mention."""

    id: str
    title: str
    date: datetime.date
    kind: Kind
    advisory: bool
    lines: tuple[LineKnowledge, ...]
    conflicts: tuple[Conflict, ...] = ()
    setting: Setting | None = None

    def line(self, product_line: str) -> LineKnowledge | None:
        """Return what is known for `product_line`, None when nothing is."""
        return next((known for known in self.lines if known.product_line == product_line), None)

    @property
    def unjudged(self) -> str:
        """Why no host is judged by the article, "" where hosts are."""
        if self.advisory:
            return ""
        described = self.kind in (Kind.PROBLEM, Kind.UNKNOWN)
        return "it is no bug by its class, and no correction is known" if described else "it reports no fault"


@dataclass(frozen=True, slots=True)
class Stored:
    """An article as the database gives it back; `problems` are all that were found, in its layout and its meaning."""

    facts: Facts
    article: Article
    problems: tuple[Problem, ...]
