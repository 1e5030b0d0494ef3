"""Inventory files (CSV) to installations, each fact with its file, line and column.

Rules:
- Column names are matched without case, blanks, `-`, `_` and `.`; the usual aliases work; unknown columns are kept.
- An empty service pack means unknown, never "none".
- A row that cannot be read is refused with its line, a cell that cannot be read is refused and the row goes on without
  it; neither is ever silent.
- Rows of one host and product line are merged; what they contradict each other in is kept side by side.
- The long forms (`host,file,file_version` and `host,hotfix`) add to the installations of the host.
- Files are streamed, and what rows tell is read once for each distinct way to tell it: cost and memory follow those,
  a host adds its name.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from array import array
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, compress, islice
from operator import itemgetter, lt
from pathlib import Path
from typing import BinaryIO, TextIO

from kbcheck import KbcheckError, product
from kbcheck.model import Extra, Fleet, Folded, Installation, Refusal, Source, Sources, folded


class InventoryError(KbcheckError):
    """The file is no inventory at all (no header, no host column, no rows); the message names it."""


_ALIASES = {
    "host": "host hostname computername computer server servername node nodename name machine machinename netbiosname"
    " dnshostname cn system systemname device fqdn",
    "product": "product productname application applicationname software softwarename app",
    "version": "version productversion versionnumber serialnumber release exchangeversion admindisplayversion"
    " displayversion",
    "service_pack": "servicepack sp csdversion splevel servicepacklevel spversion patchlevel",
    "build": "build buildnumber buildno",
    "hotfixes": "hotfixes hotfix hotfixid hotfixids kb kbs kbid qfe qfes patch patches updates installedupdates",
    "files": "files fileversions filelist",
    "file": "file filename",
    "file_version": "fileversion",
    "os": "os operatingsystem osname platform",
    "site": "site sitename location",
    "tags": "tags tag labels notes",
}
_COLUMNS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_HOTFIX = re.compile(r"(?:Q|KB)?(\d{5,7})(?:_\w+)?", re.IGNORECASE)
# Version 5.5 (Build 2653.23: Service Pack 4)
_DIRECTORY = re.compile(
    r"version (\d+(?:\.\d+)*) ?\(build (\d+(?:\.\d+)*)(?:: ?(service pack [^)]*|sp ?\w+))?\)", re.IGNORECASE
)
_RELEASE_LEVEL = re.compile(r"(.*?)[ ,]*\b(?:sp|service pack) ?(\d{1,2}[a-z]?|\?+)(?!\w)\W*", re.IGNORECASE)
_FILE = re.compile(r"([^=\s;|][^=;|]*?)\s*[= ]\s*(\S+)")
_VERSION_WORD = re.compile(r"^version\s+(?=\d)", re.IGNORECASE)
_DOTTED = re.compile(r"(?:\d+\.){2,}\d+")
_TOKENS = re.compile(r"[;,|\s]+")
_PARTS = re.compile(r"[;|]|,(?=\s*\w[\w.$~-]*=)")
_BREAK = re.compile(r"\r\n|\r|\n")
_BATCH = 1024
_EXCHANGE = ("4.0", "5.0", "5.5", "6.0")


Row = dict[str, tuple[str, str]]  # column -> (text, the column's name as written)


@dataclass(slots=True)
class _Entry:
    """An installation while rows are merged into it; as a template its host is "" and its lines count from 0."""

    line: str
    host: str = ""
    levels: dict[str, int] = field(default_factory=dict)
    builds: dict[tuple[int, ...], int] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    hotfixes: dict[str, None] = field(default_factory=dict)
    files: dict[str, tuple[tuple[int, ...], str, str]] = field(default_factory=dict)  # build, text, name as written
    platform: dict[tuple[str, str | None], None] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    sources: list[tuple[str, Source, str]] = field(default_factory=list)

    def freeze(self, first_line: int = 0) -> Installation:
        """Return the template of an installation: lines counted from `first_line`, "" for its host's name."""
        return Installation(
            "",
            self.line,
            tuple(sorted(self.levels, key=product.level_key)),
            tuple(sorted(self.builds)),
            tuple(sorted(self.foreign)),
            tuple(sorted(self.hotfixes)),
            tuple(sorted((name, build, text) for name, (build, text, _) in self.files.items())),
            tuple(sorted(self.platform, key=str)),
            (),
            tuple(
                (column, Source(s.file, s.line - first_line, s.column), "" if text == self.host else text)
                for column, s, text in self.sources
            ),
        )

    def at(self, host: str, number: int) -> _Entry:
        """Return a template's copy for one host, at the line where its row stands."""
        return _Entry(
            self.line,
            host,
            dict.fromkeys(self.levels, number),
            dict.fromkeys(self.builds, number),
            dict.fromkeys(self.foreign, number),
            dict(self.hotfixes),
            dict(self.files),
            dict(self.platform),
            {},
            [(c, Source(s.file, s.line + number, s.column), t or host) for c, s, t in self.sources],
        )

    def add(self, other: _Entry) -> Iterator[str]:
        """Take what another row says of the same installation; return remarks."""
        self.levels = self.levels | other.levels | self.levels
        self.builds = self.builds | other.builds | self.builds
        self.foreign = self.foreign | other.foreign | self.foreign
        self.hotfixes |= other.hotfixes
        self.platform |= other.platform
        self.sources += other.sources
        for key, (build, text, written) in other.files.items():
            remark = self.add_file(key, build, text, written)
            if remark:
                yield remark

    def add_file(self, key: str, build: tuple[int, ...], text: str, written: str) -> str:
        """Take a file's version, of two the lower; return a remark where there are two."""
        previous = self.files.get(key)
        if previous is None or product.build_key(build) < product.build_key(previous[0]):
            self.files[key] = (build, text, written)
        if previous is None or previous[0] == build:
            return ""
        return f"{written} is given as {previous[1]} and as {text}; the lower one counts"


class _RowError(ValueError):
    """A row that cannot be read."""


def read(paths: Iterable[Path]) -> Fleet:
    """Read inventory files (a folder stands for the `.csv` files in it, by name).

    Raises InventoryError when a file is no inventory, or nothing in them is an installation; OSError as open() does.
    """
    reader = Part()
    for path in files(paths):
        with path.open("rb") as stream:
            reader.file(path.name, stream if stream.seekable() else io.BytesIO(stream.read()))
    return reader.fleet()


def read_bytes(name: str, data: bytes) -> Fleet:
    """Read one inventory from memory; see read()."""
    return merge([part(name, data)])


def part(name: str, data: bytes) -> Part:
    """Read one file of several; any process can do it. Raises InventoryError when it is no inventory."""
    reader = Part()
    reader.file(name, io.BytesIO(data))
    return reader


def merge(parts: Iterable[Part]) -> Fleet:
    """Return the fleet of several files, in their order; see read()."""
    whole = Part()
    for each in parts:
        whole.absorb(each)
    return whole.fleet()


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Return the inventory files that `paths` stand for."""
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in (".csv", ".tsv", ".txt"))
            if not inside:
                raise InventoryError(f"{path}: a folder without .csv files")
            yield from inside
        else:
            yield path


class _Columns:
    """Where the columns of a file stand; `long_form`: its rows add to installations that others tell."""

    def __init__(self, name: str, line: int, header: list[str]) -> None:
        self.width = len(header)
        self.titles = [cell.strip() for cell in header]
        self.places: dict[str, int] = {}
        for place, cell in enumerate(header):
            column = _COLUMNS.get(re.sub(r"[\s\-_.]", "", cell).casefold())
            if column is not None:
                self.places.setdefault(column, place)
        if "host" not in self.places:
            raise InventoryError(
                f"{name}:{line}: no host column among {', '.join(ascii(c)[1:-1] for c in header[:12])}; "
                'expected a header such as "host,product,version,service_pack"'
            )
        known = set(self.places)
        self.long_form = not known & {"product", "version", "service_pack", "build", "files"} and bool(
            known & {"file_version", "hotfixes"}
        )
        if not self.long_form and not known & {"version", "service_pack", "build", "files", "product"}:
            raise InventoryError(
                f"{name}:{line}: no column tells a version; expected one of version, service_pack, build, files"
            )
        kept = [(self.places[column], column) for column in ("os", "site", "tags") if column in self.places]
        used = set(self.places.values())
        self._kept = [*kept, *((n, title) for n, title in enumerate(self.titles) if n not in used)]
        self.host = itemgetter(self.places["host"])
        self.telling = _cells(place for column, place in self.places.items() if column not in ("host", "site", "tags"))
        self.kept = _cells(place for place, _ in self._kept)

    def fit(self, rows: list[list[str]]) -> bool:
        """Whether each row has as many cells as the header, and a host."""
        if set(map(len, rows)) != {self.width}:
            return False
        hosts = list(map(str.strip, map(self.host, rows)))
        return all(hosts) and len(max(hosts, key=len)) <= 255

    def row(self, cells: list[str]) -> Row:
        """Return the cells of the known columns."""
        return {column: (cells[place].strip(), self.titles[place]) for column, place in self.places.items()}

    def beside(self, cells: list[str]) -> Extra:
        """Return what is kept for reports."""
        found = {title: cells[place].strip() for place, title in self._kept if cells[place].strip()}
        return tuple(found.items())


def _cells(places: Iterable[int]) -> Callable[[list[str]], object]:
    """Return a function of a row: its cells at `places`, to be compared."""
    wanted = list(places)
    return itemgetter(*wanted) if wanted else lambda cells: ()


Messages = tuple[tuple[bool, str], ...]  # (of a refusal, else of a remark; text)


class Part:
    """Rows as columns (see Folded): which template each has, its host, line, extra; fleet() merges those of a host."""

    def __init__(self) -> None:
        self.templates: list[_Entry] = []
        self.which, self.lines, self.extra_of = array("I"), array("I"), array("I")
        self.names: list[str] = []
        self.extras: list[Extra] = []
        self.extra_numbers: dict[Extra, int] = {}
        self.details: list[tuple[str, Row]] = []  # what rows of long forms tell
        self.additions: list[tuple[str, int, int]] = []  # host, line, which detail
        self.refusals: list[Refusal] = []
        self.remarks: list[Refusal] = []
        self.inventories: list[tuple[str, str, int]] = []

    def file(self, name: str, stream: BinaryIO) -> None:
        codec, digest = _examine(stream)
        with io.TextIOWrapper(stream, codec, "replace", newline="") as text:
            line = 1
            try:
                header_line, line, delimiter, header = _header(name, text)
                table = _Table(self, name, _Columns(name, header_line, header), delimiter)
                while batch := list(islice(text, _BATCH)):
                    joined = "".join(batch)
                    if '"' in joined:
                        # A cell may hold line breaks: the rest is read as it comes.
                        for lines, rows in _rows(chain(batch, text), delimiter, line):
                            line = lines[-1]
                            table.rows(lines, rows)
                        break
                    if not table.known(line, batch):
                        table.rows(range(line, line + len(batch)), list(csv.reader(batch, delimiter=delimiter)))
                    line += len(batch)
            except csv.Error as error:
                raise InventoryError(f"{name}:{line}: {error}") from error
        self.inventories.append((name, digest, table.count))

    def fitted(
        self, name: str, columns: _Columns, lines: Sequence[int], rows: list[list[str]]
    ) -> tuple[list[int], list[list[str]]]:
        """Return the rows that have a host, with as many cells as the header; refuse others, leave blank ones out."""
        kept = []
        for line, cells in zip(lines, rows, strict=True):
            fitted = cells[: columns.width] + [""] * (columns.width - len(cells))
            host = columns.host(fitted).strip()
            if not any(map(str.strip, cells)):
                continue
            if any(map(str.strip, cells[columns.width :])):
                self.say(name, line, ((True, f"{len(cells)} cells under {columns.width} columns"),))
            elif not host or len(host) > 255:
                self.say(name, line, ((True, "host name of more than 255 characters" if host else "no host name"),))
            else:
                kept.append((line, fitted))
        return [line for line, _ in kept], [cells for _, cells in kept]

    def tell(self, name: str, columns: _Columns, cells: list[str], noisy: dict[int, Messages]) -> int:
        """Return the number of the template, or of the long form's detail, that a row tells; below 0: it is refused."""
        row = columns.row(cells)
        try:
            if columns.long_form:
                self.details.append((name, _long(row)))
                return len(self.details) - 1
            entry, messages = _entry(name, row)
        except _RowError as refused:
            number = -1 - len(noisy)
            noisy[number] = ((True, str(refused)),)
            return number
        self.templates.append(entry)
        number = len(self.templates) - 1
        if messages:
            noisy[number] = messages
        return number

    def say(self, name: str, line: int, messages: Messages) -> None:
        for refusal, message in messages:
            (self.refusals if refusal else self.remarks).append(Refusal(name, line, message))

    def extra_number(self, extra: Extra) -> int:
        number = self.extra_numbers.setdefault(extra, len(self.extras))
        if number == len(self.extras):
            self.extras.append(extra)
        return number

    def absorb(self, other: Part) -> None:
        """Take the rows of files that were read apart, behind those that are here."""
        templates, details = len(self.templates), len(self.details)
        extras = [self.extra_number(extra) for extra in other.extras]
        self.templates += other.templates
        self.which.extend(number + templates for number in other.which)
        self.lines.extend(other.lines)
        self.extra_of.extend(map(extras.__getitem__, other.extra_of))
        self.names += other.names
        self.details += other.details
        self.additions += ((host, line, detail + details) for host, line, detail in other.additions)
        self.refusals += other.refusals
        self.remarks += other.remarks
        self.inventories += other.inventories

    # --- hosts --------------------------------------------------------------------------------------------------------

    def fleet(self) -> Fleet:
        """Return everything that was read, the rows of one host and product line merged."""
        groups, distinct = self._hosts_of_several_rows()
        merged: dict[int, _Entry] = {}
        dropped: list[int] = []
        for key, indexes in groups.items():
            groups[key] = self._merge_rows(indexes, merged)
            dropped += set(indexes) - set(groups[key])
        self._add_details(groups, merged)
        if not self.names:
            why = f"; first refused: {_show(self.refusals[0])}" if self.refusals else ""
            raise InventoryError(f"no installation in {', '.join(name for name, _, _ in self.inventories)}{why}")
        templates = [entry.freeze() for entry in self.templates]
        numbers: dict[tuple[Installation, Sources], int] = {}
        for index, entry in merged.items():
            frozen = entry.freeze(self.lines[index])
            number = numbers.setdefault((frozen, frozen.sources), len(templates))
            if number == len(templates):
                templates.append(frozen)
            self.which[index] = number
            self.extra_of[index] = self.extra_number(tuple(entry.extra.items()))
        installations = Folded(templates, self.which, self.names, self.lines, self.extra_of, self.extras, distinct)
        dropped.sort()
        if dropped:
            gone = set(dropped)
            installations = installations.some([n for n in range(len(self.names)) if n not in gone])
        together = {}
        for indexes in groups.values():
            if len(indexes) > 1:
                places = [index - bisect(dropped, index) for index in indexes]
                together.update(dict.fromkeys(places, places))
        order = {name: index for index, (name, _, _) in enumerate(self.inventories)}
        refusals, remarks = (
            tuple(sorted(said, key=lambda each: (order.get(each.file, 0), each.line)))
            for said in (self.refusals, self.remarks)
        )
        return Fleet(installations, together, refusals, remarks, tuple(self.inventories))

    def _hosts_of_several_rows(self) -> tuple[dict[str, list[int]], int]:
        """Return the rows of each host that has several, or that a long form names; and the number of all hosts.

        A host's key is its name in small letters where a long form may ask for it.
        """
        wanted = {host.casefold() for host, _, _ in self.additions}
        keys = folded(self.names) if wanted or not _of_one_case(self.names) else self.names
        # Many inventories are sorted, which tells the same without a set of all names.
        rising = all(map(lt, keys, islice(keys, 1, None)))
        distinct = len(keys) if rising else len(set(keys))
        if distinct < len(keys):
            wanted |= {key for key, number in Counter(keys).items() if number > 1}
        found: dict[str, list[int]] = {}
        for index, key in enumerate(keys) if wanted else ():
            if key in wanted:
                found.setdefault(key, []).append(index)
        return found, distinct

    def _merge_rows(self, indexes: list[int], merged: dict[int, _Entry]) -> list[int]:
        """Merge the rows of one host that tell of one product line into the first; return the first of each."""
        first: dict[str, int] = {}
        for index in indexes:
            told = self.templates[self.which[index]]
            into = first.setdefault(told.line, index)
            if into != index:
                file = told.sources[0][1].file
                entry = self._merge(into, told, file, self.lines[index], self.names[index], merged)
                entry.extra = dict(self.extras[self.extra_of[index]]) | entry.extra
        return list(first.values())

    def _add_details(self, groups: dict[str, list[int]], merged: dict[int, _Entry]) -> None:
        """Add the rows of long forms to the installations of their hosts."""
        known: dict[tuple[int, str], tuple[_Entry, Messages]] = {}
        for host, line, detail in self.additions:
            name, row = self.details[detail]
            indexes = groups.get(host.casefold(), [])
            if not indexes:
                self.say(name, line, ((True, f"host {host!r}: no row gives it a product and a version"),))
            for index in indexes:
                of = self.templates[self.which[index]].line
                if (detail, of) not in known:
                    entry = _Entry(of)
                    known[detail, of] = (entry, tuple(_details(entry, name, row)))
                entry, messages = known[detail, of]
                if index == indexes[0]:
                    self.say(name, line, messages)
                self._merge(index, entry, name, line, self.names[index], merged)

    def _merge(self, index: int, told: _Entry, name: str, line: int, host: str, merged: dict[int, _Entry]) -> _Entry:
        """Add what a row says to an installation, and tell where the two contradict each other."""
        entry = merged.get(index)
        if entry is None:
            entry = merged[index] = self.templates[self.which[index]].at(self.names[index], self.lines[index])
            entry.extra = dict(self.extras[self.extra_of[index]])
        new = told.at(host, line)
        remarks = []
        other = [f"{level} (line {where})" for level, where in entry.levels.items() if level not in new.levels]
        if new.levels and other:
            words = f"{', '.join(new.levels)} here, {', '.join(other)} before"
            remarks.append(f"{entry.host}, {entry.line}: {words}: both are kept")
        if entry.builds and not new.builds.keys() <= entry.builds.keys():
            before = ", ".join(f"{_dotted(build)} (line {where})" for build, where in entry.builds.items())
            words = f"build {', '.join(map(_dotted, new.builds))} here, {before} before"
            remarks.append(f"{entry.host}, {entry.line}: {words}: both are kept")
        remarks += [f"{entry.host}: {remark}" for remark in entry.add(new)]
        self.say(name, line, tuple((False, remark) for remark in remarks))
        return entry


def _of_one_case(names: Sequence[str]) -> bool:
    """Whether names are equal only where they are the same in any case: plain letters, all small or all capital."""
    text = "".join(names)
    return text.isascii() and (text.upper() == text or text.lower() == text)


class _Table:
    """The rows of one file, added to a reader in batches.

    What stands beside the host in a row is read once for each distinct way to write it.
    """

    def __init__(self, reader: Part, name: str, columns: _Columns, delimiter: str) -> None:
        self.count = 0
        self._reader, self._name, self._columns, self._delimiter = reader, name, columns, delimiter
        self._told, self._extras = _Numbers(columns.telling, self._tell), _Numbers(columns.kept, self._extra)
        self._noisy: dict[int, Messages] = {}
        self._rests: _Rests | None = None
        if columns.places["host"] == 0 and not columns.long_form:
            self._rests = _Rests(self._read, delimiter)

    def known(self, line: int, batch: list[str]) -> bool:
        """Add a batch of lines without a quote; False, and nothing added, where they must be read cell by cell."""
        rests = self._rests
        if rests is None:
            return False
        if len(rests) > max(self.count // 2, 10 * _BATCH):
            self._rests = None  # each row is told in a way of its own: nothing is gained
            return False
        hosts, _, behind = zip(*[each.partition(self._delimiter) for each in batch], strict=True)
        hosts = tuple(map(str.strip, hosts))
        if "" in hosts or max(map(len, hosts)) > 255:
            return False
        try:
            numbers = list(map(rests.__getitem__, behind))
        except _SaidError:
            return False
        which, extras = (map(of.__getitem__, numbers) for of in (rests.which, rests.extra_of))
        self._add(hosts, range(line, line + len(batch)), which, extras)
        self.count += len(batch)
        return True

    def _read(self, cells: list[str]) -> tuple[int, int]:
        """Return the template and the extra of a row; _SaidError when something must be said about it."""
        if len(cells) != self._columns.width:
            raise _SaidError
        template = self._told.of(cells)
        if template in self._noisy:
            raise _SaidError
        return template, self._extras.of(cells)

    def rows(self, lines: Sequence[int], rows: list[list[str]]) -> None:
        """Add a batch of rows, and what there is to say about them."""
        reader, columns = self._reader, self._columns
        if not columns.fit(rows):
            before = len(reader.refusals)
            lines, rows = reader.fitted(self._name, columns, lines, rows)
            self.count += len(reader.refusals) - before
        self.count += len(rows)
        which = list(map(self._told.of, rows))
        heard = self._noisy.keys() & set(which)
        if heard:
            for line, number in zip(lines, which, strict=True):
                if number in heard:
                    reader.say(self._name, line, self._noisy[number])
        if heard and min(heard) < 0:
            kept = [number >= 0 for number in which]
            lines, rows, which = (list(compress(each, kept)) for each in (lines, rows, which))  # type: ignore[assignment]  # lists of three types
        hosts = list(map(str.strip, map(columns.host, rows)))
        if columns.long_form:
            reader.additions += zip(hosts, lines, which, strict=True)
        else:
            self._add(hosts, lines, which, map(self._extras.of, rows))

    def _tell(self, cells: list[str]) -> int:
        return self._reader.tell(self._name, self._columns, cells, self._noisy)

    def _extra(self, cells: list[str]) -> int:
        return self._reader.extra_number(self._columns.beside(cells))

    def _add(self, hosts: Iterable[str], lines: Iterable[int], which: Iterable[int], extras: Iterable[int]) -> None:
        reader = self._reader
        reader.names += hosts
        reader.which.extend(which)
        reader.lines.extend(lines)
        reader.extra_of.extend(extras)


class _SaidError(Exception):
    """A row about which something must be said, which needs its line."""


class _Rests(dict[str, int]):
    """A number for each way to write what stands behind the host; asked for a new one, it reads it.

    `which` and `extra_of` have the template and the extra of each number.
    """

    def __init__(self, read: Callable[[list[str]], tuple[int, int]], delimiter: str) -> None:
        super().__init__()
        self.which: list[int] = []
        self.extra_of: list[int] = []
        self._read, self._delimiter = read, delimiter

    def __missing__(self, rest: str) -> int:
        template, extra = self._read(["", *rest.rstrip("\r\n").split(self._delimiter)])  # no quote is in it
        number = self[rest] = len(self.which)
        self.which.append(template)
        self.extra_of.append(extra)
        return number


class _Numbers:
    """A number for each distinct key of rows; `new` gives that of a row whose key was not seen before."""

    def __init__(self, key: Callable[[list[str]], object], new: Callable[[list[str]], int]) -> None:
        self._key, self._new = key, new
        self._known: dict[object, int] = {}

    def of(self, row: list[str]) -> int:
        """Return the number of a row."""
        key = self._key(row)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._new(row)
        return number


# --- rows -------------------------------------------------------------------------------------------------------------


def _long(row: Row) -> Row:
    """Return a row of a long form as the `files` or `hotfixes` cell that it adds."""
    if "file_version" in row:
        file, version = row.get("file", ("", ""))[0], row["file_version"][0]
        if not file or not version:
            raise _RowError("expected a file name and its version")
        row["files"] = (f"{file}={version}", row["file_version"][1])
    elif not row.get("hotfixes", ("", ""))[0]:
        raise _RowError("expected a hotfix number")
    return {column: row[column] for column in ("hotfixes", "files") if column in row}


def _entry(name: str, row: Row) -> tuple[_Entry, Messages]:
    """Return the template of what a row says, with messages."""
    messages: list[tuple[bool, str]] = []
    levels: list[str] = []
    product_text = row.get("product", ("", ""))[0]
    version_text, version_title = row.get("version", ("", "version"))
    build_text, build_title = row.get("build", ("", "build"))
    worded = _VERSION_WORD.sub("", version_text)
    directory = _DIRECTORY.fullmatch(version_text)
    version_text = version_text if directory else worded
    if directory:
        version_text = directory.group(1)
        build_text = build_text or directory.group(2)
        if directory.group(3):
            levels.append(_level(directory.group(3), version_title))
        product_text = product_text or "Exchange Server"
    for text, title in ((product_text, "product"), (version_text, version_title)):
        match = _RELEASE_LEVEL.fullmatch(text)
        if match:
            levels.append(_level(f"SP{match.group(2)}", title))
    product_text = (_RELEASE_LEVEL.fullmatch(product_text) or [product_text, product_text])[1]
    version_text = (_RELEASE_LEVEL.fullmatch(version_text) or [version_text, version_text])[1].strip()
    if row.get("service_pack", ("", ""))[0]:
        levels.append(_level(*row["service_pack"]))
    line = _line(product_text, version_text, build_text, row.get("files", ("", ""))[0], messages)
    if not build_text and _DOTTED.fullmatch(version_text):
        build_text, build_title = version_text, version_title
    entry = _Entry(line, levels=dict.fromkeys(levels, 0))
    if build_text:
        build = product.line_build(product.line(line), build_text)
        if build:
            entry.builds[build] = 0
        elif product.parse_build(build_text):
            entry.foreign[build_text] = 0
            messages.append((False, f'{build_title} "{_clip(build_text)}" is no build of {line}'))
        else:
            expected = "expected a number such as 2653.23; the cell is left out"
            messages.append((True, f'{build_title} "{_clip(build_text)}": {expected}'))
    known = {each.name for each in product.line(line).levels}
    for level in entry.levels:
        if known and level not in known:
            remark = "no such service pack is known; counted as later than all known ones"
            messages.append((False, f"{line} {level}: {remark}"))
    for column in ("host", "product", "version", "service_pack", "build", "os"):
        if column in row and (row[column][0] or column == "host"):
            entry.sources.append((column, Source(name, 0, row[column][1]), row[column][0] if column != "host" else ""))
    os_text = row.get("os", ("", ""))[0]
    if os_text:
        match = _RELEASE_LEVEL.fullmatch(os_text)
        system = product.find_line(match.group(1) if match else os_text)
        if product.line(system).levels:
            entry.platform.setdefault((system, product.parse_level(match.group(2)) if match else None))
    if "file_version" in row and "file" in row and row["file"][0]:
        row = {**row, "files": (f"{row['file'][0]}={row['file_version'][0]}", row["file_version"][1])}
    return entry, (*messages, *_details(entry, name, row))


def _details(entry: _Entry, name: str, row: Row) -> Iterator[tuple[bool, str]]:
    """Add hotfixes and files to an entry; return messages."""
    hotfixes, title = row.get("hotfixes", ("", ""))
    for token in _TOKENS.split(hotfixes) if hotfixes else ():
        match = _HOTFIX.fullmatch(token)
        if match:
            entry.hotfixes.setdefault(f"Q{match.group(1)}")
            entry.sources.append(("hotfixes", Source(name, 0, title), token))
        elif token:
            yield True, f'{title} "{_clip(token)}": expected an article number such as Q241556; it is left out'
    files, title = row.get("files", ("", ""))
    of = product.line(entry.line)
    for part in _PARTS.split(files) if files else ():
        if not part.strip():
            continue
        match = _FILE.fullmatch(part.strip())
        build = product.parse_build(match.group(2)) if match else ()
        if match is None or not build:
            yield True, f'{title} "{_clip(part.strip())}": expected name=version; it is left out'
            continue
        key = match.group(1).strip().rsplit("\\", 1)[-1].casefold()
        build = product.line_build(of, match.group(2)) or build
        remark = entry.add_file(key, build, match.group(2), match.group(1))
        if remark:
            yield False, remark
        entry.sources.append((f"files:{key}", Source(name, 0, title), part.strip()))


def _level(text: str, title: str) -> str:
    level = product.parse_level(text)
    if level is None:
        raise _RowError(f'{title} "{_clip(text)}": expected a number, "RTM" or nothing')
    return level


def _line(product_text: str, version: str, build: str, files: str, messages: list[tuple[bool, str]]) -> str:
    """Return the product line; build and file versions tell it where product or version are not given."""
    release = version
    if re.fullmatch(r"\d+\.\d+\.\d+(?:\.\d+)*", version):
        release = ".".join(version.split(".")[:2])
    if product_text:
        line = product.find_line(product_text, release)
        if product.line(line).levels or release:
            return line
        found = _by_build(build or version, product.known_product(product_text)) or _by_files(files)
        if found:
            return found
        if product.known_product(product_text) is None:
            return line
        raise _RowError(
            f'product "{_clip(product_text)}": expected a release with it, in version (such as 5.5) or build'
        )
    found = _by_build(build, None) or _by_files(files)
    if found is None and release in _EXCHANGE:
        found = product.find_line("Exchange Server", release)
    if found is None:
        raise _RowError("no product, and neither version nor build tells it: expected for example Exchange Server, 5.5")
    messages.append((False, f"no product given: taken as {found}"))
    return found


def _by_build(build: str, wanted: str | None) -> str | None:
    fits = [
        each.name
        for each in product.lines()
        if each.scheme == "branch"
        and (wanted is None or each.product == wanted)
        and product.level_of_build(each, product.line_build(each, build)) is not None
    ]
    return fits[0] if len(fits) == 1 else None


def _by_files(files: str) -> str | None:
    found = {
        _by_build(match.group(2), None)
        for match in map(_FILE.fullmatch, (p.strip() for p in files.split(";")))
        if match
    }
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _show(refusal: Refusal) -> str:
    return f"{refusal.file}:{refusal.line}: {refusal.message}"


def _dotted(build: tuple[int, ...]) -> str:
    return ".".join(map(str, build))


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


# --- text -------------------------------------------------------------------------------------------------------------


def _examine(stream: BinaryIO) -> tuple[str, str]:
    """Return the codec and the sha256 of a stream, and leave it at its begin.

    By byte-order mark, else UTF-16 by its zero bytes, else UTF-8, else windows-1252.
    """
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    codec = ""
    while chunk := stream.read(1024 * 1024):
        digest.update(chunk)
        if not codec:
            codec = _codec(chunk)
        if codec == "utf-8":
            try:
                utf8.decode(chunk)
            except UnicodeDecodeError:
                codec = "cp1252"
    if codec == "utf-8":
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            codec = "cp1252"
    stream.seek(0)
    return codec or "utf-8", digest.hexdigest()


def _codec(begin: bytes) -> str:
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if begin.startswith(mark):
            return codec
    if b"\0" in begin[:2]:
        return "utf-16-le" if begin[1:2] == b"\0" else "utf-16-be"
    return "utf-8"


def _header(name: str, text: TextIO) -> tuple[int, int, str, list[str]]:
    """Read up to the header, the first row with a cell that is not blank.

    Return its line, the line after it, the delimiter and the cells.
    """
    csv.field_size_limit(16 * 1024 * 1024)
    blank, sample = 0, text.readline()
    while sample and not sample.strip():
        blank, sample = blank + 1, text.readline()
    if not sample:
        raise InventoryError(f"{name}: empty inventory")
    delimiter = max(",;\t", key=sample.count)
    reader = csv.reader(chain([sample], text), delimiter=delimiter)
    line = blank + 1
    for cells in reader:
        if any(map(str.strip, cells)):
            return line, blank + reader.line_num + 1, delimiter, cells
        line = blank + reader.line_num + 1
    raise InventoryError(f"{name}: empty inventory")


def _rows(text: Iterable[str], delimiter: str, line: int) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Return rows in batches: the lines on which they begin, `line` for the first, and their cells."""
    reader = csv.reader(text, delimiter=delimiter)
    end = line - 1
    while batch := list(islice(reader, _BATCH)):
        lines: Sequence[int] = range(end + 1, end + 1 + len(batch))
        if line - 1 + reader.line_num != end + len(batch):
            breaks = (1 + sum(len(_BREAK.findall(cell)) for cell in cells) for cells in batch)
            lines = list(accumulate(breaks, initial=end + 1))[:-1]
        end = line - 1 + reader.line_num
        yield lines, batch
