"""What inventories say: installations, what of them decides a verdict, and fleets of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, Self, TypeVar, overload

LONGEST_NAME = 255  # characters of a host's name


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
        return replace(self, host=host, extra=extra, sources=moved(self.sources, host, line))


def moved(sources: Sources, host: str, line: int) -> Sources:
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
    """An inventory row that could not be read: file, 1-based line, reason and what was expected; `host` if it is told.

    Also a remark on a row that was read.
    """

    file: str
    line: int
    message: str
    host: str = ""

    def __str__(self) -> str:
        """Return it as it is told: `servers.csv:19: no host name`."""
        return f"{self.file}:{self.line}: {self.message}"


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
