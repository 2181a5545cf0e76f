"""One sweep of very many points, in a process of its own: ``python -m benchmarks.scale_sweep POINTS FOLDER``.

Jobs cost almost nothing: a stand-in runner answers each with a result that was computed once before. What is
left is what the sweeping process itself does for a point, and what it keeps. One JSON object is printed.
Without FOLDER the points are only planned, and the keys of their jobs made.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.report.sweep.progress import SweepProgress
from harness.sweep.api import Execution, execute
from harness.sweep.job import JobResult, SweepJob, run_job
from harness.sweep.plan import PlannedPoint, SweepPlan
from harness.sweep.request import SweepRequest, plan_sweep
from harness.sweep.store.writing import StoreWriter
from harness.sweep.workers.scheduler import Watch

LAYER = "KQV"
JOBS_PER_COMMIT = 2
"""What two cores finish while the sweeping process is busy; more hands make commits rarer."""

AXES = (
    ("dram_bandwidth", tuple(range(1, 11))),
    ("scratchpad_bandwidth", tuple(range(8, 18))),
    ("accumulator_bandwidth", tuple(range(1, 11))),
    ("scratchpad_size", tuple(2**17 * k for k in range(1, 11))),
    ("accumulator_size", tuple(1024 * k for k in range(1, 11))),
    ("pe_rows", tuple(8 * k for k in range(1, 11))),
)


def grid(points: int) -> dict[str, Any]:
    """10, 100, 1000, ... different pieces of hardware."""
    exponent = len(str(points)) - 1
    if points != 10**exponent or exponent > len(AXES):
        raise ValueError(f"{points} is no power of ten up to 10^{len(AXES)}")
    return {name: list(values) for name, values in AXES[:exponent]}


def plan_of(points: int) -> SweepPlan:
    return plan_sweep(SweepRequest(layers=(LAYER,), configurations=grid(points)))


def canned(first: JobResult, key: str) -> JobResult:
    """``first`` with other cycles and energy, up to twice as much, drawn from the key."""
    result = first.result
    assert result is not None and result.cycles is not None and result.energy_pj is not None
    digits = key[-16:]
    cycles = result.cycles + int(digits[:8], 16) * result.cycles // 2**32
    energy = result.energy_pj * (1 + int(digits[8:], 16) / 2**32)
    figures = {"cycles": cycles, "energy_pj": energy, "edp_j_cycles": energy * cycles / 1e12}
    return replace(first, key=key, result=replace(result, **figures))


class CannedRunner:
    """Answers each job at once with the result of the first one, its figures changed."""

    def __init__(self) -> None:
        self._first: JobResult | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None: ...

    def run(
        self,
        work: Callable[[Any], Any],
        tasks: Iterable[Any],
        watch: Watch[Any, Any],
    ) -> None:
        for number, job in enumerate(tasks, start=1):
            if not isinstance(job, SweepJob):  # the mapper is compiled before the first job
                watch.on_done(work(job))
                continue
            if self._first is None:
                self._first = run_job(job)
            watch.on_done(canned(self._first, job.key))
            if watch.on_batch is not None and number % JOBS_PER_COMMIT == 0:
                watch.on_batch()
        if watch.on_batch is not None:
            watch.on_batch()


class Shares:
    """CPU seconds of this process by what they are spent on; inner calls count for the outer one."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._within = False

    def watch(self, owner: type, name: str, share: str) -> None:
        """Calls of a method."""
        method = getattr(owner, name)

        @wraps(method)
        def watched(*arguments: Any, **named: Any) -> Any:
            if self._within:
                return method(*arguments, **named)
            self._within = True
            began = time.process_time()
            try:
                return method(*arguments, **named)
            finally:
                self.seconds[share] += time.process_time() - began
                self._within = False

        setattr(owner, name, watched)

    def watch_iterator(self, owner: type, name: str, share: str) -> None:
        """Steps of what a method yields."""
        method = getattr(owner, name)

        @wraps(method)
        def watched(*arguments: Any) -> Iterator[Any]:
            values = iter(method(*arguments))
            while True:
                began = time.process_time()
                value = next(values, None)
                self.seconds[share] += time.process_time() - began
                if value is None:
                    return
                yield value

        setattr(owner, name, watched)


def watch_everything(shares: Shares) -> None:
    shares.watch_iterator(SweepPlan, "points", "planning")
    shares.watch(PlannedPoint, "key", "keys")
    shares.watch(SweepProgress, "layer_done", "progress")
    shares.watch(SweepProgress, "point_done", "progress")
    for name, member in list(vars(StoreWriter).items()):
        if callable(member) and not name.startswith("_") and name != "commit":
            shares.watch(StoreWriter, name, "store")
    shares.watch(StoreWriter, "commit", "commits")


def memory() -> dict[str, float]:
    """MB of this process: now, and the most so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return {name: int(lines[key].split()[0]) / 1024 for name, key in (("now", "VmRSS"), ("most", "VmHWM"))}


def planned_only(points: int) -> dict[str, float]:
    plan = plan_of(points)
    began = time.process_time()
    keys = sum(1 for point in plan.points() if point.key(0))
    seconds = time.process_time() - began
    return {"points": keys, "seconds": seconds, "most_mb": memory()["most"]}


def main(arguments: list[str]) -> int:
    from rich.console import Console  # noqa: PLC0415 - as late as in the command

    points = int(arguments[0])
    if len(arguments) == 1:
        print(json.dumps(planned_only(points)))
        return 0
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    shares = Shares()
    watch_everything(shares)
    began = time.process_time()
    plan = plan_of(points)
    count = plan.count
    run_job(SweepJob("", next(iter(plan.points())).request(0)))  # imports and compiles
    shares.seconds.clear()
    planned = time.process_time()
    before = memory()
    progress = SweepProgress(Console(stderr=True), count, plan.layers)
    with progress:
        finished = execute(plan, Execution(folder, CannedRunner()), progress, lambda: False)
    seconds = time.process_time() - planned
    assert finished.points == points == count
    figures = {
        "points": points,
        "start_seconds": planned - began,
        "seconds": seconds,
        "shares": {**shares.seconds, "the rest": seconds - sum(shares.seconds.values())},
        "before_mb": before["now"],
        "most_mb": memory()["most"],
        "store_bytes": sum(file.stat().st_size for file in folder.glob("sweep.sqlite*")),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
