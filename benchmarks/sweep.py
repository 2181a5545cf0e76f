"""Sweeps: one job, the shipped configurations and their mix-up. Very many points: ``benchmarks/scale.py``."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Row, Section

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("all", "-c", "hw_configs.json", "-t")


def measure(quick: bool) -> Section:
    rows = [*_jobs(quick)]
    with tempfile.TemporaryDirectory() as place:
        _command(*SHIPPED, "-o", f"{place}/warm")  # compiles, and fills the caches
        rows += _swept("20 configurations x 8 layers", (*SHIPPED, "-o", f"{place}/shipped"))
        if not quick:
            rows += _swept("432-point mix-up x 8 layers", (*SHIPPED, "-mx", "-o", f"{place}/mixup"))
    return Section(
        "sweep",
        "Sweeps of Gemmini, layers of BERT-large",
        "Jobs: CPU time in one process that has run all of them before. Commands: wall time of fresh "
        "processes with compiled kernels and kept estimates, on all cores, files written. Many points: one "
        "layer each and made-up figures, CPU time and memory of the sweeping process.",
        tuple(rows),
    )


def _jobs(quick: bool) -> Iterator[Row]:
    from harness.report.outputs import timeloop_files  # noqa: PLC0415
    from harness.sweep.job import SweepJob, run_job  # noqa: PLC0415
    from harness.sweep.request import SweepRequest, plan_sweep  # noqa: PLC0415

    plan = plan_sweep(SweepRequest(configurations=ROOT / "hw_configs.json"))
    jobs: dict[str, SweepJob] = {}
    for point in plan.points():
        for position in range(len(point.planned.layers)):
            key = point.key(position)
            jobs.setdefault(key, SweepJob(key, point.request(position)))
    chosen = list(jobs.values())[: 40 if quick else None]
    for label, texts_of in (("without files", None), ("with Timeloop's files", timeloop_files)):
        taken = [SweepJob(job.key, job.request, texts_of) for job in chosen]
        for job in taken:
            run_job(job)
        rounds = []
        for _ in range(3):
            start = time.process_time()
            for job in taken:
                run_job(job)
            rounds.append(time.process_time() - start)
        yield Row(f"one job {label}", min(rounds) / len(taken) * 1000, "ms", f"mean of {len(taken)}")


@dataclass(frozen=True)
class _Spent:
    wall: float
    cpu: float


def _command(*arguments: str) -> _Spent:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, str(ROOT / "hwdse_run.py"), *arguments]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _swept(label: str, arguments: tuple[str, ...]) -> Iterator[Row]:
    for state in ("empty store", "all stored"):
        spent = _command(*arguments)
        yield Row(f"{label}, {state}", spent.wall, "s", f"{spent.cpu:.1f} s of CPU")
