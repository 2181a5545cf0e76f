"""Figures of the SRAM estimation: ``python -m benchmarks estimation`` prints those of docs/energy.md.

Needs CACTI (or a C++ compiler to make it). ``--memories N`` sets how many rows and memories are drawn.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.estimation.cacti import Cacti, CactiRequest, cacti_for
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.hwc.recipe import NEUROSIM
from harness.estimation.programs import Program, Recipe, Unavailable, listen
from harness.estimation.query import Declined, Query
from harness.estimation.sram.source import AccelergySramSource
from harness.estimation.sram.table import load_sram_table
from harness.spec.shipped import shipped_folder

TABLE = shipped_folder("estimation_tables") / "sram" / "cacti.csv.gz"
FIGURES = ("read", "write", "leak", None)
NODES = (22, 32, 45, 65)
ARCHITECTURE = """
import sys, time
sys.path.insert(0, "tests")
from estimation_cases import UNIT, architecture_of, component_classes
from harness.estimation import EstimationOptions, estimate
memories = [
    {"name": f"Buffer{i}", "class": "SRAM", "attributes": {"width": 16 * w, "depth": d, "datawidth": 16}}
    for i, (w, d) in enumerate(((5, 1111), (11, 3333), (20, 7777), (3, 555)))
]
begun = time.perf_counter()
made = estimate(architecture_of(*memories, UNIT), component_classes("two_adders"), EstimationOptions())
took = time.perf_counter() - begun
assert {a.estimator for a in made.answers if "Buffer" in a.component} == {"accelergy_cacti"}
print(took)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks estimation", description=__doc__)
    parser.add_argument("--memories", type=int, default=150, help="rows and memories that are drawn")
    count = parser.parse_args(arguments).memories
    listen(lambda line: None)
    try:
        cacti = cacti_for(use_cache=False)
        cacti.answer(CactiRequest(32, 4096, 8))
    except Declined as declined:
        print(f"CACTI does not run here: {declined.reason}")
        return 1
    print_rows(cacti, count)
    print_between(cacti, count)
    with tempfile.TemporaryDirectory() as folder:
        print_making(CACTI, Path(folder))
        print_making(NEUROSIM, Path(folder))
        print_never_seen(Path(folder))
    return 0


def print_rows(cacti: Cacti, count: int) -> None:
    """Rows that CACTI is asked for as they stand, not scaled down."""
    drawn = random.Random(1).sample(sorted(load_sram_table(TABLE).costs.items(), key=str), 4 * count)
    usable = [
        (key, cost)
        for key, cost in drawn
        if key[0].technology in NODES and key[1] >= 32 and key[2] >= 64 * key[0].banks and key[1] % 8 == 0
    ][:count]
    requests = [
        CactiRequest(int(o.technology), width * depth // 8, width // 8, o.ports, o.banks)
        for (o, width, depth), _ in usable
    ]
    begun = time.perf_counter()
    cacti.in_parallel(requests)
    took = time.perf_counter() - begun
    equal = 0
    for request, (_, cost) in zip(requests, usable, strict=True):
        answer = cacti.answer(request)
        mine = (answer.read_nj * 1e-9 * 1e12, answer.write_nj * 1e-9 * 1e12, answer.area_mm2 * 1e-6 * 1e12)
        equal += mine == (cost.read, cost.write, cost.area)
    print(f"rows of the table that CACTI gives again to the last bit: {equal} of {len(usable)}")
    print(f"one CACTI question: {took / len(requests):.2f} s of {os.cpu_count()} cores together")


def print_between(cacti: Cacti, count: int) -> None:
    """How far interpolation between rows is off, against CACTI's own answer."""
    table, asking = AccelergySramSource(TABLE), AccelergySramSource(TABLE, cacti)
    drawn = random.Random(2)
    depths: Callable[[], dict[str, object]] = lambda: {  # noqa: E731
        "width": drawn.choice((32, 64, 128, 256)),
        "depth": round(2 ** drawn.uniform(6, 17)),
    }
    widths: Callable[[], dict[str, object]] = lambda: {  # noqa: E731
        "width": 8 * drawn.randint(5, 31),
        "depth": 2 ** drawn.randint(6, 14),
    }
    for what, draw in (("depths", depths), ("widths", widths)):
        queries = [
            Query("x", "SRAM", {"technology": drawn.choice(NODES), "global_cycle_seconds": 1e-9, **draw()})
            for _ in range(count)
        ]
        queries = [query for query in queries if asking.requests_of(query)]
        cacti.in_parallel(request for query in queries for request in asking.requests_of(query))
        print(f"interpolation between {what}, |relative error| median / 90th percentile / maximum:")
        for figure in FIGURES:
            errors = sorted(
                abs(table.estimate(asked).value / asking.estimate(asked).value - 1)
                for asked in (Query("x", "SRAM", query.attributes, figure) for query in queries)
            )
            shown = (statistics.median(errors), errors[int(0.9 * len(errors))], errors[-1])
            percent = " ".join(f"{error:6.1%}" for error in shown)
            print(f"  {figure or 'area':5} {percent}   ({len(errors)} memories)")


def print_making(recipe: Recipe, folder: Path) -> None:
    begun = time.perf_counter()
    try:
        Program(recipe, folder / "transformer-harness").executable()
    except Unavailable as unavailable:
        print(f"{recipe.name} cannot be made here: {unavailable}")
        return
    print(f"{recipe.name} found or made from its sources: {time.perf_counter() - begun:.1f} s")


def print_never_seen(cache: Path) -> None:
    """A process that estimates four memories that nobody has asked for, and then one that finds them kept."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    for what in ("never seen", "kept"):
        done = subprocess.run(
            [sys.executable, "-c", ARCHITECTURE], env=environment, capture_output=True, text=True, check=True
        )
        print(f"an architecture of four memories, {what}: {float(done.stdout):.3f} s")

