"""The real Timeloop's programs in the workers of a sweep: stopped at their limit, and never left behind.

Real processes of the real command, with a double of the programs that replays what the real ones wrote.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_tasks import HANG_GUARD_SECONDS
from timeloop_double.install import FOUND, Scenario, install_double

from harness import sweep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes end with their parents on Linux")

ROOT = Path(__file__).resolve().parents[1]
RECORDED = "layers: {A: {D: 64, E: 64, L: 64}}"
"""The layer of the recordings."""

DEAF = replace(FOUND, waits=True, signals_ignored=1000)


def begin(folder: Path, scenario: Scenario, *options: str) -> subprocess.Popen[str]:
    """A sweep of one layer on one configuration, with the double installed."""
    (folder / "tiny.yaml").write_text(RECORDED)
    (folder / "c.json").write_text('[{"pe_rows": 16}]')
    installed = install_double(folder / "bin", scenario)
    command = [
        sys.executable, str(ROOT / "hwdse_run.py"), "all", "-m", "tiny.yaml", "-c", "c.json", "-j", "1",
        "--mapper", "quick", "--engine", "timeloop", "-o", "out", *options,
    ]  # fmt: skip
    environment = {**os.environ, "HARNESS_TIMELOOP_BIN": str(installed)}
    environment.pop("HARNESS_TIMELOOP_PYTHON", None)
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_for[Found](found: Callable[[], Found | None]) -> Found:
    until = time.monotonic() + HANG_GUARD_SECONDS
    while (value := found()) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    return value


def started_program(folder: Path, command: subprocess.Popen[str]) -> int:
    """The process of the double, once it runs."""

    def told() -> int | None:
        assert command.poll() is None, command.communicate()
        with suppress(OSError, ValueError):
            return int(json.loads((folder / "bin/given to timeloop-mapper/run.json").read_text())["process"])
        return None

    return wait_for(told)


def has_ended(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def test_the_time_limit_reaches_the_program_of_a_worker(tmp_path: Path) -> None:
    """Workers block SIGINT, which the program must not inherit: else it is killed, and its best is lost."""
    process = begin(tmp_path, replace(FOUND, waits=True), "--time-limit", "1")
    _, errors = process.communicate(timeout=HANG_GUARD_SECONDS)
    assert process.returncode == 0, errors
    result = sweep.load(tmp_path / "out").result(0, "A")
    assert result is not None and result.timeloop is not None
    assert (result.status, result.timeloop.ended) == ("ok", "time limit")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_that_ends_leaves_no_program_behind(tmp_path: Path, how: signal.Signals) -> None:
    process = begin(tmp_path, DEAF, "--time-limit", "1000")
    program = started_program(tmp_path, process)
    assert not has_ended(program)
    process.send_signal(how)
    process.communicate(timeout=HANG_GUARD_SECONDS)
    assert process.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: has_ended(program) or None)
    # The same command goes on where that one stopped.
    process = begin(tmp_path, FOUND)
    _, errors = process.communicate(timeout=HANG_GUARD_SECONDS)
    assert process.returncode == 0, errors
    assert sweep.load(tmp_path / "out").point(0).status == "ok"


def test_a_job_that_takes_too_long_is_ended_with_its_program(tmp_path: Path) -> None:
    process = begin(tmp_path, DEAF, "--time-limit", "1000", "--job-timeout", "2")
    program = started_program(tmp_path, process)
    process.communicate(timeout=HANG_GUARD_SECONDS)
    assert process.returncode == 2
    wait_for(lambda: has_ended(program) or None)
    (failure,) = sweep.load(tmp_path / "out").failures()
    assert (failure.status, failure.reason) == ("timed_out", "it took longer than 2 s")
