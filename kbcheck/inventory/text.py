"""The text of an inventory file: its codec and digest, its delimiter and header, its rows with their lines."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import BinaryIO, TextIO

from kbcheck import KbcheckError

BATCH = 1024  # rows
_BREAK = re.compile(r"\r\n|\r|\n")


class InventoryError(KbcheckError):
    """The file is no inventory at all (no header, no host column, no rows); the message names it."""


def examine(stream: BinaryIO) -> tuple[str, str]:
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


def read_header(name: str, text: TextIO) -> tuple[int, int, str, list[str]]:
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


def batches(text: Iterable[str], delimiter: str, line: int) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Return rows in batches: the lines on which they begin, `line` for the first, and their cells."""
    reader = csv.reader(text, delimiter=delimiter)
    end = line - 1
    while batch := list(islice(reader, BATCH)):
        lines: Sequence[int] = range(end + 1, end + 1 + len(batch))
        if line - 1 + reader.line_num != end + len(batch):
            breaks = (1 + sum(len(_BREAK.findall(cell)) for cell in cells) for cells in batch)
            lines = list(accumulate(breaks, initial=end + 1))[:-1]
        end = line - 1 + reader.line_num
        yield lines, batch
