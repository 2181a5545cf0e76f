"""Timeloop's own mapper, from the executable ``timeloop-mapper`` on PATH."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import yaml

from benchmarks.cases import Case
from benchmarks.peers.attempt import Attempt, absent, judged
from benchmarks.peers.compact_mapping import read_compact_mapping
from benchmarks.peers.process import Watched, run_watched
from benchmarks.peers.timeloop_input import timeloop_input
from harness.spec.flattened import read_mapping
from harness.spec.mapping import Mapping
from harness.timeloop_outputs import parse_stats

EXECUTABLE = "timeloop-mapper"


def timeloop_attempt(case: Case, seconds: float, algorithm: str) -> Attempt:
    """Timeloop's search, stopped after ``seconds`` of CPU time unless it ends before."""
    name = f"Timeloop, {algorithm}"
    executable = shutil.which(EXECUTABLE)
    if executable is None:
        return absent(name, case, f"no {EXECUTABLE} on PATH")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "input.yaml").write_text(timeloop_input(case, algorithm), encoding="utf-8")
        watched = run_watched([executable, "input.yaml", "-o", "."], folder, seconds)
        mapping = _written_mapping(folder, case)
        said = (folder / "stdout.txt").read_text(encoding="utf-8")
        told = _told_edp(folder) if mapping is not None else None
    if mapping is None:
        status = "failed" if watched.returncode else "no mapping"
        return Attempt(name, case.name, status, watched.seconds, remarks=(_last_words(watched, said),))
    attempt = Attempt(
        name, case.name, "best found", watched.seconds, remarks=_remarks(watched), told_edp=told
    )
    return judged(attempt, case, mapping, _way(watched, case))


def _written_mapping(folder: Path, case: Case) -> Mapping | None:
    file = folder / f"{EXECUTABLE}.map.yaml"
    tree = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    return None if not tree else read_mapping(tree, case.architecture, case.problem)


def _told_edp(folder: Path) -> float:
    """J*cycles, from the energy as printed (two decimals of its unit)."""
    summary = parse_stats((folder / f"{EXECUTABLE}.stats.txt").read_text(encoding="utf-8"))
    return summary.energy_pj * summary.cycles / 1e12


def _way(watched: Watched, case: Case) -> list[tuple[float, Mapping]]:
    """The mappings that it told of while it searched, each with its time."""
    found = [
        (seconds, read_compact_mapping(line, case.architecture, case.problem))
        for seconds, line in watched.lines
        if "Utilization" in line
    ]
    return [(seconds, mapping) for seconds, mapping in found if mapping is not None]


def _remarks(watched: Watched) -> tuple[str, ...]:
    if any("global termination" in line for _, line in watched.lines):
        return ("stopped by time, without a statement of how good its find is",)
    return ()


def _last_words(watched: Watched, said: str) -> str:
    lines = [line for _, line in watched.lines] + said.splitlines()
    told = [
        line.strip() for line in lines if "ERROR" in line or "MESSAGE" in line or "assert" in line.lower()
    ]
    return told[0] if told else f"ended with code {watched.returncode} and no mapping"
