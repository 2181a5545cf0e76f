"""First mappings to beat: the perfect optimum where the space holds it, and the guided search's best."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from harness.errors import HarnessError, InvalidMapping
from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.search.objective import Objective
from harness.search.optimal.outcome import Limits
from harness.search.ruby.branching import Incumbent
from harness.search.ruby.vectors import DimensionVectors
from harness.spec.mapping import Mapping
from harness.spec.settings import SearchSettings

MOST_SECONDS = 5.0
SHARE = 0.15
"""Of the time left, at most :data:`MOST_SECONDS`, for each kind of seed."""


def offer_seeds(
    space: MapSpace,
    vectors: list[DimensionVectors],
    incumbent: Incumbent,
    deadline: float,
    should_stop: Callable[[], bool] | None,
) -> None:
    for seed in (_perfect, _guided):
        seconds = min(MOST_SECONDS, SHARE * (deadline - time.monotonic()))
        mapping = seed(space, vectors, incumbent.objective, Limits(seconds, should_stop))
        if mapping is None:
            continue
        try:
            stats = evaluate(space.architecture, space.problem, mapping)
        except InvalidMapping:
            continue
        incumbent.offer(mapping, stats.cycles, stats.energy_pj)


def _perfect(
    space: MapSpace, vectors: list[DimensionVectors], objective: Objective, limits: Limits
) -> Mapping | None:
    """The best mapping with perfect factors, if it belongs to ``space`` too."""
    from harness.search.optimal import solve  # noqa: PLC0415 - numba is slow to start

    if space.template == "uber":
        return None
    try:
        twin = MapSpace(space.architecture, space.problem, space.constraints, "uber")
        mapping = solve(twin, objective, limits).mapping
    except HarnessError:
        return None
    return mapping if mapping is not None and holds(space, vectors, mapping) else None


def holds(space: MapSpace, vectors: list[DimensionVectors], mapping: Mapping) -> bool:
    """Whether the factors of ``mapping``, which obeys all other constraints, are in the space."""
    for dimension, of_dimension in zip(space.problem.dimensions, vectors, strict=True):
        match = np.ones(len(of_dimension), dtype=bool)
        for k, level in enumerate(space.levels):
            own = mapping.levels[level.storage]
            block = own.spatial if level.spatial else own.temporal
            loop = next((loop for loop in block if loop.dimension == dimension), None)
            end, residual = (1, 1) if loop is None else (loop.factor, loop.residual)
            match &= (of_dimension.ends[:, k] == end) & (of_dimension.residuals[:, k] == residual)
        if not match.any():
            return False
    return True


def _guided(
    space: MapSpace, vectors: list[DimensionVectors], objective: Objective, limits: Limits
) -> Mapping | None:
    from harness.search.find import search_space  # noqa: PLC0415 - which knows this package

    settings = SearchSettings(
        algorithm="guided",
        metrics=objective.goals,
        template=space.template,
        victory_condition=2000,
        timeout=200,
        time_limit=max(limits.seconds, 0.01),
        seed=1,
        max_cycles=objective.max_cycles,
        max_energy_pj=objective.max_energy_pj,
    )
    return search_space(space, settings, should_stop=limits.should_stop).mapping
