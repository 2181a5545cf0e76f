"""What runs in the workers of a Dask cluster.

Each task runs in a process beside the Dask worker, not in a thread of it: only so it can be ended in the
middle of compiled code, and the worker stays in touch with its scheduler meanwhile.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from harness.sweep.workers.worker_process import Answer, Died, TimedOut, WorkerProcess

_POLL_SECONDS = 0.1
_IDLE_SECONDS = 60.0
"""After a sweep, also one that was killed, its processes go."""

_free: list[WorkerProcess] = []
_lock = threading.Lock()
_starting = threading.Lock()


def identity() -> tuple[str, str]:
    """The versions of the harness with its estimators, and of Python: results must not depend on who computed
    them.
    """
    from harness.engines.version import estimator_versions, program_version  # noqa: PLC0415

    return f"{program_version()} ({estimator_versions()})", ".".join(platform.python_version_tuple()[:2])


@dataclass(frozen=True)
class Assignment:
    """A task as it travels to a Dask worker, whose :func:`identity` must be ``identity``. ``key`` is Dask's
    name of it; ``limit_seconds`` and ``prepare`` are those of the runner.
    """

    work: Callable[[Any], Any]
    task: Any
    limit_seconds: float | None
    prepare: Callable[[], object] | None
    identity: tuple[str, str]
    key: str


def run_in_process(assignment: Assignment) -> Answer[Any] | tuple[str, str]:
    """The answer to the task, or who we are when that is not who we should be."""
    if identity() != assignment.identity:
        return identity()
    process = _taken(assignment.prepare)
    answer: Answer[Any] | None = None
    try:
        process.give(assignment.work, assignment.task)
        while answer is None:
            if process.connection.poll(_POLL_SECONDS):
                answer = process.receive()
            elif process.works_longer_than(assignment.limit_seconds):
                answer = TimedOut()
            else:
                _leave_if_unwanted(assignment.key)
        return answer
    finally:
        if answer is None or isinstance(answer, (TimedOut, Died)):
            process.kill()
        else:
            with _lock:
                _free.append(process)


def end_free_processes() -> None:
    """At the end of a sweep, so that they need not idle first."""
    with _lock:
        processes = _free[:]
        _free.clear()
    for process in processes:
        process.kill()


def _taken(prepare: Callable[[], object] | None) -> WorkerProcess:
    """A free process, or a new one."""
    with _lock:
        while _free:
            process = _free.pop()
            # One without a task has nothing to say unless it has ended.
            if not process.connection.poll():
                return process
            process.kill()
    with _as_no_daemon():
        return WorkerProcess(prepare, _IDLE_SECONDS)


@contextlib.contextmanager
def _as_no_daemon() -> Iterator[None]:
    """Dask's workers are daemons, which multiprocessing does not let have children, for these might stay
    behind. Ours end with their parent by themselves.
    """
    import multiprocessing  # noqa: PLC0415 - only where a cluster is

    settings = cast("Any", multiprocessing.current_process())._config
    with _starting:
        daemon = settings.get("daemon", False)
        settings["daemon"] = False
        try:
            yield
        finally:
            settings["daemon"] = daemon


def _leave_if_unwanted(key: str) -> None:
    """Dask cannot end a running task that it has cancelled; it only forgets it. To be told to run it again
    is right in the rare case that somebody wants it after all.
    """
    from distributed import Reschedule, get_worker  # noqa: PLC0415 - only where a cluster is

    state = get_worker().state.tasks.get(key)
    if state is None or state.state == "cancelled":
        raise Reschedule
