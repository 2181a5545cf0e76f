"""Tasks in worker processes: all are accounted for, also when a worker dies, hangs, or is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sweep_tasks import (
    HANG_GUARD_SECONDS,
    cannot_start,
    compiled_and_endless,
    deadly,
    deadly_once,
    dies_at_start,
    doubled,
    endless_for_odd,
    fails_untransportably,
    never,
    slow_first,
    unlucky,
)

from harness.errors import HarnessError
from harness.sweep.workers.scheduler import LocalRunner, Watch


def refuse(task: object) -> None:
    pytest.fail(str(task))


class Reports:
    """What was called back, in order."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.dead: list[object] = []
        self.late: list[object] = []
        self.batches: list[int] = []

    def on_batch(self) -> None:
        self.batches.append(len(self.done) + len(self.dead) + len(self.late))

    def run(
        self,
        work: Callable[..., object],
        tasks: object,
        processes: int = 2,
        limit_seconds: float | None = None,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        watch = Watch[object, object](
            on_done=self.done.append,
            on_death=self.dead.append,
            on_timeout=self.late.append,
            on_batch=self.on_batch,
            should_stop=should_stop,
            limit_seconds=limit_seconds,
        )
        with LocalRunner(processes) as runner:
            runner.run(work, tasks, watch)  # type: ignore[arg-type]


def test_every_task_is_done_in_another_process() -> None:
    reports = Reports()
    reports.run(doubled, iter(range(9)))
    assert sorted(value for value, _ in reports.done) == [2 * task for task in range(9)]  # type: ignore[misc]
    assert os.getpid() not in {process for _, process in reports.done}  # type: ignore[misc]
    assert not reports.dead and not reports.late


def test_the_task_that_kills_its_process_is_found_and_the_others_are_done() -> None:
    reports = Reports()
    reports.run(deadly, range(8))
    assert reports.dead == [3]
    assert sorted(reports.done) == [0, 1, 2, 4, 5, 6, 7]  # type: ignore[type-var]


def test_a_task_whose_process_died_by_accident_is_done_again(tmp_path: Path) -> None:
    reports = Reports()
    reports.run(deadly_once, [str(tmp_path)])
    assert reports.done == [str(tmp_path)] and not reports.dead


def test_workers_killed_from_outside_lose_nothing_and_double_nothing() -> None:
    done: Counter[int] = Counter()
    kills = [(10, signal.SIGKILL), (30, signal.SIGTERM), (50, signal.SIGKILL)]
    taken: list[int] = []
    waited_for: set[int] = set()

    def tasks() -> Iterator[int]:
        for task in range(80):
            taken.append(task)
            yield task

    with LocalRunner(2) as runner:

        def take(value: tuple[int, int]) -> None:
            done[value[0]] += 1
            waited_for.discard(value[0] // 2)
            # A second death over the same task would rightly be laid to that task: what was in work at the
            # kill before has to be done first.
            if kills and not waited_for and value[0] // 2 >= kills[0][0]:
                os.kill(value[1], kills.pop(0)[1])
                waited_for.update(task for task in taken if not done[2 * task])

        runner.run(doubled, tasks(), Watch(take, on_death=refuse, on_timeout=refuse, should_stop=never))
    assert done == Counter({2 * task: 1 for task in range(80)})
    assert not kills


def test_a_task_that_takes_too_long_is_ended_and_the_others_are_done() -> None:
    reports = Reports()
    reports.run(endless_for_odd, range(4), limit_seconds=1.5)
    assert sorted(reports.late) == [1, 3]  # type: ignore[type-var]
    assert sorted(reports.done) == [0, 2]  # type: ignore[type-var]
    assert not reports.dead


def test_one_process_keeps_the_limit_too() -> None:
    reports = Reports()
    reports.run(endless_for_odd, range(3), processes=1, limit_seconds=1.5)
    assert (reports.late, reports.done) == ([1], [0, 2])


def test_the_caller_is_told_after_each_batch() -> None:
    reports = Reports()
    reports.run(doubled, range(7))
    assert reports.batches == sorted(set(reports.batches)), "never without something new"
    assert reports.batches[-1] == 7


def test_a_slow_task_does_not_keep_the_others_waiting() -> None:
    reports = Reports()
    reports.run(slow_first, range(30))
    order = [task for task, _ in sorted(reports.done, key=lambda done: done[1])]  # type: ignore[index,misc]
    assert order[-1] == 0


def test_stopping_keeps_what_is_done_and_starts_nothing_new() -> None:
    reports = Reports()
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    reports.run(doubled, endless(), processes=1, should_stop=lambda: len(reports.done) >= 3)
    assert 3 <= len(reports.done) <= len(taken) <= len(reports.done) + 2


def test_stopping_ends_workers_in_the_middle_of_compiled_code() -> None:
    reports = Reports()
    timer = threading.Event()
    threading.Timer(1.0, timer.set).start()
    begun = time.monotonic()
    reports.run(compiled_and_endless, range(4), should_stop=timer.is_set)
    assert time.monotonic() - begun < HANG_GUARD_SECONDS
    assert not reports.done and not reports.dead


def test_a_runner_can_run_again_after_it_was_stopped() -> None:
    done: list[int] = []
    with LocalRunner(2) as runner:
        runner.begin()
        stopping = iter([False, False, True])
        runner.run(
            compiled_and_endless,
            range(4),
            Watch(
                on_done=refuse, on_death=refuse, on_timeout=refuse, should_stop=lambda: next(stopping, True)
            ),
        )
        runner.run(deadly, [1, 2], Watch(done.append, on_death=refuse, on_timeout=refuse, should_stop=never))
    assert sorted(done) == [1, 2]


def test_an_error_of_the_work_itself_is_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="task 0") as raised:
        Reports().run(unlucky, [0])
    assert "in unlucky" in raised.value.__notes__[0]
    with pytest.raises(RuntimeError, match="Untransportable: 1 and 0"):
        Reports().run(fails_untransportably, [0])


def test_workers_that_cannot_start_are_an_error_and_no_endless_loop() -> None:
    for prepare, reason in ((cannot_start, "no preparation today"), (dies_at_start, "as soon as they start")):
        with pytest.raises(HarnessError, match=reason), LocalRunner(2, prepare) as runner:
            runner.run(
                doubled,
                range(4),
                Watch(refuse, on_death=refuse, on_timeout=refuse, should_stop=never),
            )


PARENT = """
import os, sys
sys.path[:0] = [{tests!r}]
from sweep_tasks import compiled_and_endless, never
from harness.sweep.workers.scheduler import LocalRunner, Watch
with LocalRunner(2) as runner:
    runner.begin()
    print(*(worker.process_id for worker in runner._crew._workers), flush=True)
    runner.run(
        compiled_and_endless, range(4), Watch(print, on_death=print, on_timeout=print, should_stop=never)
    )
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere compiled code ends first")
def test_workers_end_with_a_killed_parent() -> None:
    script = PARENT.format(tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 2
        time.sleep(1)
        parent.kill()
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while any(_lives(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process: int) -> bool:
    """A process that has ended but was not waited for lives no more."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
