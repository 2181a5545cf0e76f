"""What fusing demands of a mapping, written into the constraints of either side.

The matmul makes columns of D elements, one per L; the normalisation consumes them. So that a column is
whole at the fusion level, D (and E, unless asked otherwise) must not iterate above it; so that the
intermediate stays there, nothing above may keep it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from harness.errors import SpecError
from harness.fusion.plan import Fusion
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints
from harness.spec.problem import Problem

COLUMN_ORDER = ("E", "D", "L")
"""Inner to outer: finish the sums, then the column, then go on to the next column."""

ALL = frozenset({"Weights", "Inputs", "Outputs"})
Above = Literal["listed", "between"]


def levels_above(architecture: Architecture, fusion: Fusion) -> dict[str, Above]:
    """The storage levels outside the fusion level, innermost first.

    "listed" ones are fusion levels themselves, "between" are buffers on the way that the architecture does
    not offer for fusing (Gemmini's scratchpad) and the dummy levels of spatial containers. When the
    fusion level is missing here (a norm-op variant without it), the levels above are those from the
    innermost listed one outwards.
    """
    names = architecture.level_names
    outer = [name for name in fusion.levels[: fusion.levels.index(fusion.level)] if name in names]
    if fusion.level in names:
        first = names.index(fusion.level) + 1
    else:
        first = min((names.index(name) for name in outer), default=len(names))
    return {name: "listed" if name in outer else "between" for name in names[first:]}


def fused_matmul_constraints(
    constraints: Constraints, architecture: Architecture, problem: Problem, fusion: Fusion
) -> Constraints:
    """The producer's side.

    Above the fusion level: the column's dimensions do not iterate, Inputs and Weights are kept where
    nothing says otherwise, Outputs pass by (with ``pay_writeback_in_matmul`` they stay as they were). At
    the level: Outputs are kept. Loop order E, D, L from inner to outer at the level and at all above.
    Raises SpecError when a demand of the user's contradicts this.
    """
    levels = {name: constraints.of(name) for name in architecture.level_names}
    outermost = architecture.level_names[-1]
    write_back = fusion.options.pay_writeback_in_matmul
    for name in levels_above(architecture, fusion):
        level = levels[name]
        is_used = level.bypass != ALL
        level = _pin(level, fusion, problem)
        if is_used:
            level = _ordered(level, fusion, problem)
            level = replace(level, keep=level.keep | ({"Inputs", "Weights"} - level.bypass))
        if not write_back:
            level = _bypass(level, "Outputs")
        elif name == outermost:
            level = replace(level, keep=level.keep | {"Outputs"}, bypass=level.bypass - {"Outputs"})
        levels[name] = level
    if fusion.level in levels:
        level = _ordered(levels[fusion.level], fusion, problem)
        levels[fusion.level] = _keep_if_allowed(level, "Outputs")
    return _collected(constraints, levels)


def fused_norm_constraints(
    constraints: Constraints, architecture: Architecture, fusion: Fusion
) -> Constraints:
    """The consumer's side: nothing above the fusion level keeps Inputs, the level does.

    With ``pay_writeback_in_matmul`` the listed levels above do not keep Outputs either; a buffer between
    them still does, as the result has to pass through it.
    """
    levels = {name: constraints.of(name) for name in architecture.level_names}
    for name, kind in levels_above(architecture, fusion).items():
        level = _bypass(levels[name], "Inputs")
        if kind == "listed" and fusion.options.pay_writeback_in_matmul:
            level = _bypass(level, "Outputs")
        levels[name] = level
    if fusion.level in levels:
        levels[fusion.level] = _keep_if_allowed(levels[fusion.level], "Inputs")
    return _collected(constraints, levels)


def _pin(level: LevelConstraints, fusion: Fusion, problem: Problem) -> LevelConstraints:
    block = level.temporal or BlockConstraint()
    for factor in block.factors:
        if factor.dimension in fusion.options.pinned and _demands_iteration(factor, problem):
            raise SpecError(
                f"{fusion.pair.producer.name} fused at {fusion.level} needs {factor.dimension}=1 at "
                f"{level.level}, where {factor.dimension}{factor.relation}{factor.value} is demanded",
                factor.location,
                "drop that factor, or fuse at an outer level",
            )
    others = [f for f in block.factors if f.dimension not in fusion.options.pinned]
    pins = [FactorConstraint(dimension, "=", 1) for dimension in fusion.options.pinned]
    return replace(level, temporal=replace(block, factors=(*pins, *others)))


def _demands_iteration(factor: FactorConstraint, problem: Problem) -> bool:
    bound = problem.bound[factor.dimension]
    if factor.relation == "<=":
        return False
    wanted = bound if factor.value == 0 else factor.value
    return 1 < wanted <= bound


def _ordered(level: LevelConstraints, fusion: Fusion, problem: Problem) -> LevelConstraints:
    """The level with the loop order of columns; dimensions that cannot iterate there keep their place."""
    block = level.temporal or BlockConstraint()
    still = {f.dimension for f in block.factors if f.relation == "=" and f.value == 1}
    still |= {d for d in problem.dimensions if problem.bound[d] == 1}
    inner = [d for d in block.prefix if d not in still]
    outer = [d for d in block.suffix if d not in still]
    rest = [d for d in COLUMN_ORDER if d not in still and d not in inner and d not in outer]
    wanted = [d for d in COLUMN_ORDER if d in inner or d in outer or d in rest]
    broken = [d for d in (*inner, *rest, *outer) if d in COLUMN_ORDER] != wanted
    splits_sums = "E" not in still and any(d not in COLUMN_ORDER for d in inner)
    if broken or splits_sums:
        fixed = ", ".join((*block.prefix, *(["..."] if block.suffix else []), *block.suffix))
        raise SpecError(
            f"{fusion.pair.producer.name} fused at {fusion.level} needs the loop order E, D, L (inner to "
            f"outer) at {level.level}, where {fixed} is demanded",
            block.location,
            "drop that permutation, or fuse at another level",
        )
    motionless = tuple(d for d in block.prefix if d not in COLUMN_ORDER)
    column = tuple(d for d in COLUMN_ORDER if d not in block.suffix)
    ordered = replace(block, prefix=(*motionless, *column), permutation_given=True)
    return replace(level, temporal=ordered)


def _bypass(level: LevelConstraints, data_space: str) -> LevelConstraints:
    return replace(level, keep=level.keep - {data_space}, bypass=level.bypass | {data_space})


def _keep_if_allowed(level: LevelConstraints, data_space: str) -> LevelConstraints:
    """Kept, unless the architecture says that it bypasses; that is refused elsewhere, with the reason."""
    if data_space in level.bypass:
        return level
    return replace(level, keep=level.keep | {data_space})


def _collected(constraints: Constraints, levels: dict[str, LevelConstraints]) -> Constraints:
    said = tuple(level for name, level in levels.items() if level != LevelConstraints(name))
    return replace(constraints, levels=said)
