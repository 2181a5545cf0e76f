"""Small sweeps for the page: names that are harmless, and names that try to be markup or code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sweep_cases import UNLIMITED, SweepInStore, done, failed

from harness.sweep.job import JobResult
from harness.sweep.outcome import Occurrence
from harness.sweep.results import SweepResults
from harness.sweep.study import Settings, Study

HOSTILE = "</script><img src=x onerror=\"document.body.dataset.broken='yes'\"><!-- & ' \u2028"

MAPPING: tuple[dict[str, Any], ...] = (
    {"target": "Buffer", "type": "datatype", "keep": ["Weights", "Inputs"], "bypass": ["Outputs"]},
    {"target": "Buffer", "type": "spatial", "factors": "L1 E4 D2", "permutation": "EDL", "split": 1},
    {"target": "Buffer", "type": "temporal", "factors": "L16 E2 D1", "permutation": "LED"},
    {"target": "DRAM", "type": "temporal", "factors": "L4,3 E1 D8", "permutation": "DLE"},
)


def mapped(key: str, cycles: int, energy_pj: float, **figures: Any) -> JobResult:
    job = done(key, cycles, energy_pj, **figures)
    assert job.result is not None
    return replace(job, result=replace(job.result, mapping=MAPPING))


def plain_sweep(folder: Path) -> SweepResults:
    """Six configurations of gemmini, one of tpu without a bandwidth, one that fails."""
    sweep = SweepInStore(folder)
    index = 0
    for rows in (8, 16, 32):
        for dataflow, factor in (("WS", 1.0), ("OS", 1.4)):
            cycles = round(64_000 / rows * factor)
            jobs = [
                mapped(
                    f"{rows}{dataflow}{n}",
                    cycles + n,
                    2e6 * factor * (1 + rows / 16),
                    utilization=0.2 + rows / 64,
                    area_um2=1e5 * rows,
                    notes=("a reservation",) if n == 0 and rows == 8 else (),
                )
                for n in range(2)
            ]
            sweep.add(index, jobs, parameters={"pe_rows": rows, "dataflow": dataflow, "width": 8})
            index += 1
    fast = [mapped(f"tpu{n}", 900, 9e6, main_memory=UNLIMITED, bound_by="compute") for n in range(2)]
    sweep.add(index, fast, architecture="tpu", parameters={"pe_rows": 64, "width": 8})
    broken = [mapped("half", 1000, 1e6), failed("none", "nothing fits")]
    sweep.add(index + 1, broken, parameters={"pe_rows": 1, "dataflow": "WS", "width": 8})
    return sweep.results()


def hostile_sweep(folder: Path) -> SweepResults:
    """Every text that comes from a user tries to leave its place."""
    layers = (Occurrence(HOSTILE, 3, HOSTILE, False, 4096, HOSTILE, 3),)
    study = Study(Settings(HOSTILE, HOSTILE, HOSTILE, HOSTILE), layers, 3)
    sweep = SweepInStore(folder)
    for index in range(3):
        job = mapped(f"h{index}", 1000 + index, 3e6 - index, bound_by=f"{HOSTILE}.read", notes=(HOSTILE,))
        assert job.result is not None
        levels = tuple(replace(level, name=level.name + HOSTILE) for level in job.result.levels)
        job = replace(job, result=replace(job.result, levels=levels, loop_nest=HOSTILE))
        sweep.add(
            index,
            [job],
            study=study,
            architecture=f"{HOSTILE}{index % 2}",
            parameters={HOSTILE: f"{HOSTILE}{index}", "<b>n</b>": index},
        )
    sweep.add(3, [failed("bad", HOSTILE)], study=study, architecture=HOSTILE, parameters={})
    other = Study(Settings(HOSTILE, None, HOSTILE, HOSTILE), layers, 3)
    sweep.add(4, [mapped("other", 500, 1e6)], study=other, architecture=HOSTILE, parameters={})
    return sweep.results()
