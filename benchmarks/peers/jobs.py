"""The jobs of the comparison: as shipped, or without what not every mapper can be told."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.cases import Case
from harness.spec.constraints import BlockConstraint, Constraints, LevelConstraints


def relaxed(case: Case) -> Case:
    """``case`` without demands on temporal loops, but for levels that keep nothing and thus need none.

    What is left (spatial factors, data spaces kept or bypassed) can be told to all mappers.
    """
    levels = tuple(_relaxed_level(level) for level in case.constraints.levels)
    constraints = Constraints(levels, case.constraints.min_parallelism)
    return replace(
        case,
        name=f"{case.name}, relaxed",
        constraints=constraints,
        specification=replace(case.specification, constraints=constraints),
    )


def _relaxed_level(level: LevelConstraints) -> LevelConstraints:
    temporal = level.temporal
    if temporal is None or (level.bypass and not level.keep):
        return level
    kept = BlockConstraint(
        no_reuse=temporal.no_reuse, rmw_first_update=temporal.rmw_first_update, location=temporal.location
    )
    return replace(level, temporal=kept)
