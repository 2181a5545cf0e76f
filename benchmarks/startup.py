"""What a user waits for: whole runs of the command in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Row, Section

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (("run.py -h", ("-h",)), ("run.py --list", ("--list",)), ("run.py KQV", ("KQV",)))
WARM_RUNS = 5


def measure(quick: bool) -> Section:
    rows = []
    for label, arguments in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            # No bytecode, no compiled kernels, no cached estimates: as right after an installation.
            environment = {
                **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
                "PYTHONPYCACHEPREFIX": str(place / "bytecode"),
                "XDG_CACHE_HOME": str(place / "cache"),
            }
            cold = _wall_seconds(arguments, place, environment)
            warm = [_wall_seconds(arguments, place, environment) for _ in range(2 if quick else WARM_RUNS)]
        rows.append(Row(f"{label}, cold", cold, "s"))
        rows.append(Row(f"{label}, warm", statistics.median(warm), "s"))
    numpy = [_import_seconds("numpy") for _ in range(2 if quick else WARM_RUNS)]
    rows.append(Row("for comparison: import numpy", statistics.median(numpy), "s"))
    return Section(
        "startup",
        "Start-up and whole runs, fresh processes",
        "Wall time. Cold: no bytecode of any package, no compiled kernels, no cached estimates. "
        f"Warm: median of {WARM_RUNS}.",
        tuple(rows),
    )


def _wall_seconds(arguments: tuple[str, ...], place: Path, environment: dict[str, str]) -> float:
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    start = time.perf_counter()
    subprocess.run(command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _import_seconds(module: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - start
