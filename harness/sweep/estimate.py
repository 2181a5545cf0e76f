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
    job_seconds: float
    processes: int

    @property
    def seconds(self) -> float:
        """Of the whole sweep, if nothing is shared beyond ``jobs`` and all processes are busy."""
        left = self.layers if self.jobs is None else self.jobs - (self.stored or 0)
        return left * self.job_seconds / self.processes


def estimate(plan: SweepPlan, folder: Path, processes: int, texts_of: TextsOf | None) -> Estimate:
    """Counts the different jobs, and measures some: those that the folder's store remembers, or a few
    spread over the plan that are run here and now.
    """
    reader = _reader(folder)
    jobs: int | None = None
    stored: int | None = None
    if plan.count <= _MOST_COUNTED_POINTS:
        keys = {
            point.key(position)
            for point in plan.points()
            for position in range(len(point.planned.layers))
            if point.refusal(position) is None
        }
        jobs = len(keys)
        stored = 0 if reader is None else sum(map(reader.has, keys))
    measured = [] if reader is None else list(reader.job_seconds())
    if len(measured) < _LEAST_MEASURED and jobs != stored:
        measured = list(_measured(plan, texts_of))
    return Estimate(plan.layers, jobs, stored, fmean(measured) if measured else 0.0, processes)


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
            if point.refusal(position) is None:
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
