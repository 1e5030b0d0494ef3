"""Work spread over processes: a function of chunks, the results in the order of the chunks.

Rules:
- The port is that of `concurrent.futures`: submit, result, cancel; behind it processes of this machine, spawned, each
  asked by a thread of its own, or a Dask cluster by its address.
- Only so many chunks are under way that no worker waits; input of any length needs bounded memory.
- A worker that dies is told, and what it had is done again; a chunk that kills a worker twice comes back as Lost.
- No two processes share a pipe or a lock, so that one that is killed, in whatever moment, leaves the others as they are
  (a process of a ProcessPoolExecutor that is killed while it returns a result halts the whole).
- A worker never outlives the program that started it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from kbcheck import KbcheckError, collect_rarely

_FEW = 4  # fewer chunks than this are done before a process has started
_AHEAD = 8  # chunks under way for each worker: it must not wait while the program stores what has come

C = TypeVar("C")
R = TypeVar("R")


class WorkersError(KbcheckError):
    """The workers cannot be had: a bad address, a cluster that does not answer, a library that is not installed."""


class DiedError(Exception):
    """A process ended before it answered."""


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of a result: every worker that was given the chunk died."""

    reason: str = "the process that worked on it died, twice"


class Workers:
    """Where chunks are worked on; a context manager.

    `jobs` processes of this machine (1: none beside this one), or the cluster at `address` (`dask://HOST:PORT`).
    `tell` is called with a message when a worker has died.
    """

    def __init__(self, jobs: int = 1, address: str = "", tell: Callable[[str], None] = lambda message: None) -> None:
        self._tell = tell
        self._jobs = max(jobs, 1)
        self._client: Any = _client(address) if address else None
        self._threads: ThreadPoolExecutor | None = None
        self._process_of = threading.local()
        self._processes: list[_Process] = []
        if self.refresh() == 0:
            tell(f"the cluster at {address} has no workers yet: waiting for one")

    def refresh(self) -> int:
        """Return how many chunks can be worked on at the same time; 0 on a cluster without workers yet."""
        if self._client is None:
            return self._jobs
        now = int(sum(self._client.nthreads().values()))
        self._jobs = max(now, 1)
        return now

    @property
    def remote(self) -> bool:
        """Whether the work is done on a cluster."""
        return self._client is not None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._threads is not None:
            if kind is not None:  # what is under way is of no use any more
                for process in self._processes:
                    process.kill()
            self._threads.shutdown(wait=True, cancel_futures=True)
            for process in self._processes:
                process.close()
            self._threads = None
        if self._client is not None:
            self._client.close()

    def map(self, function: Callable[[C], R], chunks: Iterable[C]) -> Iterator[tuple[C, R | Lost]]:
        """Return each chunk with `function` of it, in order; `function` must be importable by name.

        What `function` raises is raised here.
        """
        source = iter(chunks)
        if self._client is None:
            first = list(islice(source, _FEW)) if self._jobs > 1 else []
            source = chain(first, source)
            if len(first) < _FEW:
                for chunk in source:
                    yield chunk, function(chunk)
                return
        under_way: deque[tuple[C, Any]] = deque()
        try:
            while True:
                while len(under_way) < _AHEAD * (self._jobs + 1):
                    try:
                        chunk = next(source)
                    except StopIteration:
                        break
                    under_way.append((chunk, self._submit(function, chunk)))
                if not under_way:
                    return
                chunk, future = under_way.popleft()
                try:
                    result: R | Lost = future.result()
                except (DiedError, CancelledError) as error:
                    self._tell(f"a worker died ({error or type(error).__name__}); its part is done again")
                    result = self.alone(function, chunk)
                except Exception as error:
                    if not self._gave_up(error):
                        raise
                    result = Lost()
                yield chunk, result
        finally:
            for _, future in under_way:
                future.cancel()

    def _submit(self, function: Callable[[C], R], chunk: C) -> Any:
        """Return a future, of concurrent.futures or of Dask, which has the same methods.

        Dask's own futures are asked, not those of Client.get_executor(), which can fail or never end when a worker is
        lost in the moment in which its result is fetched.
        """
        if self._client is not None:
            return self._client.submit(function, chunk, pure=False)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._jobs, initializer=_hold_interruptions)
        return self._threads.submit(self._ask, function, chunk)

    def _ask(self, function: Callable[[C], R], chunk: C) -> R:
        """Let this thread's process do a chunk."""
        process: _Process | None = getattr(self._process_of, "process", None)
        if process is None or not process.alive:
            if process is not None:
                self._processes.remove(process)
            process = self._process_of.process = _Process()
            self._processes.append(process)
        answer: R = process.ask(function, chunk)
        return answer

    def alone(self, function: Callable[[C], R], chunk: C) -> R | Lost:
        """Do one chunk in a process of its own, where it harms nothing else; Lost when it kills that too."""
        if self._client is not None:
            try:
                found: R = self._submit(function, chunk).result()
            except CancelledError:
                return Lost()
            except Exception as error:
                if not self._gave_up(error):
                    raise
                return Lost()
            return found
        with ThreadPoolExecutor(1, initializer=_hold_interruptions) as thread:
            process = thread.submit(_Process).result()
        try:
            answer: R = process.ask(function, chunk)
        except DiedError:
            return Lost()
        except BaseException:
            process.kill()
            raise
        finally:
            process.close()
        return answer

    def _gave_up(self, error: Exception) -> bool:
        """Whether the cluster gave a part up, because every worker that had it died; tell it."""
        if type(error).__name__ != "KilledWorker":
            return False
        self._tell(f"the cluster gave a part up ({error})")
        return True


class _Process:
    """A process of this machine at the other end of a pipe; one thread asks it at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.alive = True
        self._exit: int | None = None

    def ask(self, function: Callable[[C], R], chunk: C) -> R:
        """Return `function` of `chunk`, raise what it raises; DiedError when the process ends before."""
        try:
            self._pipe.send((function, chunk))
            answer, error = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.alive = False
            self.close()
            raise DiedError(f"exit code {self._exit}") from error
        if error is not None:
            raise error
        found: R = answer
        return found

    def kill(self) -> None:
        """End it at once, whatever it does."""
        with contextlib.suppress(ValueError):  # it has ended, and is closed
            self._process.kill()

    def close(self) -> None:
        """Let it end, and wait for that."""
        self._pipe.close()
        with contextlib.suppress(ValueError):
            self._process.join()
            self._exit = self._process.exitcode
            self._process.close()


def _serve(pipe: Connection) -> None:
    """In a worker: do what comes until nothing comes any more; leave Ctrl-C to the program, and end when it ends.

    It gives way to the program, which stores what the workers have done: all of them wait for that.
    """
    collect_rarely()
    if hasattr(os, "nice"):
        os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, chunk = pipe.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = (function(chunk), None)
            except Exception as error:
                answer = (None, _portable(error))
            try:
                pipe.send(answer)
            except OSError:
                raise
            except Exception as error:  # the answer cannot be sent
                pipe.send((None, _portable(error)))


def _portable(error: Exception) -> Exception:
    """Return an error as it can be sent, with a note of where it was raised."""
    error.add_note(f"in a worker: {traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # what was made here
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    return error


def _hold_interruptions() -> None:
    """In a thread that starts processes: hold Ctrl-C back, so that they have it held back from their first moment."""
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # it would let Ctrl-C through
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def _end_with(sentinel: int) -> None:
    with contextlib.suppress(OSError):
        wait([sentinel])
    os._exit(1)


def _client(address: str) -> Any:
    scheme, _, place = address.partition("://")
    if scheme != "dask" or not place:
        raise WorkersError(f"executor {address!r}: expected dask://HOST:PORT")
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkersError("a Dask cluster needs: pip install kbcheck[cluster]") from error
    try:
        return Client(f"tcp://{place}", timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkersError(f"executor {address}: no scheduler answers: {error}") from error
