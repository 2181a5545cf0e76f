"""Tasks in worker processes: all are accounted for, also when a worker dies."""

from __future__ import annotations

import os
import signal

import pytest

from harness.sweep.scheduler import run_tasks


def doubled(task: int) -> tuple[int, int]:
    return 2 * task, os.getpid()


def deadly(task: int) -> int:
    """Kills its own process for the task 3, as the system does when memory runs out."""
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def unlucky(task: int) -> int:
    raise RuntimeError(f"task {task}")


def never() -> bool:
    return False


def test_every_task_is_done_in_another_process() -> None:
    done: list[tuple[int, int]] = []
    dead: list[int] = []
    run_tasks(doubled, iter(range(9)), 2, on_done=done.append, on_death=dead.append, should_stop=never)
    assert sorted(value for value, _ in done) == [2 * task for task in range(9)]
    assert os.getpid() not in {process for _, process in done}
    assert not dead


def test_the_task_that_kills_its_process_is_found_and_the_others_are_done() -> None:
    done: list[int] = []
    dead: list[int] = []
    run_tasks(deadly, range(8), 2, on_done=done.append, on_death=dead.append, should_stop=never)
    assert dead == [3]
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7]


def test_stopping_keeps_what_is_done_and_starts_nothing_new() -> None:
    done: list[tuple[int, int]] = []
    taken: list[int] = []

    def endless() -> object:
        task = 0
        while True:
            taken.append(task)
            yield task
            task += 1

    run_tasks(
        doubled,
        endless(),  # type: ignore[arg-type]
        1,
        on_done=done.append,
        on_death=lambda task: pytest.fail(str(task)),
        should_stop=lambda: len(done) >= 3,
    )
    assert 3 <= len(done) <= len(taken) <= len(done) + 2


def test_an_error_of_the_work_itself_is_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="task 0"):
        run_tasks(unlucky, [0], 1, on_done=print, on_death=print, should_stop=never)
