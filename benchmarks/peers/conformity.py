"""Whether a mapping lies in a map space: which demands of the constraints it does not meet."""

from __future__ import annotations

from harness.mapspace import MapSpace
from harness.mapspace.levels import TilingLevel
from harness.spec.mapping import Loop, Mapping


def broken_demands(mapping: Mapping, space: MapSpace) -> tuple[str, ...]:
    """In words; empty when the space has the mapping, whatever the order of its unit loops."""
    broken = []
    for index, tiling in enumerate(space.levels):
        level = mapping.levels[tiling.storage]
        loops = level.spatial if tiling.spatial else level.temporal
        factors = {loop.dimension: loop.factor for loop in loops}
        for demand in space.demands:
            factor = factors.get(demand.dimension, 1)
            asked = demand.given.get(index, factor)
            if factor != asked or not demand.admits(index, factor):
                broken.append(f"{tiling.name}: {demand.dimension}={factor}")
        if not tiling.spatial and not _in_order(loops, tiling):
            broken.append(f"{tiling.name}: order {''.join(loop.dimension for loop in loops)}")
    for name, by_level in space.keep_options.items():
        for number, options in enumerate(by_level):
            kept = name in mapping.levels[number].keep
            if kept not in options:
                word = "kept" if kept else "bypassed"
                broken.append(f"{mapping.levels[number].level}: {name} {word}")
    return tuple(broken)


def _in_order(loops: tuple[Loop, ...], tiling: TilingLevel) -> bool:
    given = [loop.dimension for loop in loops]
    inner = [d for d in tiling.constraint.prefix if d in given]
    outer = [d for d in tiling.constraint.suffix if d in given]
    return given[: len(inner)] == inner and (not outer or given[-len(outer) :] == outer)
