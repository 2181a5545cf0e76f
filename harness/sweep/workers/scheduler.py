"""Runs tasks in worker processes (of joblib's loky), and survives the death of one.

Loky's own pool is not used: it cannot tell which task a dead process had, cannot end a single task, and
leaves its processes behind when the program itself is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from harness.errors import HarnessError
from harness.sweep.workers.feed import Feed, Given
from harness.sweep.workers.worker_process import Answer, Died, Done, Raised, TimedOut, WorkerProcess

_POLL_SECONDS = 0.1
_STARTS_IN_VAIN = 3


@dataclass(frozen=True)
class Watch[Task, Value]:
    """Who is told what becomes of tasks.

    For each task one of ``on_done``, ``on_death`` and ``on_timeout`` is called once, in this process, in no
    particular order: ``on_timeout`` when the task ran longer than ``limit_seconds``, ``on_death`` when its
    worker died (killed, out of memory, crashed) twice, the second time with this task as the only one.
    ``on_batch`` is called after some of these, at least once after the last of them. ``should_stop`` is
    asked about ten times a second; the tasks that run then are abandoned.
    """

    on_done: Callable[[Value], None]
    on_death: Callable[[Task], None]
    on_timeout: Callable[[Task], None]
    should_stop: Callable[[], bool]
    on_batch: Callable[[], None] | None = None
    limit_seconds: float | None = None


class Runner(Protocol):
    """What works through the tasks of a sweep: the cores of this machine or a cluster."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends all that runs, also in the middle of a task."""

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Starts the workers now rather than with the first task, unless it is to stop before."""

    def run[Task, Value](
        self,
        work: Callable[[Task], Value],
        tasks: Iterable[Task],
        watch: Watch[Task, Value],
    ) -> None:
        """``work`` for each task until all are done or ``watch`` wants to stop.

        ``work`` must be importable and should catch its own errors; one that it raises is raised here.
        Tasks are taken from the iterable as they are needed, and not kept.
        """


class Crew(Protocol):
    """The workers of a :class:`Runner`, as :func:`work_through` sees them."""

    @property
    def size(self) -> int:
        """How many tasks should be ready for the next free hands."""

    def give(self, work: Callable[[Any], Any], task: object, limit_seconds: float | None) -> Hashable | None:
        """Something that names who has the task now; None when everybody is busy."""

    def news(self, seconds: float, limit_seconds: float | None) -> Iterator[tuple[Hashable, Answer[Any]]]:
        """The answers that come within ``seconds``. Who has died or was too slow has been replaced."""

    def abandon(self, places: Collection[Hashable]) -> None:
        """Nobody waits for these any more."""


def work_through[Task, Value](
    crew: Crew,
    work: Callable[[Task], Value],
    tasks: Iterable[Task],
    watch: Watch[Task, Value],
) -> None:
    """:meth:`Runner.run` with the workers of ``crew``."""
    feed = Feed(iter(tasks))
    given: dict[Hashable, Given[Task]] = {}

    def give() -> None:
        while (chosen := feed.next(given.values())) is not None:
            place = crew.give(work, chosen.task, watch.limit_seconds)
            if place is None:
                feed.put_back(chosen)
                return
            given[place] = chosen

    stopped = False
    try:
        while not stopped:
            stopped = watch.should_stop()
            if not stopped:
                feed.fetch(crew.size, watch.should_stop)
                if not feed.waiting and not given:
                    return
                give()
            finished: list[tuple[Given[Task], Answer[Any]]] = []
            # When it is to stop, what has been done already is still taken.
            for place, answer in crew.news(0 if stopped else _POLL_SECONDS, watch.limit_seconds):
                chosen = given.pop(place, None)
                if chosen is not None and not feed.take_again(chosen, answer):
                    finished.append((chosen, answer))
            # Workers get their next tasks before the caller takes its time over the finished ones.
            if finished and not stopped:
                give()
            _report(finished, watch)
            if finished and watch.on_batch is not None:
                watch.on_batch()
    finally:
        crew.abandon(given)


def _report[Task, Value](
    finished: list[tuple[Given[Task], Answer[Value]]], watch: Watch[Task, Value]
) -> None:
    raised: BaseException | None = None
    for given, answer in finished:
        if isinstance(answer, Done):
            watch.on_done(answer.value)
        elif isinstance(answer, Raised):
            raised = answer.error
        elif isinstance(answer, TimedOut):
            watch.on_timeout(given.task)
        else:
            watch.on_death(given.task)
    if raised is not None:
        raise raised


class LocalRunner:
    """A :class:`Runner` with up to ``processes`` worker processes of this machine.

    ``prepare`` is called once in each of them, see :class:`WorkerProcess`.
    """

    def __init__(self, processes: int, prepare: Callable[[], object] | None = None) -> None:
        self._crew = _LocalCrew(max(1, processes), prepare)

    def __enter__(self) -> LocalRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.end()

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None:
        self._crew.begin()

    def run[Task, Value](
        self,
        work: Callable[[Task], Value],
        tasks: Iterable[Task],
        watch: Watch[Task, Value],
    ) -> None:
        work_through(self._crew, work, tasks, watch)


class _LocalCrew:
    """Worker processes, started when there is something to do for them."""

    def __init__(self, size: int, prepare: Callable[[], object] | None) -> None:
        self.size = size
        self._prepare = prepare
        self._workers: list[WorkerProcess] = []
        self._starts_in_vain = 0

    def begin(self) -> None:
        while len(self._workers) < self.size:
            self._workers.append(WorkerProcess(self._prepare))

    def give(
        self, work: Callable[[Any], Any], task: object, limit_seconds: float | None
    ) -> WorkerProcess | None:
        worker = next((worker for worker in self._workers if not worker.busy), None)
        if worker is None:
            if len(self._workers) == self.size:
                return None
            worker = WorkerProcess(self._prepare)
            self._workers.append(worker)
        worker.give(work, task)
        return worker

    def news(
        self, seconds: float, limit_seconds: float | None
    ) -> Iterator[tuple[WorkerProcess, Answer[Any]]]:
        from multiprocessing.connection import wait  # noqa: PLC0415 - only where processes are

        told = wait([worker.connection for worker in self._workers], seconds)
        for worker in tuple(self._workers):
            answer: Answer[Any] | None = None
            if worker.connection in told:
                answer = worker.receive()
            elif worker.works_longer_than(limit_seconds):
                answer = TimedOut()
            if isinstance(answer, (TimedOut, Died)):
                self.abandon((worker,))
            if answer is not None:
                self._watch_starts(worker, answer)
                yield worker, answer

    def abandon(self, places: Collection[Hashable]) -> None:
        for worker in [worker for worker in self._workers if worker in places]:
            self._workers.remove(worker)
            worker.kill()

    def end(self) -> None:
        self.abandon(tuple(self._workers))

    def _watch_starts(self, worker: WorkerProcess, answer: Answer[Any]) -> None:
        """Processes that cannot even start must not be started for ever."""
        if isinstance(answer, Raised) and not worker.ready:
            raise answer.error
        self._starts_in_vain = self._starts_in_vain + 1 if answer == Died(begun=False) else 0
        if self._starts_in_vain >= _STARTS_IN_VAIN:
            raise HarnessError("the worker processes die as soon as they start")
