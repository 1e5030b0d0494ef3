"""The nouns of kbcheck, as frozen dataclasses; no parsing and no I/O.

Rules:
- Line numbers are 1-based and count the lines of the file as it was read.
- A product line is named by its canonical name ("Exchange Server 5.5"), a level by "RTM", "SP3", "SP6a".
- Absent collections are empty tuples, never None; None means "unknown" or "not stated".
- The text that a fact was read from stands beside the fact.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import NamedTuple, Protocol, Self, TypeVar, overload

# --- articles ---------------------------------------------------------------------------------------------------------


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


# --- advisories -------------------------------------------------------------------------------------------------------


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


class _Word(StrEnum):
    """A member is its word: as a key it is found as quickly."""

    __hash__ = str.__hash__


class CorrectionKind(_Word):
    """What corrects a fault: a named service pack, a release, a hotfix, or "the latest service pack"."""

    SERVICE_PACK = "service-pack"
    RELEASE = "release"
    HOTFIX = "hotfix"
    UNNAMED = "service-pack-unnamed"


class Method(_Word):
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

    One fact with one source: article, line, words. `order` counts a rollup's blocks from the oldest (0).
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


class Kind(_Word):
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


# --- knowledge --------------------------------------------------------------------------------------------------------

HOTFIX_ONLY = "hotfix only"
UNSPECIFIED = "SP (unspecified)"


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
    the article's own tables that can judge this line.
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

    def line(self, product_line: str) -> LineKnowledge | None:
        """Return what is known for `product_line`, None when nothing is."""
        return next((known for known in self.lines if known.product_line == product_line), None)

    @property
    def has_fix(self) -> bool:
        """Whether some correction is known for some line."""
        return any(known.first_fixed is not None for known in self.lines)


# --- inventory --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact of an inventory stands: file, 1-based line, column name."""

    file: str
    line: int
    column: str


Sources = tuple[tuple[str, Source, str], ...]
Extra = tuple[tuple[str, str], ...]


class Row(Protocol):
    """What an inventory or a scan has for each product of each host."""

    @property
    def host(self) -> str: ...

    def at(self, host: str, line: int, extra: Extra) -> Self:
        """Return this row, a template, as it is on `host`; its sources' lines count from `line`."""
        ...


N = TypeVar("N", bound=Row)


@dataclass(frozen=True, eq=False)
class Folded(Sequence[N]):
    """Rows of which many differ only in host, line and extra: a sequence that makes each from its template when asked.

    `which`, `names`, `lines` and `extra_of` have one entry for each row: the index of its template, its host, its line
    and the index of its extra. A million rows take the room of their names and of three numbers each. `distinct` is the
    number of different hosts where it was counted before.
    """

    templates: Sequence[N]
    which: Sequence[int]
    names: Sequence[str]
    lines: Sequence[int]
    extra_of: Sequence[int]
    extras: Sequence[Extra]
    distinct: int | None = None

    @cached_property
    def host_count(self) -> int:
        """How many hosts there are, each with one row or several."""
        return self.distinct if self.distinct is not None else len(set(folded(self.names)))

    def __len__(self) -> int:
        return len(self.which)

    @overload
    def __getitem__(self, index: int) -> N: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[N, ...]: ...
    def __getitem__(self, index: int | slice) -> N | tuple[N, ...]:
        if isinstance(index, slice):
            return tuple(self[n] for n in range(len(self))[index])
        template = self.templates[self.which[index]]
        return template.at(self.names[index], self.lines[index], self.extras[self.extra_of[index]])

    def __iter__(self) -> Iterator[N]:
        return (self[n] for n in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Folded):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # holds lists

    def some(self, indexes: Sequence[int]) -> Folded[N]:
        """Return the rows at `indexes`."""
        which, names, lines, extra_of = (
            [column[n] for n in indexes] for column in (self.which, self.names, self.lines, self.extra_of)
        )
        return Folded(self.templates, which, names, lines, extra_of, self.extras)  # type: ignore[arg-type]  # columns of two types

    def first_of(self) -> dict[int, int]:
        """Return template -> index of its first row."""
        return dict(zip(reversed(self.which), range(len(self) - 1, -1, -1), strict=True))


def folded(names: Sequence[str]) -> list[str]:
    """Return the names of hosts in one case: hosts are the same whatever the case."""
    found = "\n".join(names).casefold().split("\n")  # all at once is some times quicker
    return found if len(found) == len(names) else list(map(str.casefold, names))


@dataclass(frozen=True, slots=True)
class Installation:
    """One product on one host, as the inventory tells it; None and empty mean "not told".

    `levels` holds every level that the service-pack and version columns state, usually one; two are a contradiction.
    `builds` likewise, as integers of the line; `foreign` are builds as written that fit no build of this line.
    `files` are (lower-case name, integers, text as written). `platform` is the `os` column as (line, level).
    `extra` are site, tags and unknown columns, kept for reports; `sources` are (column, where, text as written).
    """

    host: str
    product_line: str
    levels: tuple[str, ...] = ()
    builds: tuple[tuple[int, ...], ...] = ()
    foreign: tuple[str, ...] = ()
    hotfixes: tuple[str, ...] = ()
    files: tuple[tuple[str, tuple[int, ...], str], ...] = ()
    platform: tuple[tuple[str, str | None], ...] = ()
    extra: Extra = field(default=(), compare=False)
    sources: Sources = field(default=(), compare=False)

    def at(self, host: str, line: int, extra: Extra) -> Installation:
        """See Row."""
        return replace(self, host=host, extra=extra, sources=_moved(self.sources, host, line))


def _moved(sources: Sources, host: str, line: int) -> Sources:
    """Return a template's sources where they stand for `host`: lines count from `line`, "" is the host's own name."""
    return tuple(
        (column, Source(source.file, source.line + line, source.column), text or host)
        for column, source, text in sources
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """What decides a verdict, shared by every installation that has it; `beside` are the host's other products."""

    product_line: str
    levels: tuple[str, ...] = ()
    builds: tuple[tuple[int, ...], ...] = ()
    foreign: tuple[str, ...] = ()
    hotfixes: tuple[str, ...] = ()
    files: tuple[tuple[str, tuple[int, ...], str], ...] = ()
    beside: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An inventory row that could not be read: file, 1-based line, reason and what was expected."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the inventories hold: installations in order, what was refused, remarks on what was read.

    `together` has, for each installation whose host has several, the indexes of all of them. `inventories` are (name,
    sha256 of the bytes, number of data rows).
    """

    installations: Folded[Installation]
    together: Mapping[int, Sequence[int]] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[Refusal, ...] = ()
    inventories: tuple[tuple[str, str, int], ...] = ()

    def product_lines(self) -> set[str]:
        """Return the product lines that it has."""
        return {each.product_line for each in self.installations.templates}


# --- verdicts ---------------------------------------------------------------------------------------------------------


class Status(_Word):
    """The four answers."""

    EXPOSED = "exposed"
    FIXED = "fixed"
    NOT_APPLICABLE = "not-applicable"
    UNDETERMINED = "undetermined"


class Reason(_Word):
    """Why the answer is what it is."""

    PRODUCT_NOT_LISTED = "product-not-listed"
    RELEASE_NOT_LISTED = "release-not-listed"
    CONFLICTING_EVIDENCE = "conflicting-evidence"
    FIXED_BY_FILE_VERSION = "fixed-by-file-version"
    BRANCH_UNCLEAR = "branch-unclear"
    FILES_MISSING = "files-missing"
    SOURCES_DISAGREE = "sources-disagree"
    FIXED_BY_SERVICE_PACK = "fixed-by-service-pack"
    SERVICE_PACK_UNNAMED = "service-pack-unnamed"
    FILE_TOO_OLD = "file-too-old"
    FIXED_BY_HOTFIX = "fixed-by-hotfix"
    HOTFIX_BUILD_UNKNOWN = "hotfix-build-unknown"
    FIXED_BY_BUILD_ORDER = "fixed-by-build-order"
    FIXED_BY_OTHER_PRODUCT = "fixed-by-other-product"
    FIX_AVAILABLE = "fix-available"
    HOTFIX_ONLY = "hotfix-only"
    NO_FIX_KNOWN = "no-fix-known"
    LEVEL_UNKNOWN = "level-unknown"
    LEVEL_NOT_LISTED = "level-not-listed"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would correct the fault: a level of a line, or files of a hotfix with the article that offers them."""

    product_line: str
    level: str | None = None
    source: str | None = None
    files: tuple[FileVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on.

    `demands` are the article's facts that were used (each with its own source and line), `fields` the inventory columns
    of the host that were used, `missing` the columns that would decide an undetermined verdict, `notes` what else a
    reader must know (a contradiction that changed nothing, a service pack above all known).
    """

    rule: int
    demands: tuple[Affected | Correction | FixedFile, ...]
    fields: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one profile and one article; it cannot be built without its evidence."""

    article: str
    status: Status
    reason: Reason
    evidence: Evidence
    first_fixed: str | None = None
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class HostRow:
    """One installation of an assessment: whose profile it shares, and where the inventory tells of it.

    `sources` are (column, where, text as written), as in Installation.
    """

    host: str
    product_line: str
    profile: int
    file: str
    line: int
    extra: Extra = ()
    sources: Sources = ()

    def at(self, host: str, line: int, extra: Extra) -> HostRow:
        """See Row."""
        return HostRow(host, self.product_line, self.profile, self.file, line, extra, _moved(self.sources, host, line))


@dataclass(frozen=True, slots=True)
class Column:
    """The verdicts about one article: that of each group of profiles, and of the profiles that differ from theirs."""

    of_group: tuple[Verdict, ...]
    apart: Mapping[int, Verdict] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """A whole scan, the neutral document that every writer prints.

    `columns` hold the verdicts about `articles` (id -> title, ISO date, kind), in their order; `groups[i]` is the group
    of `profiles[i]`, and `hosts` name their profile by index. `other_articles` counts what is no advisory or has no
    fix. `number` is the stored scan's, None before it is stored.
    """

    created: str
    inventories: tuple[tuple[str, str, int], ...]
    refusals: tuple[Refusal, ...]
    remarks: tuple[Refusal, ...]
    articles: dict[str, tuple[str, str, str]]
    other_articles: int
    profiles: tuple[Profile, ...]
    groups: tuple[int, ...]
    hosts: Folded[HostRow]
    columns: tuple[Column, ...]
    number: int | None = None

    def verdict(self, profile: int, column: Column) -> Verdict:
        """Return the verdict for one profile about one article."""
        return column.apart.get(profile) or column.of_group[self.groups[profile]]

    def verdicts(self, profile: int) -> Iterator[Verdict]:
        """Return the verdicts for one profile, in the order of the articles."""
        return (self.verdict(profile, column) for column in self.columns)

    @cached_property
    def members(self) -> tuple[tuple[int, ...], ...]:
        """The profiles of each group."""
        found: list[list[int]] = [[] for _ in range(max(self.groups, default=-1) + 1)]
        for profile, group in enumerate(self.groups):
            found[group].append(profile)
        return tuple(map(tuple, found))

    @cached_property
    def tallies(self) -> tuple[Counter[Status], ...]:
        """How many verdicts of each status each profile has."""
        groups = [
            Counter(column.of_group[group].status for column in self.columns) for group in range(len(self.members))
        ]
        found = tuple(Counter(groups[group]) for group in self.groups)
        for column in self.columns:
            for profile, verdict in column.apart.items():
                found[profile][column.of_group[self.groups[profile]].status] -= 1
                found[profile][verdict.status] += 1
        return found

    def spread(self, column: Column) -> Iterator[tuple[Verdict, tuple[int, ...], int]]:
        """Return each verdict about one article, profiles that have it, how many installations have one of these.

        The same verdict may come again with others.
        """
        apart: dict[int, list[int]] = {}
        for profile in column.apart:
            apart.setdefault(self.groups[profile], []).append(profile)
        for group, verdict in enumerate(column.of_group):
            profiles, size = self.members[group], self._group_sizes[group]
            if group in apart:
                profiles = tuple(profile for profile in profiles if profile not in column.apart)
                size -= self.size(apart[group])
            if profiles:
                yield verdict, profiles, size
        for profile, verdict in column.apart.items():
            yield verdict, (profile,), self.sizes[profile]

    @cached_property
    def _group_sizes(self) -> tuple[int, ...]:
        return tuple(map(self.size, self.members))

    @cached_property
    def sizes(self) -> Counter[int]:
        """How many installations share each profile."""
        found: Counter[int] = Counter()
        for template, number in Counter(self.hosts.which).items():
            found[self.hosts.templates[template].profile] += number
        return found

    def size(self, profiles: Iterable[int]) -> int:
        """Return how many installations have one of `profiles`."""
        return sum(map(self.sizes.__getitem__, profiles))

    @cached_property
    def leaders(self) -> dict[int, HostRow]:
        """The first installation of each profile, in their order."""
        found: dict[int, HostRow] = {}
        for index in sorted(self.hosts.first_of().values()):
            found.setdefault(self.hosts.templates[self.hosts.which[index]].profile, self.hosts[index])
        return found

    def of(self, host: str) -> HostOfScan:
        """Return one host, by its name in any case."""
        key, names = host.casefold(), folded(self.hosts.names)
        found = [self.hosts[n] for n, name in enumerate(names) if name == key]
        near = {self.hosts.names[n] for n, name in enumerate(names) if name.startswith(key[:3])} if not found else set()
        rows = tuple((row, self.profiles[row.profile]) for row in found)
        return HostOfScan(self.number or 0, rows, tuple(sorted(near)[:5]))

    def names(self, profiles: Collection[int]) -> Iterable[str]:
        """Return the hosts of the installations that have one of `profiles`, in order; a host may come again."""
        wanted = {n for n, template in enumerate(self.hosts.templates) if template.profile in profiles}
        return compress(self.hosts.names, map(wanted.__contains__, self.hosts.which))


@dataclass(frozen=True, slots=True)
class HostOfScan:
    """One host of a scan (0: not stored): its installations with their profiles; `near` are others named alike."""

    number: int
    rows: tuple[tuple[HostRow, Profile], ...]
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """An article as the database gives it back; `problems` are all that were found, in its layout and its meaning."""

    facts: Facts
    article: Article
    problems: tuple[Problem, ...]
