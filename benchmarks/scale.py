"""Very many points: what the sweeping process takes and keeps for each, and what a million would take."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, Section
from benchmarks.scale_sweep import AXES

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (1_000, 10_000, 100_000)
MILLION = 1_000_000
SUMMARIES = (
    ("-so",),
    ("-so", "-t", "--top", "20"),
    ("-so", "--html", "page.html"),
    ("-so", "--format", "csv"),
)
ARCHITECTURES = {
    "gemmini": ("accumulator_size", 4096),
    "eyeriss": ("glb_depth", 16384),
    "simba": ("global_buffer_depth", 2048),
    "tpu": ("dram_bandwidth", 4),
    "pim_analog": ("shared_glb_bandwidth", 16),
}
"""With a parameter whose values make different pieces of hardware."""

CORES = 64


def measure(quick: bool) -> Section:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        _child("benchmarks.scale_sweep", "10", f"{place}/warm")  # compiles, which takes memory and time
        for count in COUNTS[:2] if quick else COUNTS:
            folder = Path(place) / str(count)
            figures = _child("benchmarks.scale_sweep", str(count), str(folder))
            rows += _of_canned_sweep(count, figures)
        rows += _shares(count, figures)
        rows += _summaries(count, folder)
        planned = _child("benchmarks.scale_sweep", str(10_000 if quick else MILLION))
        label = f"planning and keys of {planned['points']:,} points"
        rows.append(Row(f"{label}, each", _each(planned) * 1e6, "us"))
        rows.append(Row(f"{label}, memory", planned["most_mb"], "MB"))
        real, row_list = _real(Path(place), 20 if quick else 1_000)
        rows += row_list
    rows += _mapping(quick)
    rows += _million(real)
    return Section(
        "scale",
        "Sweeps of very many points",
        "CPU seconds and peak memory (VmHWM) of the sweeping process, a fresh one each. Canned: one layer a "
        "point, a stand-in runner answers each job with one result whose figures are changed. Real: all 8 "
        "layers of BERT-large on Gemmini, two workers, nothing written beside the store.",
        tuple(rows),
    )


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON object that a module prints, alone on stdout or last on stderr."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    text = done.stdout if module.endswith("scale_sweep") else done.stderr
    figures: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return figures


def _each(figures: Mapping[str, Any]) -> float:
    return float(figures["seconds"]) / int(figures["points"])


def _of_canned_sweep(count: int, figures: Mapping[str, Any]) -> Iterator[Row]:
    yield Row(f"{count:,} points, canned, each", _each(figures) * 1e3, "ms")
    yield Row(
        f"{count:,} points, canned, memory",
        figures["most_mb"],
        "MB",
        f"{figures['before_mb']:.0f} MB before the first point",
    )


def _shares(count: int, figures: Mapping[str, Any]) -> Iterator[Row]:
    for share, seconds in figures["shares"].items():
        yield Row(f"a canned point: {share}", seconds / count * 1e6, "us")
    yield Row("store, for each layer result", figures["store_bytes"] / count, "bytes")


def _summaries(count: int, folder: Path) -> Iterator[Row]:
    for arguments in SUMMARIES:
        words = [str(folder / word) if word.endswith(".html") else word for word in arguments]
        figures = _child("benchmarks.scale_command", *words, "-o", str(folder))
        label = f"{' '.join(arguments)} on {count:,} layer results"
        yield Row(label, figures["seconds"], "s", f"{figures['most_mb']:.0f} MB")


def _real(place: Path, points: int) -> tuple[dict[str, float], list[Row]]:
    """CPU seconds of a point in the workers and in the sweeping process, with real jobs.

    They are the difference of two sweeps, of which one has five times as many points: without the start.
    """
    rows: list[Row] = []
    spent: dict[str, float] = {}
    for runner, more in (("local", ()), ("Dask", ("--cluster", "local"))):
        few, many = (_real_sweep(place, count, runner, more) for count in (points // 5, points))
        count = many["points"] - few["points"]
        label = f"{many['points']:,} real points, {runner}, each:"
        note = f"{many['most_mb']:.0f} MB, {many['wall']:.0f} s of wall time"
        parent, workers, store = (
            (many[part] - few[part]) / count for part in ("seconds", "worker_seconds", "store_bytes")
        )
        rows.append(Row(f"{label} sweeping process", parent * 1e3, "ms", note))
        spent[runner] = parent
        if runner == "local":  # Dask's own processes end in a way that hides their times
            spent |= {"workers": workers, "store_bytes": store}
            rows.append(Row(f"{label} workers", workers * 1e3, "ms"))
            rows.append(Row(f"{label} store", store, "bytes"))
    return spent, rows


def _real_sweep(place: Path, points: int, runner: str, more: tuple[str, ...]) -> dict[str, Any]:
    name = f"real_{runner}_{points}"
    file, folder = place / f"{name}.json", place / name
    grid = _grid(points)
    file.write_text(json.dumps([grid]), encoding="utf-8")
    arguments = ("all", "-c", str(file), "--keep", "none", "-j", "2", "-o", str(folder), *more)
    began = time.perf_counter()
    figures = _child("benchmarks.scale_command", *arguments)
    return {
        **figures,
        "points": math.prod(map(len, grid.values())),
        "wall": time.perf_counter() - began,
        "store_bytes": (folder / "sweep.sqlite").stat().st_size,
    }


def _grid(points: int) -> dict[str, list[int]]:
    """About ``points`` different pieces of hardware, whose arrays differ too."""
    grid: dict[str, list[int]] = {"pe_rows": [8, 16, 32, 64, 128]}
    left = max(1, points // 5)
    for name, values in AXES[::-1]:
        if name != "pe_rows":
            grid[name] = list(values[: min(len(values), left)])
            left //= len(grid[name])
    return grid


def _mapping(quick: bool) -> Iterator[Row]:
    """CPU time of jobs in this process, on hardware that it has not seen."""
    from harness.sweep.job import SweepJob, run_job  # noqa: PLC0415
    from harness.sweep.request import SweepRequest, plan_sweep  # noqa: PLC0415

    for architecture, (name, value) in ARCHITECTURES.items():
        values = [value * k for k in range(1, 3 if quick else 9)]
        plan = plan_sweep(SweepRequest(architectures=(architecture,), configurations={name: values}))
        seconds: list[float] = []
        seen: set[str] = set()
        for number, point in enumerate(plan.points()):
            for position in range(len(point.planned.layers)):
                key = point.key(position)
                if key in seen:
                    continue
                seen.add(key)
                began = time.process_time()
                run_job(SweepJob(key, point.request(position)))
                if number:  # the first piece of hardware compiles, imports and reads
                    seconds.append(time.process_time() - began)
        mean = sum(seconds) / len(seconds)
        note = f"{len(seconds)} jobs, the longest {max(seconds) * 1e3:.0f} ms"
        yield Row(f"mapping, {architecture}, each job", mean * 1e3, "ms", note)


def _million(real: Mapping[str, float]) -> Iterator[Row]:
    """From the real points. On many cores the sweeping process has one for itself."""
    local, dask, workers = (real[part] * MILLION / 3600 for part in ("local", "Dask", "workers"))
    title = "10^6 points of 8 layers"
    yield Row(f"{title} on 2 cores", (local + workers) / 2, "h", "extrapolated")
    for cores, how, parent in ((CORES, "one machine", local), (CORES, "Dask", dask)):
        note = f"extrapolated; mapping alone {workers / cores:.1f} h"
        yield Row(f"{title} on {cores} cores, {how}", max(parent, workers / cores), "h", note)
    yield Row(f"{title}, store", real["store_bytes"] * MILLION / 1e9, "GB", "extrapolated")
