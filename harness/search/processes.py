"""Several worker processes that search together: CPython runs only one thread of a process at a time."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.search.evaluators import Evaluate
from harness.search.frames import receive, send
from harness.search.messages import Advance, Assignment, Failed, Paused, Snapshots, Stop
from harness.search.thread_run import Found, Snapshot, ThreadReport


@dataclass(frozen=True)
class _Gone:
    """The worker's output has ended."""


@dataclass(frozen=True)
class News:
    """What one message of a worker brought. ``lost`` are the threads of a worker that is no more."""

    snapshots: Sequence[Snapshot] = ()
    reports: Sequence[ThreadReport] = ()
    unfinished: Sequence[int] = ()
    lost: Sequence[int] = ()


class WorkerPool:
    """Worker processes with the search threads dealt out among them.

    Use as a context manager: on leaving, all workers are ended.
    """

    def __init__(self, assignment: Assignment, count: int) -> None:
        runs = assignment.runs
        self._inbox: queue.Queue[tuple[int, object]] = queue.Queue()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._threads_of = [[r.thread for r in runs[w::count]] for w in range(count)]
        self._at_work: set[int] = set()
        self._lost: set[int] = set()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or os.curdir for p in sys.path)}
        # Processes are the parallelism here; threads of numerical libraries would only compete with them.
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment.setdefault(variable, "1")
        try:
            for w in range(count):
                worker = subprocess.Popen(
                    [sys.executable, "-m", "harness.search.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                    start_new_session=True,
                )
                self._workers.append(worker)
                threading.Thread(target=self._listen, args=(w, worker), daemon=True).start()
                self._tell(w, replace(assignment, runs=runs[w::count]))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        for worker in self._workers:
            with contextlib.suppress(OSError):
                assert worker.stdin is not None
                worker.stdin.close()
        for worker in self._workers:
            try:
                worker.wait(timeout=2)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def _listen(self, w: int, worker: subprocess.Popen[bytes]) -> None:
        assert worker.stdout is not None
        try:
            while True:
                self._inbox.put((w, receive(worker.stdout)))
        except (EOFError, OSError, ValueError):
            self._inbox.put((w, _Gone()))

    def _tell(self, w: int, message: object) -> None:
        pipe = self._workers[w].stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):
            send(pipe, message)

    def advance(self, until_total: int | None, bests: dict[int, Found | None] | None) -> None:
        """Sets all workers to work that are still there."""
        for w, threads in enumerate(self._threads_of):
            if w in self._lost:
                continue
            own = None if bests is None else {t: bests[t] for t in threads if t in bests}
            self._at_work.add(w)
            self._tell(w, Advance(until_total, own))

    def stop(self) -> None:
        """Tells the workers to pause; their reports still come."""
        for w in self._at_work:
            self._tell(w, Stop())

    @property
    def process_ids(self) -> tuple[int, ...]:
        return tuple(worker.pid for worker in self._workers)

    @property
    def at_work(self) -> bool:
        return bool(self._at_work)

    def listen(self, seconds: float) -> News:
        """Waits for news at most ``seconds``. Raises the error that a worker met, if it was one."""
        try:
            w, message = self._inbox.get(timeout=seconds)
        except queue.Empty:
            return News()
        if isinstance(message, Failed):
            if message.error is not None:
                raise message.error
            raise RuntimeError(f"a search worker failed:\n{message.traceback}")
        if isinstance(message, _Gone):
            self._lost.add(w)
            if w in self._at_work:
                self._at_work.discard(w)
                return News(lost=self._threads_of[w])
        elif isinstance(message, Paused):
            self._at_work.discard(w)
            return News(reports=message.reports, unfinished=message.unfinished)
        elif isinstance(message, Snapshots):
            return News(snapshots=message.snapshots)
        return News()


def usable_cores() -> int:
    """Cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_travel(evaluate: Evaluate | None) -> bool:
    """Whether worker processes can use ``evaluate``: a function of a module can, a local one cannot."""
    if evaluate is None:
        return True
    module = getattr(evaluate, "__module__", None)
    if module is None or module == "__main__":
        return False
    try:
        pickle.dumps(evaluate)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
