"""The search for one option per dimension such that all of them together fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING

from harness.mapspace.homes import Homes, HomesOfLevel
from harness.mapspace.options import Option
from harness.mapspace.requirements import Room, Terms

if TYPE_CHECKING:
    from harness.mapspace.feasibility import FeasibilityTest


class Combination:
    """The search for one option per dimension under one choice of homes."""

    def __init__(
        self,
        test: FeasibilityTest,
        terms: Terms,
        choice: Homes,
        fronts: Sequence[Sequence[Option]],
        strict: bool,
    ) -> None:
        requirements = test.requirements
        self._test, self._terms, self._strict = test, terms, strict
        self._bounds = requirements.problem.bounds
        number = {name: d for d, name in enumerate(requirements.problem.dimensions)}
        self._ranks = {
            s.name: [[(number[t.dimension], abs(t.coefficient)) for t in rank] for rank in s.ranks]
            for s in requirements.problem.data_spaces
        }
        kinds = sorted(
            [(k, "factor", k) for k in test.spatial]
            + [(test.temporal[room.storage], "extent", i) for i, room in enumerate(terms.rooms)]
        )
        self._spatial_at = [(at, k) for at, (_, kind, k) in enumerate(kinds) if kind == "factor"]
        self._room_at = {i: at for at, (_, kind, i) in enumerate(kinds) if kind == "extent"}
        self._homes = choice
        self._fronts = [self._sorted(front) for front in fronts]
        self._order = sorted(range(len(fronts)), key=lambda d: len(fronts[d]))
        self._most = {
            k: test.spread(k, terms).most([[o[at] for o in front] for front in fronts])
            for at, k in self._spatial_at
            if k in terms.fanouts and terms.min_parallelism is not None
        }
        self._seen: set[object] = set()

    def _sorted(self, front: Sequence[Option]) -> list[Option]:
        if self._terms.min_parallelism is None:
            return sorted(front, key=sum)
        return sorted(front, key=lambda o: -math.prod(o[at] for at, _ in self._spatial_at))

    def exists(self) -> bool | None:
        """Whether some combination fits; None if the hardware's instances leave that open."""
        low = [tuple(map(min, zip(*front, strict=True))) for front in self._fronts]
        high = [tuple(map(max, zip(*front, strict=True))) for front in self._fronts]
        if not self._possible(low, high):
            return False
        self._open = False
        if self._place(0, low, high):
            return True
        return None if self._open else False

    def _place(self, at: int, low: list[Option], high: list[Option]) -> bool:
        if at == len(self._order):
            return self._within_instances(low)
        d = self._order[at]
        for option in self._fronts[d]:
            self._test.spend(1)
            lower, higher = list(low), list(high)
            lower[d] = higher[d] = option
            if len(self._fronts[d]) > 1:
                if not self._possible(lower, higher):
                    continue
                key = self._key(at + 1, lower)
                if key in self._seen:
                    continue
                self._seen.add(key)
            if self._place(at + 1, lower, higher):
                return True
        return False

    def _key(self, at: int, chosen: list[Option]) -> object:
        """What decides about the dimensions to come. Those have their least figures in ``chosen``."""
        spread = tuple(
            tuple(sorted(o[i] for o in chosen))
            if self._test.spread(k, self._terms).any_subset
            else tuple(o[i] for o in chosen)
            for i, k in self._spatial_at
        )
        tiles = tuple(self._measures(chosen, i) for i in self._room_at)
        return at, spread, tiles

    def _measures(self, chosen: list[Option], room: int) -> object:
        at = self._room_at[room]
        found = []
        for ranks in self._ranks.values():
            lengths = [1 + sum(c * (chosen[d][at] - 1) for d, c in rank) for rank in ranks]
            sliding = any(len(rank) > 1 or any(c != 1 for _, c in rank) for rank in ranks)
            found.append(tuple(lengths) if sliding else math.prod(lengths))
        clamped = [d for d, bound in enumerate(self._bounds) if chosen[d][at] > bound]
        return (*found, *((d, chosen[d][at]) for d in clamped))

    def _possible(self, low: list[Option], high: list[Option]) -> bool:
        """Exact where ``low`` and ``high`` agree, else what any choice between them must satisfy."""
        return self._spreads_fit(low, high) and all(
            self._room_fits(i, room, low, high) for i, room in enumerate(self._terms.rooms)
        )

    def _spreads_fit(self, low: list[Option], high: list[Option]) -> bool:
        terms = self._terms
        utilization = 1.0
        for at, k in self._spatial_at:
            spread = self._test.spread(k, terms)
            bounded = k in terms.fanouts
            if bounded and not spread.layouts([o[at] for o in low]):
                return False
            if terms.min_parallelism is not None:
                used = math.prod(o[at] for o in high)
                if bounded:
                    used = min(used, self._most[k])
                utilization *= used / (spread.fanout_x * spread.fanout_y)
        return terms.min_parallelism is None or utilization >= terms.min_parallelism

    def _room_fits(self, number: int, room: Room, low: list[Option], high: list[Option]) -> bool:
        at = self._room_at[number]
        least = [o[at] for o in low]
        most = [o[at] for o in high]
        least_true = [min(e, bound) for e, bound in zip(least, self._bounds, strict=True)]
        most_true = [min(e, bound) for e, bound in zip(most, self._bounds, strict=True)]
        kept: HomesOfLevel = self._homes[room.storage]
        # Tiles with imperfect factors may be smaller than measured here.
        capacity = room.capacity if self._strict else math.inf
        for size in range(len(kept.optional) + 1):
            for added in combinations(kept.optional, size):
                names = (*kept.kept, *added)
                held = (*kept.held, *added)
                if (
                    self._words(names, least) <= room.available
                    and self._words(held, least_true) <= capacity
                    and self._words(names, most) >= room.least
                    and self._words(held, most_true) >= room.least
                ):
                    return True
            if room.least == 0:
                return False
        return False

    def _words(self, names: Sequence[str], extents: Sequence[int]) -> int:
        total = 0
        for name in names:
            tile = 1
            for rank in self._ranks[name]:
                tile *= 1 + sum(c * (extents[d] - 1) for d, c in rank)
            total += tile
        return total

    def _within_instances(self, chosen: list[Option]) -> bool:
        """Whether some layout of the spatial loops stays within all meshes and instances."""
        if not self._terms.instances:
            return True
        layouts = []
        for at, k in self._spatial_at:
            spread = self._test.spread(k, self._terms)
            factors = [o[at] for o in chosen]
            layouts.append(spread.layouts(factors) if k in self._terms.fanouts else ((1, 1),))
        for layout in product(*layouts):
            self._test.spend(1)
            if self._layout_fits({k: xy for (_, k), xy in zip(self._spatial_at, layout, strict=True)}):
                return True
        # Imperfect spatial loops use fewer instances on average than counted here.
        self._open = self._open or self._imperfect
        return False

    def _layout_fits(self, layout: dict[int, tuple[int, int]]) -> bool:
        requirements = self._test.requirements
        architecture = requirements.architecture
        x = y = 1
        used = []
        for k in reversed(range(len(requirements.levels))):
            level = requirements.levels[k]
            if level.spatial:
                x, y = x * layout[k][0], y * layout[k][1]
            else:
                unit = architecture.storage[level.storage]
                used.append((x, y, unit.mesh_x, unit.mesh_y, unit.instances))
        compute = architecture.arithmetic
        used.append((x, y, compute.mesh_x, compute.mesh_y, compute.instances))
        return all(x <= mesh_x and y <= mesh_y and x * y <= count for x, y, mesh_x, mesh_y, count in used)

    @property
    def _imperfect(self) -> bool:
        return not self._test.requirements.lifting_only_adds or self._test.listed
