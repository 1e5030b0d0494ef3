"""Work spread over processes: a function of chunks, the results in the order of the chunks.

Rules:
- The port is that of `concurrent.futures`: submit, result, cancel; behind it processes of this machine, spawned, or a
  Dask cluster by its address.
- Only so many chunks are under way that no worker waits; input of any length needs bounded memory.
- A worker that dies is told, and what it had is done again; a chunk that kills a worker twice comes back as Lost.
- A worker never outlives the program that started it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any, TypeVar

from kbcheck import KbcheckError, collect_rarely

_FEW = 4  # fewer chunks than this are done before a process has started
_AHEAD = 8  # chunks under way for each worker: it must not wait while the program stores what has come

C = TypeVar("C")
R = TypeVar("R")


class WorkersError(KbcheckError):
    """The workers cannot be had: a bad address, a cluster that does not answer, a library that is not installed."""


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
        self._executor: Executor | None = None
        self.refresh()

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

    def __exit__(self, *_: object) -> None:
        self._stop()
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
                except (BrokenExecutor, CancelledError) as error:
                    self._tell(f"a worker died ({error or type(error).__name__}); its part is done again")
                    self._stop()
                    result = self.alone(function, chunk)
                    if self._client is None:
                        under_way = deque((each, self._submit(function, each)) for each, _ in under_way)
                except Exception as error:
                    if not self._gave_up(error):
                        raise
                    result = Lost()
                yield chunk, result
        finally:
            # The pool cancels its own when it stops; one that is cancelled while the pool breaks would halt it.
            for _, future in under_way if self._client is not None else ():
                future.cancel()

    def _submit(self, function: Callable[[C], R], chunk: C) -> Any:
        """Return a future, of concurrent.futures or of Dask, which has the same methods.

        Dask's own futures are asked, not those of Client.get_executor(), which can fail or never end when a worker is
        lost in the moment in which its result is fetched.
        """
        if self._client is not None:
            return self._client.submit(function, chunk, pure=False)
        if self._executor is None:
            self._executor = self._pool(self._jobs)
        try:
            with _uninterrupted():
                return self._executor.submit(function, chunk)
        except BrokenExecutor as error:
            # It broke between two submissions: the future says so when its turn comes.
            failed: Future[R] = Future()
            failed.set_exception(error)
            return failed

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
        with self._pool(1) as executor:
            try:
                with _uninterrupted():
                    future = executor.submit(function, chunk)
                return future.result()
            except (BrokenExecutor, CancelledError):
                return Lost()

    def _gave_up(self, error: Exception) -> bool:
        """Whether the cluster gave a part up, because every worker that had it died; tell it."""
        if type(error).__name__ != "KilledWorker":
            return False
        self._tell(f"the cluster gave a part up ({error})")
        return True

    def _pool(self, jobs: int) -> Executor:
        # Windows waits for no more than 61 processes at once.
        return ProcessPoolExecutor(
            min(jobs, 61) if sys.platform == "win32" else jobs, multiprocessing.get_context("spawn"), _begin
        )

    def _stop(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while a process may be started, which has it held back from its first moment then."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would let Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """In a new worker: leave Ctrl-C to the program, and end when it ends, however that happens.

    It gives way to the program, which stores what the workers have done: all of them wait for that.
    """
    collect_rarely()
    if hasattr(os, "nice"):
        os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


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
