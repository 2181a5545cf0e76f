"""``python -m benchmarks.sweep_points POINTS FOLDER``: a sweep of as many points, without the mapping.

Every point is planned, keyed, stored and counted as in any sweep; but one job is run, and its result, with
other figures, stands for all. What is left is what the sweeping process itself takes: prints its seconds and
its peak of memory as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isqrt
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from harness.sweep.api import Execution, execute
from harness.sweep.job import SweepJob
from harness.sweep.outcome import LayerOutcome
from harness.sweep.point import Point
from harness.sweep.request import SweepRequest, plan_sweep

LAYER = "KQV"
_PER_BATCH = 100


class OneForAll:
    """A :class:`harness.sweep.scheduler.Runner` that runs the first job and answers all with its result."""

    def __enter__(self) -> OneForAll:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self) -> None: ...

    def run[Task, Value](
        self,
        work: Callable[[Task], Value],
        tasks: Iterable[Task],
        *,
        on_done: Callable[[Value], None],
        on_death: Callable[[Task], None],
        on_timeout: Callable[[Task], None],
        should_stop: Callable[[], bool],
        on_batch: Callable[[], None] | None = None,
        limit_seconds: float | None = None,
    ) -> None:
        answer: Any = None
        for number, task in enumerate(tasks, 1):
            answer = answer or work(task)
            on_done(_varied(replace(answer, key=cast(SweepJob, task).key), number))
            if on_batch is not None and number % _PER_BATCH == 0:
                on_batch()
        if on_batch is not None:
            on_batch()


def _varied(done: Any, number: int) -> Any:
    """Figures that differ, for nothing is as rare as a sweep in which all points are equally good."""
    result = done.result
    cycles = result.cycles + number * 7919 % 100_003
    energy = result.energy_pj * (1 + number * 104_729 % 100_019 / 100_019)
    changed = replace(result, cycles=cycles, energy_pj=energy, edp_j_cycles=energy * 1e-12 * cycles)
    return replace(done, result=changed)


class _Silent:
    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None: ...

    def point_done(self, point: Point) -> None: ...


def main(points: int, folder: Path) -> None:
    rows = next(n for n in range(isqrt(points), 0, -1) if points % n == 0)
    grid = {
        "accumulator_size": [1024 + 16 * n for n in range(rows)],
        "scratchpad_size": [65536 + 16 * n for n in range(points // rows)],
    }
    plan = plan_sweep(SweepRequest(layers=(LAYER,), configurations=grid))
    began = time.process_time()
    finished = execute(plan, Execution(folder, OneForAll()), _Silent(), lambda: False)
    assert finished.points == points
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": time.process_time() - began, "mebibytes": memory / 1024}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
