"""The stand-in sweep of the scale benchmark runs, and what a sweep keeps does not grow with its points."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale_sweep import CannedRunner, grid, plan_of
from harness.sweep import load
from harness.sweep.api import Execution, execute
from harness.sweep.outcome import LayerOutcome
from harness.sweep.point import Point

BEGIN, POINTS = 2_000, 4_000
"""Caches with a limit are full at the beginning."""


class Watch:
    """How many more blocks of memory there are after the last point than after the point ``BEGIN``."""

    def __init__(self) -> None:
        self.points = 0
        self.more = 0

    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None: ...

    def point_done(self, point: Point) -> None:
        self.points += 1
        if self.points in (BEGIN, POINTS):
            gc.collect()
            self.more = sys.getallocatedblocks() - self.more


def test_a_sweep_keeps_nothing_of_the_points_that_are_done(tmp_path: Path) -> None:
    watch = Watch()
    plan = replace(plan_of(10_000), only=frozenset(range(POINTS)))
    finished = execute(plan, Execution(tmp_path, CannedRunner()), watch, lambda: False)
    assert (finished.points, finished.reused) == (POINTS, 0)
    # Keeping a single small object of each point would make it thousands.
    assert watch.more < (POINTS - BEGIN) // 2
    results = load(tmp_path)
    assert results.counts()["ok"] == POINTS
    # Every point has figures of its own: the pieces of hardware are different jobs.
    assert len({point.metrics for point in results.iterate()}) == POINTS


def test_a_grid_has_as_many_points_as_asked_for() -> None:
    assert plan_of(1000).count == 1000
    assert plan_of(1_000_000).count == 1_000_000
    with pytest.raises(ValueError, match="no power of ten"):
        grid(2000)
