"""One specification, as its authors combine its files, through ``run.py --spec`` in a child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

EVALUATED, MAPPED, NO_MAPPING, REFUSED, BROKEN, TOO_LONG = (
    "evaluated", "mapped", "no mapping", "refused", "broken", "too long",
)  # fmt: skip
PASSED = (EVALUATED, MAPPED)


@dataclass(frozen=True)
class Trial:
    """Files and template values. ``design`` is the row of the table, ``case`` what of it is tried."""

    design: str
    case: str
    files: tuple[Path, ...]
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a trial ended. ``seconds`` of the whole process; ``edp`` in J x cycles, None without a mapping."""

    trial: Trial
    status: str
    seconds: float
    edp: float | None = None
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.status in PASSED


@dataclass(frozen=True)
class Options:
    """``profile`` of the mapper, ``estimator`` of energies; seconds for the search, and for all of a run."""

    profile: str = "default"
    estimator: str = "tables"
    search_seconds: float = 5
    limit_seconds: float = 60


def run_trial(trial: Trial, options: Options) -> Outcome:
    """Maps, or evaluates when the files have a mapping."""
    with tempfile.TemporaryDirectory(prefix="harness_compatibility_") as folder:
        command = [sys.executable, str(ROOT / "run.py"), "--spec", *map(str, trial.files)]
        command += [word for name, value in trial.values.items() for word in ("--jinja", f"{name}={value}")]
        command += ["--mapper", options.profile, "--time-limit", f"{options.search_seconds:g}"]
        command += ["--estimator", options.estimator, "--json", "-o", str(Path(folder) / "out")]
        return _ran(trial, command, Path(folder), options.limit_seconds)


def _ran(trial: Trial, command: list[str], folder: Path, limit_seconds: float) -> Outcome:
    began = time.perf_counter()
    # A session of its own: what the child has started ends with it.
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        printed, said = process.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome(trial, TOO_LONG, time.perf_counter() - began, None, f"more than {limit_seconds:g} s")
    seconds = time.perf_counter() - began
    if process.returncode == 0:
        record = json.loads(printed)
        status = EVALUATED if record["search"]["mapper"] == "given" else MAPPED
        return Outcome(trial, status, seconds, record["edp_j_cycles"])
    status = {2: REFUSED, 3: NO_MAPPING}.get(process.returncode, BROKEN)
    return Outcome(trial, status, seconds, None, _reason(said))


def _reason(said: str) -> str:
    """The error without the name of the program."""
    lines = [line for line in said.splitlines() if "error:" in line] or said.splitlines() or ["silent"]
    return lines[-1].removeprefix("run.py: error: ").strip()
