"""What a reader of the figures has to know: mappings whose computes are not all charged, spaces without
what was asked for. Each gives the notes, none when there is nothing to say.
"""

from __future__ import annotations

from harness.mapspace.demands import FactorDemands, factor_demands
from harness.mapspace.levels import TilingLevel, tiling_levels
from harness.model.stats import Stats
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem


def uncounted_computes(stats: Stats) -> tuple[str, ...]:
    """The reference averages the units of imperfect spatial loops and charges computes for whole ones only
    (docs/model.md, whole_instances); without its artefacts there is nothing to tell.
    """
    unit = stats.arithmetic
    sparse = unit.average_instances is not None
    # What zeros save is no slip: then all computes are looked at, those included.
    counted = unit.algorithmic_computes if sparse else stats.actual_computes
    # The reference multiplies doubles: from 2^51 on the last bits of a product are not told apart.
    if abs(counted - stats.macs) <= stats.macs >> 51:
        return ()
    return (
        f"the reference charges {counted:,} computes for {stats.macs:,} MACs (imperfect "
        "spatial factors), in energy and utilisation; --compat none counts all",
    )


def idle_densities(architecture: Architecture, problem: Problem) -> tuple[str, ...]:
    """Of densities on hardware that treats zeros like other values."""
    if not problem.densities or architecture.sparse is not None:
        return ()
    names = ", ".join(name for name, _ in problem.densities)
    return (
        f"the densities ({names}) change no figure: the architecture has no sparse optimisations "
        "(docs/sparse.md)",
    )


def no_imperfect_factors(
    architecture: Architecture, problem: Problem, constraints: Constraints
) -> tuple[str, ...]:
    """Of the template ``ruby``, see docs/mapspace.md. Asks the constraints only, lists no factors."""
    levels = tiling_levels(architecture, constraints)
    if any(_may_be_imperfect(demands, levels) for demands in factor_demands(problem, levels)):
        return ()
    return (
        "the map space holds no imperfect factors, so the template ruby (-if) adds nothing to uber: "
        "declare 'remainders: N' in the spatial or temporal constraints of a level (docs/mapspace.md)",
    )


def _may_be_imperfect(demands: FactorDemands, levels: tuple[TilingLevel, ...]) -> bool:
    if demands.bound == 1:
        return False
    for index, level in enumerate(levels):
        if index not in demands.given and any(most > 1 for most in level.constraint.remainders):
            return True
    remaining = demands.bound
    for index in sorted(demands.given):
        factor = demands.given[index]
        if factor >= remaining:
            remaining = 1
        elif remaining % factor:
            return True
        else:
            remaining //= factor
    return False
