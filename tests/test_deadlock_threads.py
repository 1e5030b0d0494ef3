"""Real threads: they deadlock when they should, are told apart from threads that work, and leave no process behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from kbcheck import deadlock
from kbcheck.deadlock import model, simulation, threads
from kbcheck.deadlock.model import DeadlockError, Variant
from kbcheck.deadlock.threads import Observed, ThreadsRun

SCHEMA = Path(__file__).parent.parent / "kbcheck" / "schemas" / "deadlock-1.json"
posix = pytest.mark.skipif(os.name != "posix", reason="signals and the process table of POSIX")


def _same_line(run: ThreadsRun, thread: str) -> tuple[str, str]:
    """Return the lock that a thread waits for by its state, and by the line at which its stack stands."""
    frames = dict(run.stacks)[thread]
    return dict(run.waits)[thread], frames[0].text.removesuffix(".acquire()")


def _check_deadlock(run: ThreadsRun) -> None:
    assert run.outcome is Observed.DEADLOCK, run
    owners, waits = dict(run.owners), dict(run.waits)
    assert owners["CS1"] != owners["CS2"]
    assert (waits[owners["CS1"]], waits[owners["CS2"]]) == ("CS2", "CS1")
    assert run.cpu_seconds is not None
    assert 0 <= run.cpu_seconds < 0.05
    for thread, frames in run.stacks:
        assert len(set(_same_line(run, thread))) == 1
        assert [frame.file for frame in frames] == ["victim.py"] * len(frames)
        lines = threads.VICTIM.read_text(encoding="utf-8").splitlines()
        assert all(lines[frame.line - 1].strip() == frame.text for frame in frames)
        assert frames[-1].function == "call"


# --- what is observed -------------------------------------------------------------------------------------------------


def test_faulty_deadlocks_by_itself_every_time() -> None:
    for _ in range(20):
        _check_deadlock(threads.observe(Variant.FAULTY))


@pytest.mark.parametrize("variant", [Variant.FIXED, Variant.TRYLOCK])
@pytest.mark.parametrize("count", [2, 4])
def test_fixed_and_trylock_never_deadlock(variant: Variant, count: int) -> None:
    run = threads.observe(variant, count)
    assert run.outcome is Observed.FINISHED, run
    assert run.calls > 0
    assert (run.owners, run.waits, run.stacks, run.cpu_seconds) == ((), (), (), None)


@pytest.mark.parametrize("count", [3, 4])
def test_more_threads_stand_behind_the_cycle(count: int) -> None:
    run = threads.observe(Variant.FAULTY, count)
    _check_deadlock(run)
    assert [thread for thread, _ in run.stacks] == [model.name(thread) for thread in range(count)]
    behind = [thread for thread, _ in run.waits if thread not in dict(run.owners).values()]
    assert len(behind) == count - 2


def test_the_schedule_12_deadlocks_faulty_every_time_and_fixed_never() -> None:
    for _ in range(6):
        run = threads.observe(Variant.FAULTY, schedule="12")
        _check_deadlock(run)
        assert run.owners == (("CS1", "T1"), ("CS2", "T2"))
        assert run.calls == 0
    for _ in range(2):
        assert threads.observe(Variant.FIXED, schedule="12").outcome is Observed.FINISHED


@pytest.mark.parametrize(("count", "seed"), [(2, 0), (2, 2), (2, 4), (3, 0), (4, 0)])
def test_a_run_of_the_model_is_followed_by_real_threads(count: int, seed: int) -> None:
    """The real threads end in the model's very state: the owners, the waiting, the completed calls."""
    run = model.run_seed(count, 10, Variant.FAULTY, seed)
    real = threads.observe(Variant.FAULTY, count, schedule=run.schedule)
    _check_deadlock(real)
    assert (real.owners, real.waits) == (run.standing.owners, run.standing.waits)
    assert real.calls == sum(run.completed_calls)


def test_a_schedule_without_a_deadlock_goes_on_freely() -> None:
    run = threads.observe(Variant.FAULTY, schedule="11112222")
    _check_deadlock(run)
    assert run.calls >= 2
    assert threads.observe(Variant.FIXED, schedule="22221111").outcome is Observed.FINISHED


# --- what is answered -------------------------------------------------------------------------------------------------


def test_the_document_with_threads_fits_its_schema() -> None:
    result = deadlock.simulate(deadlock.Options(threads=3, schedule="12"))
    assert (result.code, result.result) == (0, "confirmed")
    document = json.loads(json.dumps(deadlock.json_document(result)))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    faulty, fixed = document["threads_run"]
    assert (faulty["variant"], faulty["outcome"], faulty["schedule"]) == ("faulty", "deadlock", "12")
    assert faulty["stacks"]["T3"][0] == {
        "function": "acquire_cs1",
        "file": "victim.py",
        "line": dict(result.threads_run[0].stacks)["T3"][0].line,
        "text": "CS1.acquire()",
    }
    assert (fixed["outcome"], fixed["owners"], fixed["stacks"]) == ("finished", {"CS1": None, "CS2": None}, {})


@pytest.mark.parametrize("limit", [0.0, -1.0, 3601.0, float("nan")])
def test_a_limit_is_a_number_of_seconds(limit: float) -> None:
    with pytest.raises(DeadlockError, match="expected more than 0, at most 3600"):
        threads.observe(Variant.FAULTY, limit=limit)


def test_a_limit_too_short_is_not_reproduced() -> None:
    run = threads.observe(Variant.FAULTY, limit=0.000_001)
    assert run.outcome in (Observed.NOT_REPRODUCED, Observed.DEADLOCK)  # nothing keeps two threads from being quick
    assert simulation.not_observed([ThreadsRun(Variant.FAULTY, Observed.NOT_REPRODUCED)], 2.0) == [
        "real threads did not reproduce the fault within 2 s"
    ]


def test_what_was_not_observed_is_told() -> None:
    seen = [
        ThreadsRun(Variant.FAULTY, Observed.DEADLOCK),
        ThreadsRun(Variant.FIXED, Observed.FINISHED),
        ThreadsRun(Variant.FIXED, Observed.DEADLOCK),
        ThreadsRun(Variant.FAULTY, Observed.FAILED, problem="no answer"),
    ]
    assert simulation.not_observed(seen, 1.0) == [
        "real threads of the fixed variant: deadlock",
        "faulty, real threads: no answer",
    ]


def test_a_child_that_ends_without_an_answer_is_a_failure() -> None:
    code, out, err = threads._guarded(["no", "such", "arguments"], 10.0)
    assert (code, out) == (4, "")
    assert "ValueError" in err


def test_a_python_that_cannot_be_started_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-python")
    run = threads.observe(Variant.FAULTY)
    assert run.outcome is Observed.FAILED
    assert run.problem.startswith("the child process cannot be started: ")
    monkeypatch.setattr(sys, "executable", "")
    assert "does not know its program" in threads.observe(Variant.FAULTY).problem


# --- nothing is left --------------------------------------------------------------------------------------------------


def _victims(mark: str) -> list[str]:
    """Return the processes whose command line has victim.py and the limit `mark`, zombies left out."""
    table = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in table.splitlines() if "victim.py" in line and f" {mark} " in line]


def _until(true: Callable[[], bool], seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return true()


@pytest.fixture
def waiting(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A process that waits for a child that never answers, and the child's limit, by which it is found."""
    mark = f"90.{os.getpid()}{abs(hash(request.node.name)) % 1000:03d}7"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); "
        "from kbcheck.deadlock import threads, model; "
        f"threads.observe(model.Variant.FAULTY, limit={mark}, hang='silent')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, start_new_session=True) as parent:
        try:
            assert _until(lambda: len(_victims(mark)) == 1), "the child does not start"
            time.sleep(0.3)  # past the start of its interpreter, so that its guards are armed
            yield parent, mark
        finally:
            parent.kill()


@posix
@pytest.mark.parametrize("to", ["the parent", "the group"])
def test_ctrl_c_leaves_nothing(waiting: tuple[subprocess.Popen[bytes], str], to: str) -> None:
    """A terminal sends Ctrl-C to the whole group; a supervisor to one process."""
    parent, mark = waiting
    (os.kill if to == "the parent" else os.killpg)(parent.pid, signal.SIGINT)
    assert parent.wait(10) != 0
    assert _victims(mark) == []


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_parent_leaves_nothing(waiting: tuple[subprocess.Popen[bytes], str], number: signal.Signals) -> None:
    parent, mark = waiting
    os.kill(parent.pid, number)
    assert parent.wait(10) == -number
    assert _until(lambda: _victims(mark) == []), "the child does not notice that its parent is gone"


@posix
@pytest.mark.parametrize("hang", ["silent", "deaf"])
def test_a_child_that_never_answers_leaves_nothing(hang: str) -> None:
    """A silent one is ended by its own watchdog, a deaf one by its parent."""
    limit = 0.1 + os.getpid() / 10**9 + (hang == "deaf") / 10**12
    run = threads.observe(Variant.FAULTY, limit=limit, hang=hang)
    assert run.outcome is Observed.FAILED
    expected = "gave no answer within" if hang == "deaf" else "ended with code 1 and no answer"
    assert expected in run.problem
    assert _victims(str(limit)) == []


@posix
def test_an_answer_leaves_nothing() -> None:
    limit = 5 + os.getpid() / 10**9
    assert threads.observe(Variant.FAULTY, limit=limit).outcome is Observed.DEADLOCK
    assert _victims(str(limit)) == []


@posix
def test_an_exception_while_waiting_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is raised while this process waits, not only Ctrl-C."""
    limit = 6 + os.getpid() / 10**9

    def out_of_memory(_number: int, _frame: object) -> None:
        raise MemoryError

    before = signal.signal(signal.SIGALRM, out_of_memory)
    signal.setitimer(signal.ITIMER_REAL, 0.4)
    try:
        with pytest.raises(MemoryError):
            threads.observe(Variant.FAULTY, limit=limit, hang="silent")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _victims(str(limit)) == []
