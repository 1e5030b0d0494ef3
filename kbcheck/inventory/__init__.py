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

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from kbcheck.inventory import hosts
from kbcheck.inventory.rows import Rows
from kbcheck.inventory.text import InventoryError
from kbcheck.model import Fleet

__all__ = ["InventoryError", "Rows", "files", "merge", "part", "read", "read_bytes"]


def read(paths: Iterable[Path]) -> Fleet:
    """Read inventory files (a folder stands for the `.csv` files in it, by name).

    Raises InventoryError when a file is no inventory, or nothing in them is an installation; OSError as open() does.
    """
    rows = Rows()
    for name, path in files(paths):
        with path.open("rb") as stream:
            rows.file(name, stream if stream.seekable() else io.BytesIO(stream.read()))
    return hosts.fleet(rows)


def read_bytes(name: str, data: bytes) -> Fleet:
    """Read one inventory from memory; see read()."""
    return merge([part(name, data)])


def part(name: str, data: bytes) -> Rows:
    """Read one file of several; any process can do it. Raises InventoryError when it is no inventory."""
    rows = Rows()
    rows.file(name, io.BytesIO(data))
    return rows


def merge(parts: Iterable[Rows]) -> Fleet:
    """Return the fleet of several files, in their order; see read()."""
    whole = Rows()
    for each in parts:
        whole.absorb(each)
    return hosts.fleet(whole)


def files(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """Return the inventory files that `paths` stand for, each with the name by which it is told.

    That is the name of the file; of several of one name, the path as it is given.
    """
    every = list(_inside(paths))
    names = Counter(path.name for path in every)
    return [(_shown(path.name if names[path.name] == 1 else str(path)), path) for path in every]


def _shown(name: str) -> str:
    """Return a name with what of it is no text replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def _inside(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() == ".csv")
            if not inside:
                raise InventoryError(f"{path}: a folder without .csv files")
            yield from inside
        else:
            yield path
