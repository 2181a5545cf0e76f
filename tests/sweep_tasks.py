"""Tasks for tests of workers. A light module, for workers import it on the clock of their first task."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from harness.errors import HarnessError

HANG_GUARD_SECONDS = 60


def doubled(task: int) -> tuple[int, int]:
    return 2 * task, os.getpid()


def deadly(task: int) -> int:
    """Kills its own process for the task 3, as the system does when memory runs out."""
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def deadly_once(folder: str) -> str:
    """Kills its own process the first time that it is called for ``folder``."""
    mark = Path(folder) / "called"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return folder


def deadly_to_parent(task: int) -> int:
    if task == 3:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(HANG_GUARD_SECONDS)
    return task


def unlucky(task: int) -> int:
    raise RuntimeError(f"task {task}")


class Untransportable(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def fails_untransportably(task: int) -> int:
    raise Untransportable(1, task)


def compiled_and_endless(task: object) -> int:
    """Never gives the interpreter back, so that nothing inside the process can end it."""
    return sum(iter(int, 1))


def endless_for_odd(task: int) -> int:
    return compiled_and_endless(task) if task % 2 else task


def marked_and_endless(folder: str) -> int:
    Path(folder, str(os.getpid())).touch()
    return compiled_and_endless(folder)


def slow_first(task: int) -> tuple[int, float]:
    if task == 0:
        time.sleep(2)
    return task, time.time()


def with_parent(task: int) -> tuple[int, int]:
    """With the process that started the one that runs this: on a cluster the Dask worker."""
    time.sleep(0.02)
    return task, os.getppid()


def cannot_start() -> None:
    raise HarnessError("no preparation today")


def dies_at_start() -> None:
    os._exit(1)


def never() -> bool:
    return False
