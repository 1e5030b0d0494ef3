"""What must be done at the least, as programs of their own: `python benchmarks/floors.py NAME ARGUMENT...`.

store PATH DB    read all bytes, store the bare text with executemany in one transaction, index it
hash PATH        read and hash all bytes
rows CSV         read an inventory with csv.reader
nothing          start Python
"""

from __future__ import annotations

import sys


def store(path: str, database: str) -> None:
    import sqlite3

    from kbcheck import archive

    base = sqlite3.connect(database)
    base.execute("CREATE TABLE article (number INTEGER PRIMARY KEY, text TEXT)")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='article', content_rowid='number')")
    found = (item for item in archive.find([path]) if isinstance(item, archive.Found))
    texts = ((item.data.decode("cp1252", "replace"),) for item in found)
    base.executemany("INSERT INTO article (text) VALUES (?)", texts)
    base.execute("INSERT INTO words (rowid, text) SELECT number, text FROM article")
    base.commit()


def hash_(path: str) -> None:
    import hashlib

    from kbcheck import archive

    for item in archive.find([path]):
        if isinstance(item, archive.Found):
            hashlib.sha256(item.data).hexdigest()


def rows(path: str) -> None:
    import csv

    with open(path, newline="", encoding="utf-8") as stream:
        for _ in csv.reader(stream):
            pass


if __name__ == "__main__":
    {"store": store, "hash": hash_, "rows": rows, "nothing": lambda: None}[sys.argv[1]](*sys.argv[2:])
