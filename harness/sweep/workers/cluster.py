"""The tasks of a sweep on a Dask cluster, or on one that is started on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import time
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from harness.errors import HarnessError
from harness.sweep.workers.cluster_connection import ClusterConnection, StoppedBefore
from harness.sweep.workers.cluster_worker import Assignment, run_in_process
from harness.sweep.workers.scheduler import Watch, work_through
from harness.sweep.workers.worker_process import Answer, Died

_TASKS_PER_THREAD = 4
"""So many that a thread has its next one when one ends, and so few that not much is lost with a worker."""
_WITHOUT_WORKERS_SECONDS = 60.0


class DaskRunner:
    """A :class:`harness.sweep.workers.scheduler.Runner` on the workers of a Dask scheduler.

    ``address`` is that of the scheduler (``tcp://host:port``), or ``local``: then a cluster of ``workers``
    processes is started here. Connecting, in :meth:`begin` or with the first task, raises HarnessError when
    nobody answers there, or when the workers have another version of the harness or of Python.

    A worker that dies loses nothing: Dask lets others do its tasks. When that has happened to a task several
    times (``allowed-failures`` of the scheduler), or when the process that did it beside the worker died,
    it is tried again alone, as in :class:`harness.sweep.workers.scheduler.LocalRunner`.
    """

    def __init__(self, address: str, workers: int, prepare: Callable[[], object] | None = None) -> None:
        self._address = address
        self._workers = max(1, workers)
        self._prepare = prepare
        self._crew: _DaskCrew | None = None

    def __enter__(self) -> DaskRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._crew is not None:
            self._crew.connection.close()
            self._crew = None

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Connects. Where that is to stop, :meth:`run` will find it out as well."""
        with contextlib.suppress(StoppedBefore):
            self._connected(should_stop)

    def _connected(self, should_stop: Callable[[], bool] | None = None) -> _DaskCrew:
        if self._crew is None:
            connection = ClusterConnection(self._address, self._workers, should_stop)
            self._crew = _DaskCrew(connection, self._prepare)
        return self._crew

    def run[Task, Value](
        self,
        work: Callable[[Task], Value],
        tasks: Iterable[Task],
        watch: Watch[Task, Value],
    ) -> None:
        try:
            crew = self._connected(watch.should_stop)
        except StoppedBefore:
            return
        work_through(crew, work, tasks, watch)


class _DaskCrew:
    """Each task is one future, followed by a coroutine on the client's event loop."""

    def __init__(self, connection: ClusterConnection, prepare: Callable[[], object] | None) -> None:
        self.connection = connection
        self._prepare = prepare
        self._name = f"harness-{uuid.uuid4().hex}"
        self._number = 0
        self._followed: dict[str, Future[None]] = {}
        self._inbox: queue.SimpleQueue[tuple[str, Answer[Any] | BaseException]] = queue.SimpleQueue()
        self._seen = time.monotonic()

    @property
    def size(self) -> int:
        return _TASKS_PER_THREAD * max(1, self.connection.threads)

    def give(self, work: Callable[[Any], Any], task: object, limit_seconds: float | None) -> str | None:
        if len(self._followed) >= self.size:
            return None
        # A name of its own for each: Dask gives tasks of one name one result.
        key = f"{self._name}-{self._number}"
        self._number += 1
        following = self._follow(key, work, task, limit_seconds)
        self._followed[key] = self.connection.launch(following)
        return key

    async def _follow(
        self, key: str, work: Callable[[Any], Any], task: object, limit_seconds: float | None
    ) -> None:
        from distributed import KilledWorker  # noqa: PLC0415 - slow to import

        expected = self.connection.identity
        answer: Answer[Any] | BaseException
        future = None
        try:
            future = self.connection.client.submit(
                run_in_process,
                Assignment(work, task, limit_seconds, self._prepare, expected, key),
                key=key,
                pure=False,
            )
            answer = await future
            if isinstance(answer, tuple):
                answer = self.connection.other_version("a worker that has joined", answer)
        except KilledWorker:
            answer = Died(begun=True)
        except asyncio.CancelledError as error:
            answer = HarnessError(f"lost the connection to the cluster {self.connection.address} ({error})")
        except Exception as error:
            answer = HarnessError(f"the cluster cannot run the tasks: {type(error).__name__}: {error}")
        finally:
            # The scheduler forgets the task, and ends it if it still runs.
            if future is not None:
                future.release()
        self._inbox.put((key, answer))

    def news(self, seconds: float, limit_seconds: float | None) -> Iterator[tuple[str, Answer[Any]]]:
        self._watch_workers()
        timeout = seconds
        while True:
            try:
                key, answer = self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait()
            except queue.Empty:
                return
            timeout = 0
            if self._followed.pop(key, None) is None:
                continue
            if isinstance(answer, BaseException):
                raise answer
            yield key, answer

    def abandon(self, places: Collection[Hashable]) -> None:
        for key in [key for key in self._followed if key in places]:
            self._followed.pop(key).cancel()

    def _watch_workers(self) -> None:
        """With none for a long time there is nothing to wait for."""
        now = time.monotonic()
        if self.connection.threads:
            self._seen = now
        elif now - self._seen > _WITHOUT_WORKERS_SECONDS:
            raise HarnessError(f"the cluster {self.connection.address} has no workers any more")
