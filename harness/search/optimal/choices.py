"""What is enumerated outside the lattice: spatial factors with their places on the mesh, and bypass masks.

Timeloop's ``uber`` space (``mapspaces/uber.cpp``, ``mapspaces/subspaces.cpp``) as :class:`MapSpace` has it.
Only dimensions with a bound above 1 are looked at; they are numbered as in :class:`ProblemIndex`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.mapspace.demands import FactorDemands
from harness.mapspace.permutation import LevelOrders
from harness.search.optimal.lattice import divisors
from harness.search.optimal.program import BlockOrder

Factors = tuple[int, ...]

Loops = Callable[[tuple[int, ...]], tuple[int, ...]]
"""From dimensions of the problem to those active dimensions that have a loop in a block."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the spatial loops of a block lie: active dimensions along X and along Y, innermost first."""

    x: tuple[int, ...] = ()
    y: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpatialChoice:
    """Spatial factors [storage level][active dimension] and their layout [storage level]; ``extents`` is
    what is left of each active dimension for the temporal loops."""

    factors: tuple[Factors, ...]
    layouts: tuple[Layout, ...]
    extents: Factors


class FactorRules:
    """Which factors each block may have, by storage level and active dimension."""

    def __init__(self, space: MapSpace, active: tuple[int, ...]) -> None:
        self.active = active
        self.bounds = tuple(space.problem.bounds[d] for d in active)
        self._demands = [_clamped(space.demands[d]) for d in active]
        self.temporal_place = [k for k, level in enumerate(space.levels) if not level.spatial]
        self.spatial_place = {level.storage: k for k, level in enumerate(space.levels) if level.spatial}

    def admits(self, place: int, dimension: int, factor: int) -> bool:
        """Whether the block at tiling level ``place`` may loop ``factor`` times over the dimension."""
        demands = self._demands[dimension]
        fixed = demands.given.get(place)
        return factor == fixed if fixed is not None else demands.admits(place, factor)

    def candidates(self, place: int, dimension: int, extent: int) -> tuple[int, ...]:
        """The factors that divide ``extent`` and are admitted at tiling level ``place``."""
        demands = self._demands[dimension]
        fixed = demands.given.get(place)
        if fixed is not None:
            return (fixed,) if extent % fixed == 0 else ()
        found = divisors(extent)
        if place in demands.least or place in demands.most:
            return tuple(f for f in found if demands.admits(place, f))
        return found

    def unrestricted(self, place: int, dimension: int) -> bool:
        demands = self._demands[dimension]
        return place not in demands.given and place not in demands.least and place not in demands.most


def _clamped(demands: FactorDemands) -> FactorDemands:
    """Fixed factors as mappings have them: from the inside out, none beyond what is left of the bound.

    Raises Unsupported where they do not divide the bound.
    """
    if demands.bound % math.prod(demands.given.values()) == 0:
        return demands
    left, given = demands.bound, {}
    for place in sorted(demands.given):
        given[place] = min(demands.given[place], left)
        if left % given[place]:
            break
        left //= given[place]
    if left > 1 or len(given) < len(demands.given):
        raise Unsupported(
            f"the fixed factors of {demands.dimension} do not divide its size {demands.bound}; "
            "the optimal mapper takes perfect factors only"
        )
    # Whatever the other blocks are allowed, nothing is left for them.
    return replace(demands, given=given)


def block_orders(space: MapSpace, rules: FactorRules) -> tuple[BlockOrder, ...]:
    """The loop orders of the temporal blocks, without dimensions whose loop cannot run more than once."""
    number = {d: k for k, d in enumerate(rules.active)}
    found = []
    for place in rules.temporal_place:
        orders: LevelOrders = space.orders(place)
        # Of a dimension that is larger than 1, some factor above 1 must be admitted to be of interest.
        loops = {
            k
            for k, bound in enumerate(rules.bounds)
            if any(factor > 1 for factor in rules.candidates(place, k, bound))
        }
        segments: list[tuple[int, ...]] = [(number[d],) for d in orders.prefix if number.get(d) in loops]
        free = tuple(number[d] for d in orders.free if number.get(d) in loops)
        segments += [free] if free else []
        segments += [(number[d],) for d in orders.suffix if number.get(d) in loops]
        unit = frozenset(k for k in loops if rules.admits(place, k, 1))
        found.append(BlockOrder(tuple(segments), unit))
    return tuple(found)


def spatial_choices(
    space: MapSpace, rules: FactorRules, placed: frozenset[int], links_along: tuple[frozenset[int], ...]
) -> Iterator[SpatialChoice]:
    """All spatial factors that fit the fan-outs, with one layout each; with all of them where cost depends
    on the layout: at the storage levels in ``placed``, and at those that spread a dimension of
    ``links_along`` [L]."""
    levels = len(space.architecture.storage)
    none = ((1,) * len(rules.active), (Layout(),))
    options: list[list[tuple[Factors, tuple[Layout, ...]]]] = []
    for storage in range(levels):
        place = rules.spatial_place.get(storage)
        if place is None:
            options.append([none])
            continue
        level = space.levels[place]
        fitting = []
        for factors in _products(rules, place, level.fanout_x * level.fanout_y):
            every = storage in placed or any(factors[d] > 1 for d in links_along[storage])
            layouts = _layouts(space, rules, place, factors, every=every)
            if layouts:
                fitting.append((factors, tuple(layouts)))
        options.append(fitting)
    fanouts = [1] * levels
    for storage, place in rules.spatial_place.items():
        fanouts[storage] = space.levels[place].fanout_x * space.levels[place].fanout_y
    wanted = space.constraints.min_parallelism
    yield from _combined(options, rules.bounds, fanouts, wanted)


def _combined(
    options: list[list[tuple[Factors, tuple[Layout, ...]]]],
    bounds: Factors,
    fanouts: list[int],
    min_parallelism: float | None,
) -> Iterator[SpatialChoice]:
    levels = len(options)
    unit = (1,) * len(bounds)

    def extend(
        level: int, extents: Factors, factors: tuple[Factors, ...], layouts: tuple[Layout, ...], used: float
    ) -> Iterator[SpatialChoice]:
        if level == levels:
            if min_parallelism is None or used >= min_parallelism:
                yield SpatialChoice(factors, layouts, extents)
            return
        for own, placements in options[level]:
            if own == unit:
                left = extents
            elif any(e % f for e, f in zip(extents, own, strict=True)):
                continue
            else:
                left = tuple(e // f for e, f in zip(extents, own, strict=True))
            share = used if fanouts[level] == 1 else used * (math.prod(own) / fanouts[level])
            for layout in placements:
                yield from extend(level + 1, left, (*factors, own), (*layouts, layout), share)

    yield from extend(0, bounds, (), (), 1.0)


def _products(rules: FactorRules, place: int, limit: int) -> Iterator[Factors]:
    """Factors of all active dimensions whose product does not exceed ``limit``."""
    lists = [rules.candidates(place, k, bound) for k, bound in enumerate(rules.bounds)]

    def extend(chosen: Factors, room: int) -> Iterator[Factors]:
        if len(chosen) == len(lists):
            yield chosen
            return
        for factor in lists[len(chosen)]:
            if factor > room:
                break
            yield from extend((*chosen, factor), room // factor)

    yield from extend((), limit)


def _layouts(
    space: MapSpace, rules: FactorRules, place: int, factors: Factors, *, every: bool
) -> list[Layout]:
    """The distinct layouts of one block that fit its fan-out; only the first unless ``every``."""
    level = space.levels[place]
    number = {d: k for k, d in enumerate(rules.active)}

    def loops(dimensions: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number[d] for d in dimensions if d in number and factors[number[d]] > 1)

    found: dict[Layout, None] = {}
    for layout in _candidates(space, place, loops):
        x = math.prod(factors[k] for k in layout.x)
        y = math.prod(factors[k] for k in layout.y)
        if x <= level.fanout_x and y <= level.fanout_y:
            found.setdefault(layout)
            if not every:
                break
    return list(found)


def _candidates(space: MapSpace, place: int, loops: Loops) -> Iterator[Layout]:
    """All layouts in the map space, where unit loops may stand anywhere.

    This is the whole ``uber`` space, as Timeloop's ``exhaustive`` search walks it. Its pruned searches miss
    some of it where the fan-out is along Y only: they count the split points as if the unit loops stood in
    front but leave these where they are.
    """
    orders = space.orders(place)
    split = space.levels[place].constraint.split
    if split is not None:
        yield from _split_layouts(orders, split, loops)
        return
    free = loops(orders.free)
    for middle in permutations(free) if orders.size > 1 else (free,):
        order = loops(orders.prefix) + tuple(middle) + loops(orders.suffix)
        for cut in range(len(order) + 1):
            yield Layout(order[:cut], order[cut:])


def _split_layouts(orders: LevelOrders, split: int, loops: Loops) -> Iterator[Layout]:
    """Layouts under a split point of the user's, which counts unit loops too."""
    prefix, free, suffix = orders.prefix, orders.free, orders.suffix
    inside = min(max(split - len(prefix), 0), len(free))
    if orders.size == 1:
        order = prefix + free + suffix
        yield Layout(loops(order[:split]), loops(order[split:]))
        return
    x_fixed, y_fixed = prefix[:split], prefix[split:]
    beyond = max(split - len(prefix) - len(free), 0)
    x_last, y_last = suffix[:beyond], suffix[beyond:]
    for chosen in combinations(free, inside):
        rest = tuple(d for d in free if d not in chosen)
        for first in permutations(loops(chosen)):
            for second in permutations(loops(rest)):
                x = loops(x_fixed) + tuple(first) + loops(x_last)
                y = loops(y_fixed) + tuple(second) + loops(y_last)
                yield Layout(x, y)


def bypass_masks(space: MapSpace) -> list[list[tuple[bool, ...]]]:
    """For each data space, the ways to keep it: one flag per storage level, at least one of them true."""
    found = []
    for options in space.keep_options.values():
        masks: list[tuple[bool, ...]] = [()]
        for option in options:
            masks = [(*mask, flag) for mask in masks for flag in option]
        found.append([mask for mask in masks if any(mask)])
    return found
