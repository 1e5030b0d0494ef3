"""Timings of kbcheck as ratios against a floor measured in the same run: `make bench`.

    python benchmarks/run.py [--only import,scan] [--archive kb.zip] [--articles N] [--hosts N] [--runs N]

The input is made here, seeded (inputs.py); `--archive` imports real articles instead of made-up ones. Each figure is
the processor time of a whole process and its children, user and system, the least of `--runs` runs; the floor
(floors.py) is measured in turn with it, so that the ratio holds where the machine's speed drifts. Memory is the peak
of the largest single process. Needs a POSIX system, which counts both.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import inputs

from kbcheck import archive

ROOT = inputs.ROOT
PYTHON = sys.executable
KBCHECK = (PYTHON, "-m", "kbcheck")
FLOOR = (PYTHON, str(ROOT / "benchmarks" / "floors.py"))
HEADERS = ("measure", "CPU s", "wall s", "peak MB", "floor CPU s", "ratio", "floor")


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds of processor time, of wall-clock time, MB at its peak."""

    cpu: float
    wall: float
    peak: float


def measure(command: Sequence[str | Path]) -> Cost:
    """Run a command once, to its end."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(map(str, command))}: {said.decode()}")
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - begin, used.ru_maxrss / unit)


class Bench:
    """Measures, and prints a row for each as it is known."""

    def __init__(self, runs: int) -> None:
        self._runs = runs

    def head(self, title: str) -> None:
        print(f"\n### {title}\n\n| {' | '.join(HEADERS)} |\n|---|{'---:|' * 5}---|", flush=True)

    def row(
        self,
        name: str,
        own: Sequence[str | Path],
        floor: Sequence[str | Path] = (),
        label: str = "",
        before: Callable[[], None] = lambda: None,
    ) -> Cost:
        """Measure `own` against `floor`, in turn; `before` prepares each run and is not counted."""
        owns, floors = [], []
        for _ in range(self._runs):
            before()
            owns.append(measure(own))
            if floor:
                floors.append(measure([*FLOOR, *floor]))
        least = min(owns, key=lambda cost: cost.cpu)
        cells = [name, f"{least.cpu:.2f}", f"{least.wall:.2f}", f"{max(cost.peak for cost in owns):.0f}"]
        if floors:
            bottom = min(cost.cpu for cost in floors)
            cells += [f"{bottom:.2f}", f"{least.cpu / max(bottom, 0.001):.1f}", label]
        else:
            cells += ["", "", label]
        print(f"| {' | '.join(cells)} |", flush=True)
        return least


def machine() -> str:
    """Return what the machine is, in a line."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{name}, {cores} processors, {platform.system()}, {versions}"


def imports(bench: Bench, source: Path, folder: Path) -> None:
    """(a) and (b): a first import, and the same again."""
    base, bare = folder / "kb.db", folder / "floor.db"

    def fresh() -> None:
        for path in folder.glob("*.db*"):
            path.unlink()

    bench.head("Import")
    store = ("store", source, bare)
    label = "read all bytes, store and index the bare text"
    one = bench.row("import, 1 process", [*KBCHECK, "import", source, "--db", base, "-j1"], store, label, fresh)
    two = bench.row("import, 2 processes", [*KBCHECK, "import", source, "--db", base, "-j2"], store, label, fresh)
    print(f"\nTwo processes are {one.wall / two.wall:.2f} times as fast by the clock as one.")
    bench.head("The same import again")
    again = [*KBCHECK, "import", source, "--db", base, "-j1"]
    bench.row("import, unchanged", again, ("hash", source), "read and hash all bytes")


def scans(bench: Bench, base: Path, hosts: int, folder: Path) -> None:
    """(c): a scan of 1,000 hosts, then of ten times as many, and so on."""
    bench.head("Scan, all advisories with a fix for a product of the estate")
    number = 1000
    while number <= hosts:
        path = folder / f"hosts-{number}.csv"
        inputs.inventory(path, number)
        command = [*KBCHECK, "scan", path, "--db", base]
        bench.row(f"scan of {number:,} hosts", command, ("rows", path), "csv.reader on the same file")
        number *= 10


def growth(bench: Bench, base: Path, source: Path, hosts: int, folder: Path) -> None:
    """(d): the same number of hosts at more and more levels; the same hosts against more and more articles."""
    bench.head("Growth with distinct levels")
    hosts = min(hosts, 100_000)
    for levels in (10, 100, 1000, 10_000):
        path = folder / f"levels-{levels}.csv"
        inputs.distinct(path, hosts, levels)
        bench.row(f"{hosts:,} hosts at {levels:,} levels", [*KBCHECK, "scan", path, "--db", base])
    bench.head("Growth with advisories")
    path = folder / "grown.csv"
    inputs.inventory(path, hosts)
    for keep in (8, 4, 2):
        few, some = folder / f"part-{keep}", folder / f"part-{keep}.db"
        inputs.part(archive.find([source]), few, keep)
        measure([*KBCHECK, "import", few, "--db", some])
        bench.row(f"{hosts:,} hosts, 1/{keep} of the articles", [*KBCHECK, "scan", path, "--db", some])
    bench.row(f"{hosts:,} hosts, all articles", [*KBCHECK, "scan", path, "--db", base])


def questions(bench: Bench, base: Path, folder: Path) -> None:
    """(e): one question on the full database."""
    bench.head("One question, with start-up")
    path = folder / "asked.csv"
    inputs.inventory(path, 1000)
    measure([*KBCHECK, "scan", path, "--db", base])
    ident = sqlite3.connect(base).execute("SELECT min(id) FROM article WHERE kind = 'bug'").fetchone()[0]
    bench.row("explain", [*KBCHECK, "explain", "SRV0000001", ident, "--db", base], ("nothing",), "bare Python")
    bench.row("search", [*KBCHECK, "search", "deadlock", "thread", "--db", base], ("nothing",), "bare Python")
    bench.row("show", [*KBCHECK, "show", ident, "--db", base], ("nothing",), "bare Python")


def start_up(bench: Bench) -> None:
    """(f): what a command costs before it does anything."""
    bench.head("Start-up")
    bench.row("--version", [*KBCHECK, "--version"], ("nothing",), "bare Python")
    bench.row("scan --help", [*KBCHECK, "scan", "--help"], ("nothing",), "bare Python")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="import,scan,growth,questions,start")
    parser.add_argument("--articles", type=int, default=8_000)
    parser.add_argument("--hosts", type=int, default=1_000_000)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    wanted = set(options.only.split(","))
    bench = Bench(options.runs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.archive
        if source is None:
            source = folder / "articles"
            inputs.articles(source, options.articles)
        base = folder / "kb.db"
        print(machine())
        if "import" in wanted:
            imports(bench, source, folder)
        elif wanted - {"start"}:
            measure([*KBCHECK, "import", source, "--db", base])
        if "scan" in wanted:
            scans(bench, base, options.hosts, folder)
        if "growth" in wanted:
            growth(bench, base, source, options.hosts, folder)
        if "questions" in wanted:
            questions(bench, base, folder)
        if "start" in wanted:
            start_up(bench)


if __name__ == "__main__":
    main()
