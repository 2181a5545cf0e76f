"""Why no factorisation of a dimension is left, in one sentence that names the demands in conflict."""

from __future__ import annotations

from collections.abc import Sequence

from harness.mapspace.demands import FactorDemands
from harness.mapspace.levels import TilingLevel


def explain_empty(demands: FactorDemands, levels: Sequence[TilingLevel]) -> str:
    """The simplest reason that applies to ``demands``; assumes that no factorisation satisfies them all."""
    name, bound = demands.dimension, demands.bound
    start = f"no factorisation of {name}={bound} is left: "
    for level, value in demands.given.items():
        if not demands.admits(level, value):
            return start + (
                f"{levels[level].name} fixes {name}={value} but also demands {_range(demands, level)}"
            )
    remaining, shown = _after_given(demands, levels)
    free = [k for k in range(len(levels)) if k not in demands.given]
    if not free:
        return start + f"all levels fix it, but {shown} leaves {remaining}"
    fixed = any(value > 1 for value in demands.given.values())
    context = f" (what is left of {name} after {shown})" if fixed else ""
    for level in free:
        least = demands.least.get(level, 1)
        if least > remaining:
            return start + f"{levels[level].name} needs {name}>={least}, but {name} is {remaining}{context}"
        admitted = [d for d in range(1, remaining + 1) if remaining % d == 0 and demands.admits(level, d)]
        if not admitted:
            divisors = [d for d in range(1, remaining + 1) if remaining % d == 0]
            return start + (
                f"{levels[level].name} needs {_range(demands, level)}, but the divisors of "
                f"{remaining}{context} are {_listed(divisors)}"
            )
    needed = 1
    for level in free:
        needed *= demands.least.get(level, 1)
    if needed > remaining:
        parts = ", ".join(f"{levels[k].name} {name}>={demands.least[k]}" for k in free if k in demands.least)
        return start + f"{parts} need at least {needed} together, but {name} is {remaining}{context}"
    allowed = 1
    for level in free:
        allowed *= min(demands.most.get(level, remaining), remaining)
    if allowed < remaining:
        parts = ", ".join(f"{levels[k].name} {name}<={demands.most[k]}" for k in free if k in demands.most)
        return start + f"{parts} allow at most {allowed} together, but {name} is {remaining}{context}"
    parts = ", ".join(
        f"{levels[k].name} {_range(demands, k)}" for k in free if k in demands.most or k in demands.least
    )
    return start + f"no divisors of {remaining}{context} with product {remaining} satisfy {parts}"


def _after_given(demands: FactorDemands, levels: Sequence[TilingLevel]) -> tuple[int, str]:
    remaining = demands.bound
    for level in sorted(demands.given):
        remaining = -(-remaining // demands.given[level])
    fixed = [f"{levels[k].name} {demands.dimension}={v}" for k, v in sorted(demands.given.items()) if v > 1]
    return remaining, ", ".join(fixed) or f"{demands.dimension}=1 everywhere"


def _range(demands: FactorDemands, level: int) -> str:
    parts = []
    if level in demands.least:
        parts.append(f"{demands.dimension}>={demands.least[level]}")
    if level in demands.most:
        parts.append(f"{demands.dimension}<={demands.most[level]}")
    return " and ".join(parts)


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:16])
    return shown + (", ..." if len(numbers) > 16 else "")
