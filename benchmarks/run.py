"""Timings of kbcheck as ratios against a floor measured in the same run: `make bench`.

    python benchmarks/run.py [--articles N] [--hosts N] [--archive kb.zip]

The input is made here, seeded: N articles from the bundled ones under other numbers, and an inventory with a realistic
skew of levels. `--archive` imports real articles instead. Each figure is processor time of a process of its own.

| measure | floor |
|---|---|
| import | reading all bytes, storing the bare text and indexing it |
| the same import again | reading and hashing all bytes |
| scan | reading the same CSV with csv.reader |
| start-up | bare Python |
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FLOOR_IMPORT = """
import sqlite3, sys
from kbcheck import archive
base = sqlite3.connect(sys.argv[2])
base.execute("CREATE TABLE a (n INTEGER PRIMARY KEY, text TEXT)")
base.execute("CREATE VIRTUAL TABLE s USING fts5(text, content='a', content_rowid='n')")
found = (i.data.decode("cp1252", "replace") for i in archive.find([sys.argv[1]]) if isinstance(i, archive.Found))
base.executemany("INSERT INTO a (text) VALUES (?)", ((text,) for text in found))
base.execute("INSERT INTO s (rowid, text) SELECT n, text FROM a")
base.commit()
"""
FLOOR_AGAIN = """
import hashlib, sys
from kbcheck import archive
for item in archive.find([sys.argv[1]]):
    if isinstance(item, archive.Found):
        hashlib.sha256(item.data).hexdigest()
"""
FLOOR_SCAN = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='')):\n    pass\n"


def seconds(*command: str | Path) -> float:
    """Return the processor seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def articles(folder: Path, number: int) -> None:
    """Write `number` articles: the bundled ones, each under many numbers."""
    texts = [path.read_bytes() for path in sorted((ROOT / "advisories").glob("Q*.TXT"))]
    for index in range(number):
        ident = b"DOCUMENT:Q%d " % (400_000 + index)
        (folder / f"Q{400_000 + index}.TXT").write_bytes(
            re.sub(rb"DOCUMENT:Q\d+ ", ident, texts[index % len(texts)], count=1)
        )


def inventory(path: Path, number: int, chance: random.Random) -> None:
    """Write an inventory: most hosts at SP3 or SP4, some with a newer store."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write("host,product,version,service_pack,files\n")
        for index in range(number):
            level = chance.choices(["", "RTM", "SP1", "SP2", "SP3", "SP4"], [1, 1, 3, 5, 30, 60])[0]
            file = f"Store.exe=5.5.2654.{chance.randrange(40)}" if level == "SP4" and chance.random() < 0.2 else ""
            stream.write(f"H{index:07},Exchange Server,5.5,{level},{file}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2_000)
    parser.add_argument("--hosts", type=int, default=2_000)
    parser.add_argument("--archive", type=Path)
    options = parser.parse_args()
    kbcheck = (sys.executable, "-m", "kbcheck")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.archive
        if source is None:
            source = folder / "articles"
            source.mkdir()
            articles(source, options.articles)
        hosts, base = folder / "hosts.csv", folder / "kb.db"
        inventory(hosts, options.hosts, random.Random(241556))
        os.environ["PYTHONPATH"] = str(ROOT)
        rows = [
            (
                "import",
                seconds(*kbcheck, "import", source, "--db", base),
                seconds(sys.executable, "-c", FLOOR_IMPORT, source, folder / "f.db"),
            ),
            (
                "the same again",
                seconds(*kbcheck, "import", source, "--db", base),
                seconds(sys.executable, "-c", FLOOR_AGAIN, source),
            ),
            (
                f"scan of {options.hosts:,} hosts",
                seconds(*kbcheck, "scan", hosts, "--db", base, "-q"),
                seconds(sys.executable, "-c", FLOOR_SCAN, hosts),
            ),
            ("start-up", seconds(*kbcheck, "--version"), seconds(sys.executable, "-c", "pass")),
        ]
    print("| measure | kbcheck, s | floor, s | ratio |\n|---|---:|---:|---:|")
    for name, own, floor in rows:
        print(f"| {name} | {own:.2f} | {floor:.2f} | {own / max(floor, 0.001):.1f} |")


if __name__ == "__main__":
    main()
