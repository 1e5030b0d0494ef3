"""Rows of inventory files as columns of numbers: what rows tell is read once for each distinct way to tell it."""

from __future__ import annotations

import io
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, islice
from operator import call, itemgetter
from typing import BinaryIO

from kbcheck.inventory.cells import Entry, RowError, long_form, template
from kbcheck.inventory.columns import Columns, Messages, Row
from kbcheck.inventory.text import BATCH, LONGEST, examine, read_header, records
from kbcheck.model import LONGEST_NAME, Extra, Refusal


class Rows:
    """Rows as columns (see Folded): which template each has, its host, line, extra; hosts.py merges those of a host."""

    def __init__(self) -> None:
        self.templates: list[Entry] = []
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
        """Take the rows of one file. Raises InventoryError when it is no inventory."""
        codec, digest, broken = examine(stream)
        with io.TextIOWrapper(stream, codec, "replace", newline="") as text:
            header_line, line, delimiter, header = read_header(name, text)
            columns = Columns(name, header_line, header)
            if broken:
                self.say(name, header_line, ((False, "marked as UTF-8, with bytes that are none: read as U+FFFD"),))
            self.say(name, header_line, columns.remarks())
            table = _Table(self, name, columns, delimiter)
            while batch := list(islice(text, BATCH)):
                if '"' not in "".join(batch) and table.known(line, batch):
                    line += len(batch)
                    continue
                lines, rows, refused, line = records(batch, text, delimiter, line, len(header))
                table.refuse(refused)
                table.rows(lines, rows)
        self.inventories.append((name, digest, table.count))

    def say(self, name: str, line: int, messages: Messages, host: str = "") -> None:
        """Keep what there is to say about a row."""
        for refusal, message in messages:
            (self.refusals if refusal else self.remarks).append(Refusal(name, line, message, host))

    def extra_number(self, extra: Extra) -> int:
        """Return the number of what is kept beside a row, for reports."""
        number = self.extra_numbers.setdefault(extra, len(self.extras))
        if number == len(self.extras):
            self.extras.append(extra)
        return number

    def absorb(self, other: Rows) -> None:
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


class _Table:
    """The rows of one file, added to all rows in batches.

    What columns tell is read once for each distinct way to write them.
    """

    def __init__(self, into: Rows, name: str, columns: Columns, delimiter: str) -> None:
        self.count = 0
        self._into, self._name, self._columns, self._delimiter = into, name, columns, delimiter
        self._told, self._extras = _Numbers(columns.telling, self._tell), _Numbers(columns.kept, self._extra)
        self._noisy: dict[int, Messages] = {}
        self._lines = None
        if columns.places["host"] == 0 and not columns.long_form and len(columns.telling) > 1:
            self._lines = _Lines(columns, delimiter, self._quiet, self._extras.of)

    def known(self, line: int, batch: list[str]) -> bool:
        """Add a batch of lines without a quote; False, and nothing added, where they must be read cell by cell."""
        lines = self._lines
        if lines is None:
            return False
        if lines.ways > max(self.count // 2, 10 * BATCH):
            self._lines = None  # each row is told in a way of its own: nothing is gained
            return False
        hosts, _, behind = zip(*[each.partition(self._delimiter) for each in batch], strict=True)
        hosts = tuple(map(str.strip, hosts))
        if not all(hosts) or max(map(len, hosts)) > LONGEST_NAME:
            return False
        try:
            which, extras = lines.numbers(behind)
        except _SaidError:
            return False
        self._add(hosts, range(line, line + len(batch)), which, extras)
        self.count += len(batch)
        return True

    def _quiet(self, cells: list[str]) -> int:
        """Return the template of a row; _SaidError when something must be said about it."""
        number = self._told.of(cells)
        if number in self._noisy:
            raise _SaidError
        return number

    def rows(self, lines: Sequence[int], rows: list[list[str]]) -> None:
        """Add a batch of rows, and what there is to say about them."""
        into, columns = self._into, self._columns
        if not columns.fit(rows):
            before = len(into.refusals)
            lines, rows = self._fitted(lines, rows)
            self.count += len(into.refusals) - before
        self.count += len(rows)
        which = list(map(self._told.of, rows))
        heard = self._noisy.keys() & set(which)
        if heard:
            for line, cells, number in zip(lines, rows, which, strict=True):
                if number in heard:
                    self._say(line, self._noisy[number], columns.host(cells).strip())
        if heard and min(heard) < 0:
            kept = [number >= 0 for number in which]
            lines, rows, which = (list(compress(each, kept)) for each in (lines, rows, which))  # type: ignore[assignment]  # lists of three types
        hosts = list(map(str.strip, map(columns.host, rows)))
        if columns.long_form:
            into.additions += zip(hosts, lines, which, strict=True)
        else:
            self._add(hosts, lines, which, map(self._extras.of, rows))

    def refuse(self, lines: Sequence[tuple[int, str]]) -> None:
        """Refuse lines that are no rows, each for its reason: what follows them is read as rows of its own."""
        for line, why in lines:
            self._say(line, ((True, why),))
        self.count += len(lines)

    def _fitted(self, lines: Sequence[int], rows: list[list[str]]) -> tuple[list[int], list[list[str]]]:
        """Return the rows that have a host, with as many cells as the header; refuse others, leave blank ones out."""
        width, kept = self._columns.width, []
        for line, cells in zip(lines, rows, strict=True):
            fitted = cells[:width] + [""] * (width - len(cells))
            host = self._columns.host(fitted).strip()
            if not any(map(str.strip, cells)):
                continue
            if any(map(str.strip, cells[width:])):
                self._say(line, ((True, f"{len(cells)} cells under {width} columns"),), host)
            elif not host or len(host) > LONGEST_NAME:
                why = f"host name of more than {LONGEST_NAME} characters" if host else "no host name"
                self._say(line, ((True, why),))
            else:
                kept.append((line, fitted))
        return [line for line, _ in kept], [cells for _, cells in kept]

    def _tell(self, cells: list[str]) -> int:
        """Return the number of the template, or of the long form's detail, that a row tells; below 0: it is refused."""
        into, row = self._into, self._columns.row(cells)
        try:
            if self._columns.long_form:
                into.details.append((self._name, long_form(row)))
                return len(into.details) - 1
            entry, messages = template(self._name, row)
        except RowError as refused:
            number = -1 - len(self._noisy)
            self._noisy[number] = ((True, str(refused)),)
            return number
        into.templates.append(entry)
        number = len(into.templates) - 1
        if messages:
            self._noisy[number] = messages
        return number

    def _extra(self, cells: list[str]) -> int:
        return self._into.extra_number(self._columns.beside(cells))

    def _say(self, line: int, messages: Messages, host: str = "") -> None:
        self._into.say(self._name, line, messages, host)

    def _add(self, hosts: Iterable[str], lines: Iterable[int], which: Iterable[int], extras: Iterable[int]) -> None:
        into = self._into
        into.names += hosts
        into.which.extend(which)
        into.lines.extend(lines)
        into.extra_of.extend(extras)


class _SaidError(Exception):
    """A row about which something must be said, which needs its line."""


class _Lines(dict[str, int]):
    """The ways to write the cells of a line from the first that tells to the last, each with its template.

    Each is read once, and once for each of them what stands beside them. Lines have no quote and are without the host,
    which is their first cell.
    """

    def __init__(
        self, columns: Columns, delimiter: str, tell: Callable[[list[str]], int], extra: Callable[[list[str]], int]
    ) -> None:
        super().__init__()
        first, last = min(columns.telling), max(columns.telling)
        self._before, self._count, self._behind = first - 1, last - first + 1, columns.width - 1 - last
        self._delimiter, self._tell, self._extra = delimiter, tell, extra
        self._kept = [place - first for place in columns.kept if first <= place <= last]
        self._beside: dict[tuple[str, ...], _Beside] = {}
        self._rests: dict[str, Callable[[str], int]] = {}

    @property
    def ways(self) -> int:
        """How many ways to write a line were read."""
        return max(len(self), sum(map(len, self._beside.values())))

    def numbers(self, texts: Sequence[str]) -> tuple[Iterable[int], Iterable[int]]:
        """Return the templates and the extras of lines. Raises _SaidError."""
        cuts: Sequence[str] = texts
        rests: Sequence[str] = [""] * len(texts)
        if self._behind == 1:  # as often; in half the time
            cuts, _, rests = zip(*[text.rpartition(self._delimiter) for text in texts], strict=True)
        elif self._behind:
            cuts = [text.rsplit(self._delimiter, self._behind)[0] for text in texts]
            rests = [text[len(cut) + 1 :] for text, cut in zip(texts, cuts, strict=True)]
        if self._before:
            whole, cuts = cuts, [cut.split(self._delimiter, self._before)[-1] for cut in cuts]
            rests = [all_[: len(all_) - len(cut)] + rest for all_, cut, rest in zip(whole, cuts, rests, strict=True)]
        templates = list(map(self.__getitem__, cuts))
        if len(self._beside) == 1:  # as where no cell is kept between those that tell
            (beside,) = self._beside.values()
            return templates, list(map(beside.__getitem__, rests))
        return templates, list(map(call, map(self._rests.__getitem__, cuts), rests))

    def __missing__(self, text: str) -> int:
        cells = text.rstrip("\r\n").split(self._delimiter)
        # With one cell too many or too few, the line has as many too many or too few.
        if len(cells) != self._count or len(text) > LONGEST:
            raise _SaidError
        template = self._tell([*[""] * (self._before + 1), *cells, *[""] * self._behind])
        kept = tuple(cells[place] for place in self._kept)
        beside = self._beside.setdefault(kept, _Beside(cells, self._before, self._delimiter, self._extra))
        self._rests[text] = beside.__getitem__
        self[text] = template
        return template


class _Beside(dict[str, int]):
    """The extra for each way to write what stands before and behind some cells of a line."""

    def __init__(self, cells: list[str], before: int, delimiter: str, extra: Callable[[list[str]], int]) -> None:
        super().__init__()
        self._cells, self._before, self._delimiter, self._extra = cells, before, delimiter, extra

    def __missing__(self, text: str) -> int:
        if len(text) > LONGEST:
            raise _SaidError
        cells = text.rstrip("\r\n").split(self._delimiter)
        number = self[text] = self._extra(["", *cells[: self._before], *self._cells, *cells[self._before :]])
        return number


class _Numbers:
    """A number for each distinct way to tell some cells; `new` gives that of a row whose cells were not seen before."""

    def __init__(self, places: Sequence[int], new: Callable[[list[str]], int]) -> None:
        self._key: Callable[[list[str]], object] = itemgetter(*places) if places else lambda cells: ()
        self._new = new
        self._known: dict[object, int] = {}

    def of(self, row: list[str]) -> int:
        """Return the number of a row."""
        key = self._key(row)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._new(row)
        return number
