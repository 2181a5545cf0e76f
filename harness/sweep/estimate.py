"""How much there is to do before a sweep starts, and about how long it will take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

from harness.errors import HarnessError
from harness.sweep.job import SweepJob, TextsOf, run_job
from harness.sweep.plan import PlannedPoint, SweepPlan
from harness.sweep.store.connection import FILE_NAME, open_to_read
from harness.sweep.store.reading import StoreReader

_MOST_COUNTED_POINTS = 2000
_SAMPLED_POINTS = 4
_LEAST_MEASURED = 8


@dataclass(frozen=True)
class Estimate:
    """``jobs`` are the different ones, ``stored`` those of them that the folder has; None where there are
    too many points to look at each. ``job_seconds`` is what one job takes in one process.
    """

    layers: int
    jobs: int | None
    stored: int | None
    job_seconds: float | None
    processes: int

    @property
    def seconds(self) -> float | None:
        """Of the whole sweep, if nothing is shared beyond ``jobs`` and all processes are busy. None when no
        job could be measured, or none is left.
        """
        if self.job_seconds is None:
            return None
        left = self.layers if self.jobs is None else self.jobs - (self.stored or 0)
        if left == 0:
            return None
        return left * self.job_seconds / self.processes


def estimate(
    plan: SweepPlan, store: Path | None, processes: int, texts_of: TextsOf | None, retry_failed: bool = False
) -> Estimate:
    """Counts the different jobs, and measures some: those that the store remembers, or a few spread over
    the plan that are run here and now. ``store`` is its folder, None when it will not be used.
    """
    reader = None if store is None else _reader(store)
    jobs: int | None = None
    stored: int | None = None
    if plan.count <= _MOST_COUNTED_POINTS:
        keys = {
            key.text
            for point in plan.points()
            for key in map(point.key, range(len(point.planned.layers)))
            if key.refusal is None
        }
        jobs = len(keys)
        stored = 0 if reader is None else sum(reader.has(key, only_ok=retry_failed) for key in keys)
    measured = [] if reader is None else list(reader.job_seconds())
    if len(measured) < _LEAST_MEASURED and (jobs is None or jobs != stored) and _is_quick(plan):
        measured = list(_measured(plan, texts_of))
    return Estimate(plan.layers, jobs, stored, fmean(measured) if measured else None, processes)


def _is_quick(plan: SweepPlan) -> bool:
    """Whether a few jobs can be run to see how long they take: the real mapper may take a minute for each."""
    layers = (layer.request for planned in plan.workloads.values() for layer in planned.layers)
    return all(request.engine == "embedded" for request in layers)


def replaced_points(plan: SweepPlan, folder: Path) -> int:
    """How many points of other sweeps in the folder have indices that the plan will use."""
    reader = _reader(folder)
    if reader is None:
        return 0
    identities = {planned.study.identity for planned in plan.workloads.values()}
    return reader.others(plan.first_index, plan.last_index, identities)


def _reader(folder: Path) -> StoreReader | None:
    if not (folder / FILE_NAME).is_file():
        return None
    try:
        return StoreReader(open_to_read(folder / FILE_NAME))
    except HarnessError:
        return None


def _measured(plan: SweepPlan, texts_of: TextsOf | None) -> Iterator[float]:
    """Seconds of the jobs of some points. The first of each kind is left out: it imports and loads."""
    seen: set[str] = set()
    for point in _spread(plan):
        for position, layer in enumerate(point.planned.layers):
            if point.key(position).refusal is None:
                seconds = run_job(SweepJob("", point.request(position), texts_of)).seconds
                if layer.request.layer.operator in seen:
                    yield seconds
                seen.add(layer.request.layer.operator)


def _spread(plan: SweepPlan) -> Iterator[PlannedPoint]:
    """The first points of each architecture: to reach one in the middle, all before it would be made."""
    wanted = dict.fromkeys(plan.architectures, max(1, _SAMPLED_POINTS // len(plan.architectures)))
    for point in islice(plan.points(), _MOST_COUNTED_POINTS):
        name = point.configuration.architecture
        if wanted[name] > 0:
            wanted[name] -= 1
            yield point
        if not any(wanted.values()):
            return
