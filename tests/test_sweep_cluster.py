"""Tasks on Dask's workers: real processes, which are killed, stopped, missing, or of another version."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
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
    deadly,
    deadly_to_parent,
    endless_for_odd,
    marked_and_endless,
    never,
    unlucky,
    with_parent,
)

from harness.errors import HarnessError
from harness.sweep.workers import cluster_connection
from harness.sweep.workers.cluster import DaskRunner
from harness.sweep.workers.cluster_worker import Assignment, identity, run_in_process
from harness.sweep.workers.scheduler import Watch

distributed = pytest.importorskip("distributed")


def other_than_here() -> tuple[str, str]:
    return ("here", "3.12") if multiprocessing.parent_process() is None else ("there", "3.13")


def unknown_there() -> tuple[str, str]:
    if multiprocessing.parent_process() is not None:
        raise ModuleNotFoundError("No module named 'harness'")
    return ("here", "3.12")


def refuse(task: object) -> None:
    pytest.fail(str(task))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers, started as one would by hand."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    }
    dask = [sys.executable, "-m", "dask"]
    where = ["--scheduler-file", str(file)]
    worker = [*dask, "worker", *where, "--nthreads", "1", "--no-dashboard"]
    commands = [[*dask, "scheduler", *where, "--port", "0", "--no-dashboard"], worker, worker]
    with open(folder / "log", "wb") as log:  # noqa: PTH123
        processes = [
            subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
            for command in commands
        ]
        try:
            deadline = time.monotonic() + HANG_GUARD_SECONDS
            while not file.exists() or not file.read_text(encoding="utf-8"):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(2, timeout=HANG_GUARD_SECONDS)
            yield str(json.loads(file.read_text(encoding="utf-8"))["address"])
        finally:
            # Their own workers end with them.
            for process in processes:
                process.kill()
                process.wait(HANG_GUARD_SECONDS)


def run(
    address: str, work: Callable[..., object], tasks: object, limit_seconds: float | None = None
) -> tuple[list[object], list[object], list[object]]:
    done: list[object] = []
    dead: list[object] = []
    late: list[object] = []
    with DaskRunner(address, 2) as runner:
        runner.run(
            work,
            tasks,  # type: ignore[arg-type]
            Watch(
                on_done=done.append,
                on_death=dead.append,
                on_timeout=late.append,
                should_stop=never,
                limit_seconds=limit_seconds,
            ),
        )
    return done, dead, late


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(address: str) -> None:
    done: Counter[int] = Counter()
    workers: set[int] = set()
    killed: list[int] = []

    def take(value: tuple[int, int]) -> None:
        done[value[0]] += 1
        workers.add(value[1])
        if sum(done.values()) >= 30 and len(workers) == 2 and not killed:
            os.kill(value[1], signal.SIGKILL)
            killed.append(value[1])

    with DaskRunner(address, 2) as runner:
        runner.begin()
        runner.run(
            with_parent,
            range(120),
            Watch(on_done=take, on_death=refuse, on_timeout=refuse, should_stop=never),
        )
    assert done == Counter(range(120))
    assert len(killed) == 1, "both were at work"


def test_equal_tasks_are_not_taken_for_one(address: str) -> None:
    done, _, _ = run(address, with_parent, [7] * 5)
    assert [task for task, _ in done] == [7] * 5  # type: ignore[misc]


def test_the_task_that_kills_its_process_is_found_and_the_others_are_done(address: str) -> None:
    done, dead, late = run(address, deadly, range(8))
    assert (sorted(done), dead, late) == ([0, 1, 2, 4, 5, 6, 7], [3], [])  # type: ignore[type-var]


@pytest.mark.slow
def test_the_task_that_kills_workers_is_found_and_the_others_are_done(address: str) -> None:
    done, dead, late = run(address, deadly_to_parent, range(8))
    assert (sorted(done), dead, late) == ([0, 1, 2, 4, 5, 6, 7], [3], [])  # type: ignore[type-var]


def test_a_task_that_takes_too_long_is_ended_in_compiled_code(address: str) -> None:
    done, dead, late = run(address, endless_for_odd, range(4), limit_seconds=1.5)
    assert (sorted(done), dead, sorted(late)) == ([0, 2], [], [1, 3])  # type: ignore[type-var]


def test_stopping_ends_what_runs_on_the_workers(address: str, tmp_path: Path) -> None:
    def begun() -> list[int]:
        return [int(path.name) for path in tmp_path.iterdir()]

    before = time.monotonic()
    with DaskRunner(address, 2) as runner:
        runner.run(
            marked_and_endless,
            [str(tmp_path)] * 6,
            Watch(on_done=refuse, on_death=refuse, on_timeout=refuse, should_stop=lambda: len(begun()) == 2),
        )
    while any(Path(f"/proc/{process}").exists() for process in begun()):
        assert time.monotonic() - before < HANG_GUARD_SECONDS
        time.sleep(0.05)
    assert run(address, deadly, [1, 2])[0], "the workers are free for others"


def test_an_error_of_the_work_itself_is_not_swallowed(address: str) -> None:
    with pytest.raises(RuntimeError, match="task 0"):
        run(address, unlucky, [0])


def test_workers_with_another_harness_or_python_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_connection, "identity", other_than_here)
    with pytest.raises(HarnessError, match=r"harness there on Python 3\.13, here is here on Python 3\.12"):
        DaskRunner(address, 2).begin()
    monkeypatch.setattr(cluster_connection, "identity", unknown_there)
    with pytest.raises(HarnessError, match="cannot load the harness"):
        DaskRunner(address, 2).begin()


def test_a_worker_that_joins_later_says_when_it_is_another() -> None:
    assert run_in_process(Assignment(never, None, None, None, ("other", "3.12"), "key")) == identity()


@pytest.mark.parametrize("nobody", ["tcp://127.0.0.1:1", "127.0.0.1", "nonsense", "tcp://[", "http://x:1"])
def test_a_wrong_address_is_told_in_one_line(
    nobody: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster_connection, "_ANSWER_SECONDS", 1)
    with pytest.raises(HarnessError, match="no Dask scheduler answers at") as raised:
        DaskRunner(nobody, 2).begin()
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_stopping_does_not_wait_for_an_address_that_says_nothing() -> None:
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with DaskRunner(address, 2) as runner:
            runner.run(
                deadly,
                [1],
                Watch(on_done=refuse, on_death=refuse, on_timeout=refuse, should_stop=should_stop),
            )
    assert asked < 10


def test_without_dask_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HarnessError, match=r"pip install 'transformer-harness\[cluster\]'"):
        DaskRunner("local", 2).begin()


def test_a_local_cluster_is_started_and_ended(capfd: pytest.CaptureFixture[str]) -> None:
    done, dead, late = run("local", with_parent, range(10))
    assert sorted(task for task, _ in done) == list(range(10))  # type: ignore[misc]
    assert not dead and not late
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while any(Path(f"/proc/{worker}").exists() for _, worker in done):  # type: ignore[misc]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert capfd.readouterr() == ("", "")


PARENT = """
import os, signal, sys, threading
sys.path[:0] = [{tests!r}]
from sweep_tasks import marked_and_endless
from harness.sweep.workers.cluster import DaskRunner
from harness.sweep.workers.scheduler import Watch

if __name__ == "__main__":
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
    with DaskRunner("local", 2) as runner:
        runner.begin()
        print("begun", flush=True)
        runner.run(
            marked_and_endless, [{folder!r}] * 6,
            Watch(on_done=print, on_death=print, on_timeout=print, should_stop=lambda: bool(stopped)),
        )
    print("ended", flush=True)
"""


def test_ctrl_c_reaches_the_program_and_not_its_cluster(tmp_path: Path) -> None:
    """The terminal sends it to all processes; none of them may print or end before it is told to."""
    marks = tmp_path / "marks"
    marks.mkdir()
    script = tmp_path / "script.py"
    script.write_text(PARENT.format(tests=str(Path(__file__).parent), folder=str(marks)), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        guard = threading.Timer(HANG_GUARD_SECONDS, os.killpg, (parent.pid, signal.SIGKILL))
        guard.start()
        while len(list(marks.iterdir())) < 2:
            assert parent.poll() is None
            time.sleep(0.05)
        os.killpg(parent.pid, signal.SIGINT)
        output, errors = parent.communicate()
        assert guard.is_alive(), "no process is left that holds the output open"
        guard.cancel()
    assert (output.split(), errors, parent.returncode) == (["begun", "ended"], "", 0)
