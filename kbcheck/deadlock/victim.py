"""The child process of threads.py: real threads call a stand-in for OpenMsgStore until they stop for ever, or end.

Started by path, `python -I victim.py VARIANT THREADS SECONDS LIMIT SCHEDULE HANG`; it imports nothing of kbcheck,
writes one JSON object to stdout and leaves by `os._exit`, since threads in a deadlock can never be joined. SECONDS: how
long variants that should not deadlock are called. SCHEDULE: thread digits that the first steps must follow, or "-".
HANG: "-", or for the tests "silent" (never answer) and "deaf" (never answer, none of the guards below).

Guards: a watchdog in C ends the process LIMIT + 2 seconds after its start, whatever Python does; a thread ends it as
soon as stdin closes, which the parent's death does; Ctrl-C is left to the parent, which then ends this process.

A deadlock is not guessed from a time-out. It is: no counter moves, the owners of the two locks form a cycle with the
locks at whose `acquire` the top frames stand, every other thread stands at an `acquire` too, the same again 250 ms
later, and hardly any processor time was used in between (the threads wait, they do not spin).
"""

import faulthandler
import json
import linecache
import os
import re
import signal
import sys
import threading
import time
from types import FrameType

# RLock, because a critical section too may be entered again by its owner, and because its repr tells owner and count.
CS1 = threading.RLock()
CS2 = threading.RLock()
LOCKS = {"CS1": CS1, "CS2": CS2}

POLL_SECONDS = 0.005
WINDOW_SECONDS = 0.25
IDLE_SECONDS = 0.05  # of processor time, in the window
JOIN_SECONDS = 1.0
HANG_SECONDS = 120.0
OWNER = re.compile(r"owner=(\d+)")


def acquire_cs1() -> None:
    """Wait for CS1."""
    CS1.acquire()


def acquire_cs2() -> None:
    """Wait for CS2."""
    CS2.acquire()


ACQUIRE = {"CS1": acquire_cs1, "CS2": acquire_cs2}
WAITING_IN = {"acquire_cs1": "CS1", "acquire_cs2": "CS2"}


def open_msg_store_path_a() -> None:
    """Call with CS1 first."""
    acquire_cs1()
    acquire_cs2()
    CS2.release()
    CS1.release()


def open_msg_store_path_b() -> None:
    """Call with CS2 first."""
    acquire_cs2()
    acquire_cs1()
    CS1.release()
    CS2.release()


def open_msg_store_trying(first: str, second: str) -> bool:
    """Call with the second lock only tried; return whether it was free. The first is given back in either case."""
    ACQUIRE[first]()
    got = LOCKS[second].acquire(blocking=False)
    if got:
        LOCKS[second].release()
    LOCKS[first].release()
    return got


class Gate:
    """Lets the threads take the steps of a schedule one by one; open to all after its last step, or one not possible.

    A step that acquires is only tried here: where the lock is held the model refuses it, and so does the gate.
    """

    def __init__(self, schedule: str) -> None:
        self.schedule = schedule
        self.position = 0
        self.turn = threading.Condition()

    def open(self) -> bool:
        """Whether no step is left."""
        return self.position >= len(self.schedule)

    def pass_through(self, digit: str, first: str, second: str) -> tuple[int, int]:
        """Take this thread's steps of the schedule; return (calls completed, phase of the call that is under way)."""
        calls = phase = 0
        with self.turn:
            while True:
                self.turn.wait_for(lambda: self.open() or self.schedule[self.position] == digit)
                if self.open():
                    return calls, phase
                lock = LOCKS[second if phase in (1, 2) else first]
                if phase >= 2:
                    lock.release()
                elif not lock.acquire(blocking=False):
                    self.position = len(self.schedule)
                    self.turn.notify_all()
                    return calls, phase
                calls, phase = (calls + 1, 0) if phase == 3 else (calls, phase + 1)
                self.position += 1
                self.turn.notify_all()


class Threads:
    """The calling threads, what they have done, and whether they should go on."""

    def __init__(self, variant: str, threads: int, schedule: str) -> None:
        self.variant = variant
        self.gate = Gate(schedule)
        self.stop = False
        self.calls = [0] * threads
        self.start = threading.Barrier(threads + 1)
        self.threads = [
            threading.Thread(target=self.call, args=(index,), name=f"T{index + 1}", daemon=True)
            for index in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def call(self, index: int) -> None:
        """Call for ever. Between two calls there is nothing at all: a pause there would hide the fault."""
        path_a = index % 2 == 0 or self.variant == "fixed"
        first, second = ("CS1", "CS2") if path_a else ("CS2", "CS1")
        calls = self.calls
        self.start.wait()
        if self.variant == "trylock":
            while not self.stop:
                if open_msg_store_trying(first, second):
                    calls[index] += 1
                else:
                    time.sleep(0)  # the back-off; without it all threads may try for ever
            return
        calls[index], phase = self.gate.pass_through(str(index + 1), first, second)
        if phase:
            finish(phase, first, second)
            calls[index] += 1
        open_msg_store = open_msg_store_path_a if path_a else open_msg_store_path_b
        while not self.stop:
            open_msg_store()
            calls[index] += 1

    def look(self) -> dict[str, object] | None:
        """Return who owns, who waits and where all stand if that is a deadlock, else None."""
        before = list(self.calls)
        names = {thread.ident: thread.name for thread in self.threads}
        frames = sys._current_frames()
        stacks = {thread.name: stack(frames.get(thread.ident or 0)) for thread in self.threads}
        owners = {lock: names.get(owner(LOCKS[lock]), "") for lock in LOCKS}
        waits = {
            name: WAITING_IN[str(frames[0]["function"])]
            for name, frames in stacks.items()
            if frames and frames[0]["function"] in WAITING_IN
        }
        one, other = owners["CS1"], owners["CS2"]
        if (
            one == other
            or waits.get(one) != "CS2"
            or waits.get(other) != "CS1"
            or len(waits) < len(self.threads)
            or self.calls != before
        ):
            return None
        return {"calls": sum(before), "owners": owners, "waits": waits, "stacks": stacks}


def finish(phase: int, first: str, second: str) -> None:
    """Take the steps that the gate left of a call."""
    if phase == 1:
        ACQUIRE[second]()
    if phase <= 2:
        LOCKS[second].release()
    LOCKS[first].release()


def owner(lock: object) -> int | None:
    """Return the identifier of the thread that owns a lock, None when none does."""
    found = OWNER.search(repr(lock))
    return int(found.group(1)) or None if found else None


def stack(frame: FrameType | None) -> list[dict[str, object]]:
    """Return the frames of this file, the innermost first, down to the first frame of another file."""
    found: list[dict[str, object]] = []
    while frame is not None and frame.f_code.co_filename == __file__:
        text = linecache.getline(__file__, frame.f_lineno).strip()
        found.append(
            {
                "file": os.path.basename(__file__),
                "line": frame.f_lineno,
                "function": frame.f_code.co_name,
                "text": text,
            }
        )
        frame = frame.f_back
    return found


def observe(variant: str, threads: int, seconds: float, limit: float, schedule: str) -> dict[str, object]:
    """Let the threads run; return how it ended."""
    running = Threads(variant, threads, schedule)
    running.start.wait()
    begun = time.monotonic()
    until = begun + (limit if variant == "faulty" else min(seconds, limit))
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        answer = look_twice(running, begun)
        if answer is not None:
            return answer
    running.stop = True
    ended = time.monotonic() - begun
    until = time.monotonic() + JOIN_SECONDS
    for thread in running.threads:
        thread.join(max(until - time.monotonic(), 0))
    done = {"calls": sum(running.calls), "seconds": round(ended, 3)}
    if any(thread.is_alive() for thread in running.threads):
        problem = "the threads do not end, and no cycle is found"
        return look_twice(running, begun) or {"outcome": "failed", "problem": problem, **done}
    return {"outcome": "not_reproduced" if variant == "faulty" else "finished", **done}


def look_twice(running: Threads, begun: float) -> dict[str, object] | None:
    """Return the answer for a deadlock that is still the same after the window, None where there is none."""
    found = running.look()
    if found is None:
        return None
    stood_still = time.monotonic() - begun
    used = time.process_time()
    time.sleep(WINDOW_SECONDS)
    used = time.process_time() - used
    if running.look() != found or used > IDLE_SECONDS:
        return None
    seconds = {"seconds": round(stood_still, 3), "cpu_seconds_idle_window": round(used, 4)}
    return {"outcome": "deadlock", **found, **seconds}


def end_with_parent() -> None:
    """End this process as soon as stdin closes; nothing is ever written to it."""
    while os.read(0, 1):
        pass
    os._exit(3)


def main(arguments: list[str]) -> int:
    """Arm the guards, run, answer; return the exit code."""
    variant, threads, seconds, limit, schedule, hang = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hang != "deaf":
        faulthandler.dump_traceback_later(float(limit) + 2, exit=True)
        threading.Thread(target=end_with_parent, name="stdin", daemon=True).start()
    if hang != "-":
        time.sleep(HANG_SECONDS)
        return 5
    answer = observe(variant, int(threads), float(seconds), float(limit), schedule.strip("-"))
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    code = 4
    try:
        code = main(sys.argv[1:])
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(code)
