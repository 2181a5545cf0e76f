"""Runs tasks in worker processes (joblib's loky), and survives the death of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from itertools import islice
from typing import Any

_POLL_SECONDS = 0.1
_WORKER_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Processes are the parallelism; threads of numerical libraries would only compete with them."""


def run_tasks[Task, Done](
    work: Callable[[Task], Done],
    tasks: Iterable[Task],
    processes: int,
    *,
    on_done: Callable[[Done], None],
    on_death: Callable[[Task], None],
    should_stop: Callable[[], bool],
) -> None:
    """``work`` for each task, ``processes`` at a time, until all are done or ``should_stop``.

    ``work`` must be importable and should catch its own errors; one that it raises is raised here. For each
    task either ``on_done`` or ``on_death`` is called once, in this process: ``on_death`` when the worker
    died (killed, out of memory, crashed) twice, the second time with this task as its only one.
    ``should_stop`` is asked about ten times a second; the tasks that run then are abandoned. Tasks are
    taken from the iterable as they are needed.
    """
    waiting = iter(tasks)
    while True:
        suspects = _parallel(work, waiting, processes, on_done, should_stop)
        if not suspects:
            return
        for task in suspects:
            if _parallel(work, iter([task]), 1, on_done, should_stop):
                on_death(task)


def _parallel[Task, Done](
    work: Callable[[Task], Done],
    waiting: Iterator[Task],
    processes: int,
    on_done: Callable[[Done], None],
    should_stop: Callable[[], bool],
) -> list[Task]:
    """The unfinished tasks when a worker has died; none at the end of ``waiting`` or when stopped."""
    running: dict[Future[Done], Task] = {}
    with _pool(processes) as pool:
        while not should_stop():
            for task in islice(waiting, 2 * processes - len(running)):
                running[_submit(pool, work, task)] = task
            if not running:
                break
            finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            dead: list[Task] = []
            for future in finished:
                task = running.pop(future)
                if isinstance(future.exception(), BrokenExecutor):
                    dead.append(task)
                else:
                    on_done(future.result())
            if dead:
                return dead + _rest(running, on_done)
    return []


def _submit[Task, Done](pool: Any, work: Callable[[Task], Done], task: Task) -> Future[Done]:
    """A pool that is broken when the task comes gives the same future as one that breaks afterwards."""
    try:
        future: Future[Done] = pool.submit(work, task)
    except BrokenExecutor as error:
        future = Future()
        future.set_exception(error)
    return future


def _rest[Task, Done](running: dict[Future[Done], Task], on_done: Callable[[Done], None]) -> list[Task]:
    """What a broken pool leaves behind: finished tasks are reported, the others are returned."""
    unfinished = []
    for future, task in running.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            on_done(future.result())
        else:
            unfinished.append(task)
    return unfinished


@contextmanager
def _pool(processes: int) -> Iterator[Any]:
    """A fresh pool; its workers are ended on leaving, also in the middle of a task."""
    from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow to import

    pool = ProcessPoolExecutor(max_workers=processes, initializer=_ignore_interrupts, env=_WORKER_ENVIRONMENT)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal; this one's parent decides what is kept."""
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
