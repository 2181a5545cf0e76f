"""How far a sweep is: counts, the pace of the last minute, what is left, the best so far."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.report.sweep.shown_criteria import shown
from harness.sweep.comparison import find_criterion

if TYPE_CHECKING:
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point

_PACE_SECONDS = 60.0
_SAMPLE_SECONDS = 0.5


class SweepPace:
    """Counts what the events of a sweep tell.

    ``points`` and ``layers`` are how many there will be, None where nobody knows. The pace leaves out points
    that were there before, which come in a rush and say nothing about the others.
    """

    def __init__(
        self,
        points: int | None,
        layers: int | None,
        criterion: str = "edp_sum",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.points = points
        self.layers = layers
        self.points_done = 0
        self.layers_done = 0
        self.failed = 0
        self.reused = 0
        self._criterion = find_criterion(criterion)
        self._clock = clock
        self._begun = clock()
        self._worked = 0
        self._undecided: dict[int, int] = {}
        self._at_work: set[int] = set()
        self._samples: deque[tuple[float, int]] = deque([(self._begun, 0)])
        self._best: dict[int, tuple[float, int, str]] = {}
        self._last_study: int | None = None

    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None:
        self.layers_done += 1
        if reused and index not in self._at_work:
            self._undecided[index] = self._undecided.get(index, 0) + 1
            return
        self._at_work.add(index)
        self._worked += 1 + self._undecided.pop(index, 0)
        self._sample()

    def point_done(self, point: Point) -> None:
        self.points_done += 1
        self.failed += point.status == "failed"
        self._at_work.discard(point.index)
        self.reused += self._undecided.pop(point.index, None) is not None
        if point.metrics is None:
            return
        value = self._criterion.value(point.metrics)
        if value is None:
            return
        self._last_study = point.study
        cost = -value if self._criterion.column == "utilization" else value
        best = self._best.get(point.study)
        if best is None or cost < best[0]:
            text = f"{shown(self._criterion.id, point.metrics)} at {point.index}"
            self._best[point.study] = (cost, point.index, text)

    @property
    def seconds(self) -> float:
        return self._clock() - self._begun

    @property
    def best(self) -> str | None:
        """Of the study of the last point: points of different studies do not compare."""
        return None if self._last_study is None else self._best[self._last_study][2]

    @property
    def per_second(self) -> float | None:
        """Layers, None as long as there is nothing to tell from."""
        then, worked = self._samples[0]
        seconds = self._clock() - then
        return (self._worked - worked) / seconds if self._worked > worked and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        rate = self.per_second
        if self.layers is None or rate is None:
            return None
        return max(0, self.layers - self.layers_done) / rate

    def words(self) -> dict[str, str]:
        """What there is to tell, each in a few words, in the order of reading."""
        total = "" if self.points is None else f"/{self.points:,}"
        words = {"points": f"{self.points_done:,}{total}"}
        left, rate = self.seconds_left, self.per_second
        words["time"] = quantities.duration(int(self.seconds)) if left is None else f"{_rough(left)} left"
        if rate is not None:
            words["pace"] = f"{rate:.3g} layers/s"
        if self.best is not None:
            words["best"] = f"best {self.best}"
        if self.failed:
            words["failed"] = f"{self.failed:,} failed"
        if self.reused:
            words["reused"] = f"{self.reused:,} reused"
        return words

    def _sample(self) -> None:
        now = self._clock()
        if now - self._samples[-1][0] < _SAMPLE_SECONDS:
            return
        self._samples.append((now, self._worked))
        while len(self._samples) > 2 and now - self._samples[1][0] > _PACE_SECONDS:
            self._samples.popleft()


def _rough(seconds: float) -> str:
    """For example ``2 h 05 min``; nobody can tell the seconds of a long time."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 100 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400:,} days"
