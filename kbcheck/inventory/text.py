"""The text of an inventory file: its codec and digest, its delimiter and header, its rows with their lines."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, takewhile
from typing import BinaryIO, TextIO

from kbcheck import KbcheckError

BATCH = 1024  # rows
LONGEST = 16 * 1024 * 1024  # characters of a cell
_SEPARATOR = re.compile(r'"?sep=([^"\r\n\w])?"?\s*$', re.IGNORECASE)
_ROW_LINES = 200  # lines of one row; a note in a cell has some
_FEW = 3  # columns: a line of a note may well have as many commas as so narrow a row
_UNCLOSED = 'a quote is opened and not closed: expected "..." with each quote in it doubled'


class InventoryError(KbcheckError):
    """The file is no inventory at all (no header, no host column, no rows); the message names it."""


def examine(stream: BinaryIO) -> tuple[str, str, bool]:
    """Return the codec and the sha256 of a stream, and leave it at its begin.

    By byte-order mark, else UTF-16 by its zero bytes, else UTF-8, else windows-1252. Also whether it has the mark of
    UTF-8, and bytes that are none.
    """
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")()
    codec, valid = "", True
    while chunk := stream.read(1024 * 1024):
        digest.update(chunk)
        codec = codec or _codec(chunk)
        plain = chunk.isascii() and not utf8.getstate()[0]  # the quick way for most
        valid = valid and codec.startswith("utf-8") and (plain or _decodes(utf8, chunk))
    valid = valid and _decodes(utf8, b"", final=True)
    stream.seek(0)
    return (
        "cp1252" if codec == "utf-8" and not valid else codec or "utf-8",
        digest.hexdigest(),
        (codec == "utf-8-sig" and not valid),
    )


def _decodes(decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(data, final)
    except UnicodeDecodeError:
        return False
    return True


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


def read_header(name: str, text: TextIO) -> tuple[int, int, str, list[str]]:
    """Read up to the header, the first row with a cell that is not blank.

    Return its line, the line after it, the delimiter and the cells.
    """
    csv.field_size_limit(LONGEST)
    blank, sample = 0, text.readline()
    delimiter = ""
    # #TYPE System.Object, of PowerShell; sep=; of Excel
    while sample and (not sample.strip() or sample.startswith("#TYPE ") or _SEPARATOR.match(sample)):
        separator = _SEPARATOR.match(sample)
        delimiter = (separator.group(1) if separator else None) or delimiter
        blank, sample = blank + 1, text.readline()
    if not sample:
        raise InventoryError(f"{name}: empty inventory")
    delimiter = delimiter or max(",;\t", key=sample.count)
    reader = csv.reader(chain([sample], text), delimiter=delimiter)
    line = blank + 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                return line, blank + reader.line_num + 1, delimiter, cells
            line = blank + reader.line_num + 1
    except csv.Error as error:
        raise InventoryError(f"{name}:{line}: {error}") from error
    raise InventoryError(f"{name}: empty inventory")


def records(
    batch: list[str], following: Iterator[str], delimiter: str, line: int, width: int
) -> tuple[Sequence[int], list[list[str]], list[tuple[int, str]], int]:
    """Return the rows in a batch of lines: the line on which each begins, its cells.

    Also the lines that are no rows (their quote is never closed, a cell is too long), each with the reason, and the
    line behind the last. A row that is not complete in the batch takes what it needs of the lines that follow; `width`
    is the number of columns.
    """
    try:
        rows = list(csv.reader(batch, delimiter=delimiter, strict=True))
    except csv.Error:
        rows = []
    if len(rows) == len(batch):
        return range(line, line + len(batch)), rows, [], line + len(batch)
    lines, rows, refused, waiting = [], [], [], deque(batch)
    while waiting:
        taken, why = [waiting.popleft()], _UNCLOSED
        try:
            cells = _record(taken, waiting, following, delimiter, width)
        except csv.Error:
            cells, why = None, f"a cell of more than {LONGEST} characters"
        if cells is None:
            refused.append((line, why))
            waiting.extendleft(reversed(taken[1:]))
            line += 1
            continue
        lines.append(line)
        rows.append(cells)
        line += len(taken)
    return lines, rows, refused, line


def _record(
    taken: list[str], waiting: deque[str], following: Iterator[str], delimiter: str, width: int
) -> list[str] | None:
    """Return the cells of the row that begins with the line in `taken`, to which the lines that it takes are added.

    None when a quote that it opens is not closed: not in some hundred lines, or only behind what is a row by itself.
    Raises csv.Error when a cell is too long.
    """

    def lines() -> Iterator[str]:
        yield taken[0]
        while len(taken) < _ROW_LINES:
            more = waiting.popleft() if waiting else next(following, None)
            if more is None:
                return
            taken.append(more)
            yield more

    try:
        cells = next(csv.reader(lines(), delimiter=delimiter, strict=True))
    except csv.Error:
        if len(taken) > 1:
            return None
        # In one line a quote may stand as it likes, if only it is closed: else the end of the line is in its cell.
        cells = next(csv.reader([taken[0].rstrip("\r\n") + "\n"], delimiter=delimiter))
        return None if cells and cells[-1].endswith("\n") else cells
    return None if any(_is_row(each, cells, delimiter, width) for each in taken[1:]) else cells


def _is_row(line: str, cells: list[str], delimiter: str, width: int) -> bool:
    """Whether a line between quotes is a row by itself; `cells` are those of the row that takes it.

    In a row no blank stands behind a delimiter, in a sentence one does. A line with an odd number of quotes closes the
    one that is opened: it is a row only where it tells the same as a cell (product, version) before that quote.
    """
    if width <= _FEW or line.count(delimiter) - line.count(f"{delimiter} ") != width - 1:
        return False
    if line.count('"') % 2 == 0:
        return True
    before = takewhile(lambda cell: "\n" not in cell and "\r" not in cell, cells)
    return any(one == other != "" for one, other in zip(before, line.split(delimiter), strict=False))
