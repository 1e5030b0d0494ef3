"""The answers: verdicts with their evidence, and the assessment of a fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress

from kbcheck.model.articles import Affected, Correction, FileVersion, FixedFile, Word
from kbcheck.model.hosts import Extra, Folded, Profile, Refusal, Sources, folded, moved


class Status(Word):
    """The four answers."""

    EXPOSED = "exposed"
    FIXED = "fixed"
    NOT_APPLICABLE = "not-applicable"
    UNDETERMINED = "undetermined"


class Reason(Word):
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
    """What would correct the fault: a level of a line, or files of a hotfix with the article that offers them.

    `requires` is the level of the line that must be there first.
    """

    product_line: str
    level: str | None = None
    source: str | None = None
    files: tuple[FileVersion, ...] = ()
    requires: str | None = None


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
        return HostRow(host, self.product_line, self.profile, self.file, line, extra, moved(self.sources, host, line))


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
        group_of = self.groups
        found = tuple(Counter(groups[group]) for group in group_of)
        for column in self.columns:
            of_group = [verdict.status for verdict in column.of_group] if column.apart else []
            for profile, verdict in column.apart.items():
                status = of_group[group_of[profile]]
                if status is not verdict.status:
                    tally = found[profile]
                    tally[status] -= 1
                    tally[verdict.status] += 1
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
        heard = heard_of(host, found, (*self.refusals, *self.remarks))
        return HostOfScan(self.number or 0, rows, tuple(sorted(near)[:5]), heard)

    def names(self, profiles: Collection[int]) -> Iterable[str]:
        """Return the hosts of the installations that have one of `profiles`, in order; a host may come again."""
        wanted = {n for n, template in enumerate(self.hosts.templates) if template.profile in profiles}
        return compress(self.hosts.names, map(wanted.__contains__, self.hosts.which))


@dataclass(frozen=True, slots=True)
class HostOfScan:
    """One host of a scan (0: not stored): its installations with their profiles; `near` are others named alike.

    `heard` is what was said of its rows when they were read: refusals, remarks.
    """

    number: int
    rows: tuple[tuple[HostRow, Profile], ...]
    near: tuple[str, ...] = ()
    heard: tuple[Refusal, ...] = ()


def heard_of(host: str, rows: Iterable[HostRow], said: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Return what of `said` concerns a host: by its name, or by the lines of its rows."""
    places = {(source.file, source.line) for row in rows for _, source, _ in row.sources}
    key = host.casefold()
    return tuple(each for each in said if each.host.casefold() == key or (each.file, each.line) in places)
