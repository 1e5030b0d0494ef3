"""Workers: order, bounds, workers that die, workers that must not outlive the program."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import text

from kbcheck import importing
from kbcheck.archive import Found
from kbcheck.store import Store
from kbcheck.workers import Lost, Workers, WorkersError


def double(number: int) -> int:
    return 2 * number


def die_once(task: tuple[str, int]) -> int:
    """End the process at 7 when no process has done so before."""
    folder, number = task
    if number == 7:
        try:
            (Path(folder) / "died").touch(exist_ok=False)
        except FileExistsError:
            return number
        os._exit(1)
    return number


def die_always(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def refuse(number: int) -> int:
    raise ValueError(number)


class UnsentError(Exception):
    """An error that cannot be made again from what it was made of."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def refuse_oddly(number: int) -> object:
    if number < 10:
        raise UnsentError(number, 2)
    return lambda: number  # no process can send it


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("number", [0, 1, 5, 100])
def test_results_come_in_the_order_of_the_chunks(jobs: int, number: int) -> None:
    with Workers(jobs) as workers:
        assert list(workers.map(double, range(number))) == [(n, 2 * n) for n in range(number)]


def test_only_some_chunks_are_under_way() -> None:
    taken = 0

    def chunks() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    with Workers(2) as workers:
        for count, _ in enumerate(workers.map(double, chunks())):
            assert taken - count <= 8 * (2 + 1)  # eight ahead for each worker and for the program itself
            if count == 50:
                break


def test_a_worker_that_dies_is_told_and_its_chunk_done_again(tmp_path: Path) -> None:
    told: list[str] = []
    tasks = [(str(tmp_path), number) for number in range(40)]
    with Workers(2, tell=told.append) as workers:
        assert [result for _, result in workers.map(die_once, tasks)] == list(range(40))
    assert len(told) == 1
    assert "a worker died" in told[0]


def test_a_chunk_that_kills_every_worker_is_lost_and_the_others_are_done() -> None:
    told: list[str] = []
    with Workers(2, tell=told.append) as workers:
        results = dict(workers.map(die_always, range(20)))
    assert isinstance(results.pop(7), Lost)
    assert results == {number: number for number in range(20) if number != 7}
    assert told


def test_what_the_function_raises_is_raised() -> None:
    with Workers(2) as workers, pytest.raises(ValueError, match="0"):
        list(workers.map(refuse, range(20)))


@pytest.mark.parametrize("address", ["dask://", "spark://localhost:1", "localhost:8786", "dask://127.0.0.1:1"])
def test_a_cluster_that_cannot_be_had_is_told(address: str) -> None:
    with pytest.raises(WorkersError, match=r"expected dask://HOST:PORT|no scheduler answers|kbcheck\[cluster\]"):
        Workers(1, address)


SLEEPER = """
import os, sys, time
sys.path.insert(0, {tests!r})
from kbcheck.workers import Workers
import test_workers
if __name__ == "__main__":
    with Workers(2) as workers:
        list(workers.map(test_workers.tell_and_sleep, [{folder!r}] * 10))
"""


def tell_and_sleep(folder: str) -> None:
    (Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(60)


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc to see which processes live")
def test_no_worker_outlives_a_killed_program(tmp_path: Path) -> None:
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER.format(tests=str(Path(__file__).parent), folder=str(tmp_path)), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL) as program:
        until = time.monotonic() + 30
        while len(list(tmp_path.glob("*.pid"))) < 2:
            assert time.monotonic() < until, "the workers did not start"
            time.sleep(0.05)
        program.kill()
    workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
    until = time.monotonic() + 30
    while any(_lives(pid) for pid in workers):
        assert time.monotonic() < until, "a worker outlived the program"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1][0]
    except OSError:
        return False
    return state not in "ZX"


# --- a cluster --------------------------------------------------------------------------------------------------------


def slowly_double(number: int) -> int:
    time.sleep(0.05)
    return 2 * number


def test_a_cluster_gives_the_same_answer_when_one_of_its_workers_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, processes = cluster
    with Workers(1, address) as workers:
        results = []
        for number, result in workers.map(slowly_double, range(60)):
            if number == 10:
                processes[0].kill()
            results.append(result)
    assert results == [2 * number for number in range(60)]


def test_an_import_on_a_cluster_is_the_import_on_one_process(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, processes = cluster
    items = [Found(f"{n}.TXT", text(f"Q{100_000 + n}", title=f"XADM: Store Stops {n}")) for n in range(700)]

    def killing() -> Iterator[Found]:
        for number, item in enumerate(items):
            if number == 400:
                processes[1].kill()
            yield item

    with Store(str(tmp_path / "one.db")) as one, Store(str(tmp_path / "cluster.db")) as store:
        expected = importing.run(items, one)
        with Workers(1, address) as workers:
            assert importing.run(killing(), store, workers=workers) == expected
        assert list(store.articles()) == list(one.articles())
        assert store.digests() == one.digests()


@pytest.mark.parametrize(
    ("first", "message"), [(3, "UnsentError: 3 and 2"), (20, "refuse_oddly.<locals>.<lambda>")], ids=["error", "result"]
)
def test_what_cannot_be_sent_is_told_in_words(first: int, message: str) -> None:
    told: list[str] = []
    with Workers(2, tell=told.append) as workers, pytest.raises(Exception, match=message) as raised:
        list(workers.map(refuse_oddly, range(first, first + 5)))
    assert "refuse_oddly" in f"{raised.value} {getattr(raised.value, '__notes__', ())}"
    assert told == []


def test_workers_that_die_leave_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with Workers(2) as workers:
        results = [result for _, result in workers.map(die_always, [7] * 20)]
        after = len(os.listdir("/proc/self/fd")) if before else 0
    assert results == [Lost()] * 20
    assert after - before < 20
