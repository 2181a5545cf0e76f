"""How fast the mappers go through the map space, and what they find in a given number of tries."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.cases import case
from benchmarks.figures import Row, Section
from harness.search import search
from harness.spec.settings import SearchSettings

JOBS = (("gemmini", "KQV"), ("eyeriss", "KQV"), ("gemmini", "softmax"))
ALGORITHMS = ("guided", "random_pruned", "hybrid", "linear_pruned", "exhaustive")
SETTINGS = SearchSettings(
    metrics=("edp", "delay", "energy"), threads=1, timeout=0, victory_condition=0, search_size=0, seed=1
)


def measure(quick: bool) -> Section:
    rows = []
    seconds = 1.0 if quick else 5.0
    for architecture, layer in JOBS:
        chosen = case(architecture, layer)
        for algorithm in ALGORITHMS:
            settings = replace(SETTINGS, algorithm=algorithm)
            start = time.process_time()
            found = search(
                chosen.architecture,
                chosen.problem,
                chosen.constraints,
                settings,
                should_stop=_after(seconds),
            )
            used = time.process_time() - start
            edp = "none" if found.stats is None else f"{found.stats.edp_j_cycles:.6g}"
            note = f"{found.valid:,} valid, best EDP {edp} J*cycles"
            rows.append(Row(f"{algorithm}: {chosen.name}", found.evaluated / used, "per s", note))
    return Section(
        "search",
        "Mappings seen by the mappers, one thread",
        f"All tries, valid or not, per CPU second in {seconds:g} s; stopped by time, so the finds vary.",
        tuple(rows),
    )


def _after(seconds: float) -> Callable[[], bool]:
    deadline = time.perf_counter() + seconds
    return lambda: time.perf_counter() > deadline
