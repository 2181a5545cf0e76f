"""Whether a mapping lies in a map space, decided from the constraints and not by the space's own indices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

from harness.mapspace import MapSpace
from harness.spec.mapping import LevelMapping, Loop, Mapping
from proof_cases.enumeration import has_one_order


def why_outside(space: MapSpace, mapping: Mapping) -> str | None:
    """Why ``mapping`` is not in the space; None if it is."""
    if len(mapping.levels) != len(space.architecture.storage):
        return "another number of levels"
    directives = space.mapping(space.subspace(0), 0, 0, 0)
    for number, (level, given) in enumerate(zip(mapping.levels, directives.levels, strict=True)):
        wrong = _directives(space, number, level, given)
        if wrong:
            return f"{level.level}: {wrong}"
    vectors = _vectors(space, mapping)
    if isinstance(vectors, str):
        return vectors
    for dimension, vector in zip(space.dimensions, vectors, strict=True):
        demands = dimension.demands
        exact = space.template == "uber" and demands.bound % math.prod(demands.given.values()) == 0
        if not exact:
            # Fixed factors are clamped to what remains: ask the list.
            if not any(dimension.split(i).factors == vector for i in range(dimension.size)):
                return f"{demands.dimension}: no such factors"
            continue
        if math.prod(end for end, _ in vector) != demands.bound or any(e != r for e, r in vector):
            return f"{demands.dimension}: the factors do not multiply to the bound"
        for k, (end, _) in enumerate(vector):
            if demands.given.get(k, end) != end or not demands.admits(k, end):
                return f"{space.levels[k].name}: {demands.dimension}={end} is not demanded"
    used = 1.0
    for k, level in enumerate(space.levels):
        block = mapping.levels[level.storage]
        wrong = _order(space, k, block.spatial if level.spatial else block.temporal)
        if wrong:
            return f"{level.name}: {wrong}"
        if level.spatial:
            x, y = (math.prod(o.factor for o in block.spatial if o.axis == axis) for axis in "XY")
            if x > level.fanout_x or y > level.fanout_y:
                return f"{level.name}: {x} x {y} does not fit"
            used *= x * y / (level.fanout_x * level.fanout_y)
    least = space.constraints.min_parallelism
    if least is not None and used < least:
        return f"parallelism {used}"
    return None


def canonical(space: MapSpace, mapping: Mapping) -> Mapping:
    """The same mapping with the loops in the one order of the space where the space has only one."""
    levels = list(mapping.levels)
    for k, level in enumerate(space.levels):
        if not has_one_order(space, k):
            continue
        block = levels[level.storage]
        kind = "spatial" if level.spatial else "temporal"
        loops = sorted(getattr(block, kind), key=lambda loop: space.problem.dimensions.index(loop.dimension))
        levels[level.storage] = replace(block, **{kind: tuple(loops)})
    return Mapping(tuple(levels))


def _directives(space: MapSpace, number: int, level: LevelMapping, given: LevelMapping) -> str | None:
    for name in ("no_temporal_reuse", "no_multicast", "no_link_transfer", "rmw_first_update", "no_coalesce"):
        if getattr(level, name) != getattr(given, name):
            return f"another {name}"
    demanded = space.constraints.of(level.level)
    outermost = number == len(space.architecture.storage) - 1
    for ds in space.problem.data_spaces:
        if ds.name in demanded.bypass:
            if ds.name in level.keep:
                return f"keeps {ds.name}"
        elif (ds.name in demanded.keep or outermost) and ds.name not in level.keep:
            return f"bypasses {ds.name}"
    return None


def _vectors(space: MapSpace, mapping: Mapping) -> list[tuple[tuple[int, int], ...]] | str:
    """(iterations, residual) of each dimension by tiling level."""
    found = {d: [(1, 1)] * len(space.levels) for d in space.problem.dimensions}
    place = {(level.storage, level.spatial): k for k, level in enumerate(space.levels)}
    for storage, level in enumerate(mapping.levels):
        for loops, spatial in ((level.temporal, False), (level.spatial, True)):
            for loop in loops:
                k = place.get((storage, spatial))
                if k is None:
                    return f"{level.level}: spatial loops without a fan-out"
                if found[loop.dimension][k] != (1, 1) or loop.factor == 1:
                    return f"{level.level}: a second loop or a unit loop over {loop.dimension}"
                found[loop.dimension][k] = (loop.factor, loop.residual)
    return [tuple(found[d]) for d in space.problem.dimensions]


def _order(space: MapSpace, k: int, loops: Sequence[Loop]) -> str | None:
    level = space.levels[k]
    names = [loop.dimension for loop in loops]
    dimensions = space.problem.dimensions
    if has_one_order(space, k):
        if names != sorted(names, key=dimensions.index):
            return "an order other than the only one"
        prefix: tuple[str, ...] = ()
        suffix: tuple[str, ...] = ()
        if level.constraint.split is not None and 0 < level.constraint.split < len(dimensions):
            # The order is the problem's, unit loops included: a prefix of all dimensions.
            prefix = dimensions
    else:
        prefix, suffix = level.constraint.prefix, level.constraint.suffix
        inner = [d for d in prefix if d in names]
        outer = [d for d in suffix if d in names]
        if names[: len(inner)] != inner or names[len(names) - len(outer) :] != outer:
            return f"the order {names} is not demanded"
    if not level.spatial:
        return None
    axes = [loop.axis for loop in loops]
    if axes != sorted(axes):
        return "an X loop outside a Y loop"
    split = level.constraint.split
    along_x = axes.count("X")
    if split is None:
        return None
    if split >= len(dimensions):
        possible = along_x == len(names)
    elif split == 0:
        possible = along_x == 0
    else:
        possible = any(
            [d for d in order if d in names] == names and sum(d in names for d in order[:split]) == along_x
            for order in _whole_orders(dimensions, prefix, suffix)
        )
    return None if possible else f"{along_x} loops along X under split {split}"


def _whole_orders(
    dimensions: Sequence[str], prefix: tuple[str, ...], suffix: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """All orders of all loops, unit loops included."""
    free = [d for d in dimensions if d not in prefix and d not in suffix]
    for order in permutations(free):
        yield (*prefix, *order, *suffix)
