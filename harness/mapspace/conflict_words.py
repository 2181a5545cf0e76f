"""A conflict of demands in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.mapspace.demands import FactorDemands
from harness.mapspace.levels import TilingLevel
from harness.mapspace.requirements import FACTOR_KINDS, Demand, Terms
from harness.spec.problem import Problem

if TYPE_CHECKING:
    from harness.mapspace.feasibility import FeasibilityTest


def sentence(demands: Sequence[Demand], test: FeasibilityTest) -> str:
    """Says why ``demands``, a smallest conflicting set, cannot all be met."""
    requirements = test.requirements
    kinds = {d.kind for d in demands}
    terms = requirements.terms(demands)
    if kinds <= FACTOR_KINDS:
        for of_dimension in terms.factors:
            if not test.splits(of_dimension):
                start = f"no factorisation of {of_dimension.dimension}={of_dimension.bound} is left: "
                return start + _no_factors(of_dimension, requirements.levels)
    if kinds == {"bypass"} and len({d.data_space for d in demands}) == 1:
        return f"{demands[0].data_space} is bypassed in all storage levels"
    if kinds == {"least parallelism"}:
        return f"{demands[0].text} is beyond the problem's {requirements.problem.macs:,} operations"
    sizes = [d for d in demands if d.kind in ("capacity", "least utilization")]
    if len(sizes) == 1 and kinds <= FACTOR_KINDS | {"keep", "bypass", sizes[0].kind}:
        return _room(demands, sizes[0], terms, test)
    fanouts = [d for d in demands if d.kind == "fan-out"]
    if len(fanouts) == 1 and kinds <= FACTOR_KINDS | {"fan-out", "split", "order"}:
        others = [d for d in demands if d.kind != "fan-out"]
        if others:
            return f"{fanouts[0].text}, which {_listed_texts(others)} {_do(others, 'exceed')}"
    return f"no mapping meets all of these: {'; '.join(d.text for d in demands)}"


def _room(demands: Sequence[Demand], size: Demand, terms: Terms, test: FeasibilityTest) -> str:
    """The conflict with one capacity or one least utilisation."""
    problem = test.requirements.problem
    storage = test.requirements.architecture.storage[size.place]
    capacity = size.kind == "capacity"
    factors = [d for d in demands if d.kind in FACTOR_KINDS]
    kept = terms.must_keep[size.place] if capacity else terms.may_keep[size.place]
    extents = test.smallest_extents(demands, size.place, largest=not capacity)
    words = {s.name: _words(problem, s.name, extents) for s in problem.data_spaces if s.name in kept}
    shown = ", ".join(f"{name} {count:,}" for name, count in words.items())
    if not words:
        return f"no mapping meets all of these: {'; '.join(d.text for d in demands)}"
    total = f"{sum(words.values()):,} words" + (
        f" ({shown})" if len(words) > 1 else f" of {shown.split()[0]}"
    )
    others = [d for d in demands if d.kind == "bypass"]
    homes = f" ({_listed_texts(others)})" if others else ""
    if not capacity:
        least = f"{size.text}, but "
        cause = f" under {_listed_texts(factors)}" if factors else ""
        return f"{least}its tiles have at most {total}{cause}{homes}"
    buffering = storage.multiple_buffering
    what = f"{size.text}" + (f" ({storage.size_words:,} / {buffering:g})" if buffering != 1 else "")
    keeps = [str(d.data_space) for d in demands if d.kind == "keep" and d.place == size.place]
    if keeps:
        what += f" and keeps {_joined(keeps)}"
    if factors:
        return (
            f"{what}, but {_listed_texts(factors)} {_do(factors, 'force')} a tile of at least {total}{homes}"
        )
    return f"{what}, but the smallest tile has {total}{homes}"


def _words(problem: Problem, name: str, extents: Sequence[int]) -> int:
    extent = dict(zip(problem.dimensions, extents, strict=True))
    ranks = problem.data_space(name).ranks
    return math.prod(1 + sum(abs(t.coefficient) * (extent[t.dimension] - 1) for t in rank) for rank in ranks)


def _listed_texts(demands: Sequence[Demand]) -> str:
    return _joined([d.text for d in demands])


def _joined(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _do(demands: Sequence[Demand], verb: str) -> str:
    return verb if len(demands) > 1 else f"{verb}s"


def _no_factors(demands: FactorDemands, levels: Sequence[TilingLevel]) -> str:
    """The simplest reason that applies to ``demands``; assumes that no factorisation satisfies them all."""
    name = demands.dimension
    for level, value in demands.given.items():
        if not demands.admits(level, value):
            return f"{levels[level].name} fixes {name}={value} but also demands {_range(demands, level)}"
    remaining, shown = _after_given(demands, levels)
    free = [k for k in range(len(levels)) if k not in demands.given]
    if not free:
        return f"all levels fix it, but {shown} leaves {remaining}"
    fixed = any(value > 1 for value in demands.given.values())
    context = f" (what is left of {name} after {shown})" if fixed else ""
    for level in free:
        least = demands.least.get(level, 1)
        if least > remaining:
            return f"{levels[level].name} needs {name}>={least}, but {name} is {remaining}{context}"
        admitted = [d for d in range(1, remaining + 1) if remaining % d == 0 and demands.admits(level, d)]
        if not admitted:
            divisors = [d for d in range(1, remaining + 1) if remaining % d == 0]
            return (
                f"{levels[level].name} needs {_range(demands, level)}, but the divisors of "
                f"{remaining}{context} are {_listed(divisors)}"
            )
    needed = 1
    for level in free:
        needed *= demands.least.get(level, 1)
    if needed > remaining:
        parts = ", ".join(f"{levels[k].name} {name}>={demands.least[k]}" for k in free if k in demands.least)
        return f"{parts} need at least {needed} together, but {name} is {remaining}{context}"
    allowed = 1
    for level in free:
        allowed *= min(demands.most.get(level, remaining), remaining)
    if allowed < remaining:
        parts = ", ".join(f"{levels[k].name} {name}<={demands.most[k]}" for k in free if k in demands.most)
        return f"{parts} allow at most {allowed} together, but {name} is {remaining}{context}"
    parts = ", ".join(
        f"{levels[k].name} {_range(demands, k)}" for k in free if k in demands.most or k in demands.least
    )
    return f"no divisors of {remaining}{context} with product {remaining} satisfy {parts}"


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
