"""AccelForge's mapper (PyPI ``accelforge``), in a process and perhaps an environment of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers.accelforge_job import translate
from benchmarks.peers.accelforge_mapping import Read, read_chain
from benchmarks.peers.attempt import Attempt, absent, judged
from benchmarks.peers.conformity import broken_demands
from harness.errors import Unsupported
from harness.mapspace import MapSpace

NAME = "AccelForge"
WORKER = Path(__file__).with_name("accelforge_worker.py")
UNFAITHFUL = (
    "its mapping has a loop between tensors of one memory that moves them all; "
    "judged is the better of the two mappings with that loop on one side of them"
)
LIMIT_SECONDS = 600.0
"""Wall seconds after which it is given up; it has no answer before its end."""


def accelforge_attempt(case: Case, python: Path | None) -> Attempt:
    """AccelForge's best mapping for EDP. ``seconds`` are those of its mapper, without the import."""
    interpreter = str(python or sys.executable)
    if not _installed(interpreter):
        return absent(NAME, case, f"{interpreter} cannot import accelforge")
    try:
        translation = translate(case)
        answer = _asked(interpreter, translation.job)
        if answer["edp"] is None:
            remarks = ("it finds nothing that fits", *translation.remarks)
            return Attempt(NAME, case.name, "no mapping", answer["seconds"], remarks=remarks)
        space = MapSpace(case.architecture, case.problem, case.constraints)
        readings = [read_chain(answer["nodes"], space, outward) for outward in (False, True)]
    except Unsupported as obstacle:
        return Attempt(NAME, case.name, "cannot express", remarks=(str(obstacle),))
    except (subprocess.SubprocessError, ValueError) as failure:
        return Attempt(NAME, case.name, "failed", remarks=(_in_one_line(failure),))
    attempt = Attempt(NAME, case.name, "optimal, it says", answer["seconds"], told_edp=answer["edp"] / 1e12)
    attempt, reading = _best(attempt, case, readings)
    loading = f"its seconds leave out its import ({answer['import_seconds']:.0f} s in each process)"
    broken = broken_demands(reading.mapping, space)
    changed = () if reading.faithful else (UNFAITHFUL,)
    outside = (f"outside the map space of the others: {'; '.join(broken)}",) if broken else ()
    remarks = (*attempt.remarks, *changed, *outside, loading, *translation.remarks)
    return replace(attempt, remarks=remarks, inside=not broken)


def _best(attempt: Attempt, case: Case, readings: list[Read]) -> tuple[Attempt, Read]:
    """The reading of its mapping that costs least here; both are the same when it is faithful."""
    judgements = [(judged(attempt, case, reading.mapping), reading) for reading in readings]
    return min(judgements, key=lambda pair: math.inf if pair[0].edp is None else pair[0].edp)


@cache
def _installed(interpreter: str) -> bool:
    test = "import importlib.util, sys; sys.exit(importlib.util.find_spec('accelforge') is None)"
    try:
        return subprocess.run([interpreter, "-c", test], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _asked(interpreter: str, job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [interpreter, "-P", str(WORKER)],
            input=json.dumps(job),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )
    if run.returncode:
        raise ValueError(
            run.stderr.strip().splitlines()[-1] if run.stderr.strip() else "it ended without a word"
        )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def _in_one_line(failure: Exception) -> str:
    if isinstance(failure, subprocess.TimeoutExpired):
        return f"given up after {LIMIT_SECONDS:g} s"
    return " ".join(str(failure).split())[:200]
