"""Does any mapping of a map space fit the architecture? Answered exactly, without enumerating mappings.

A mapping fits when its factors obey the demands, its spatial loops the fan-outs and the least parallelism,
its tiles the capacities and least utilisations, and every data space has a home: what the construction of a
mapping (``harness.mapspace.subspace``), the capacity check of the searches and the model's own refusals ask
for. Orders of temporal loops do not matter. For each dimension the few factor vectors that can matter are
listed (:mod:`harness.mapspace.options`); a depth-first search combines them, dimension by dimension, and
leaves a branch when even the best of the dimensions to come cannot mend it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from harness.errors import Unsupported
from harness.mapspace.combination import Combination
from harness.mapspace.demands import FactorDemands
from harness.mapspace.homes import homes
from harness.mapspace.options import Option, Watched, best, options
from harness.mapspace.requirements import Demand, Requirements, Room, Terms
from harness.mapspace.residual_factorization import ResidualFactorization
from harness.mapspace.spread import Spread

if TYPE_CHECKING:
    from harness.mapspace.mapspace import MapSpace

EFFORT = 200_000
"""Steps (factor vectors and partial combinations looked at) before the test gives up; some seconds."""

_LARGEST_RUBY_LIST = 200_000


class OutOfEffort(Exception):
    """The test was given up."""


def feasible(space: MapSpace, effort: int = EFFORT) -> bool | None:
    """Whether any mapping of ``space`` fits; None if that is not known after ``effort`` steps.

    Exact for the template "uber". For "ruby" with imperfect factors the answer may be None as well where
    only tiles in a last visit decide, and for both where the model may refuse a distributed multicast
    (:attr:`FeasibilityTest.model_may_refuse`).
    """
    requirements = Requirements(space.architecture, space.problem, space.constraints)
    return FeasibilityTest(requirements, space.template).fits(requirements.demands, effort)


class FeasibilityTest:
    """Tests of a map space under any part of the demands on it; remembers what tests have in common."""

    def __init__(self, requirements: Requirements, template: str = "uber") -> None:
        self.requirements = requirements
        self.steps = 0
        self._effort = EFFORT
        self.listed = template == "ruby" and not _is_uber(requirements)
        self._options: dict[object, list[Option]] = {}
        self._spreads: dict[tuple[int, bool, bool], Spread] = {}
        self._verdicts: dict[frozenset[Demand], bool | None] = {}
        self.temporal = [k for k, level in enumerate(requirements.levels) if not level.spatial]
        self.spatial = [k for k, level in enumerate(requirements.levels) if level.spatial]

    def fits(self, demands: Collection[Demand], effort: int = EFFORT) -> bool | None:
        """Whether a mapping satisfies ``demands``; None if that is not known after ``effort`` steps."""
        verdict = self.leaves_any(demands, effort)
        return None if verdict and self.model_may_refuse else verdict

    def leaves_any(self, demands: Collection[Demand], effort: int = EFFORT) -> bool | None:
        """As :meth:`fits`, without regard to what the model may refuse beyond ``demands``."""
        key = frozenset(demands)
        if key not in self._verdicts:
            before = self.steps
            self._effort = before + effort
            try:
                self._verdicts[key] = self._fits(self.requirements.terms(demands))
            except OutOfEffort:
                return None
        return self._verdicts[key]

    def splits(self, demands: FactorDemands) -> bool:
        """Whether a dimension has any perfect factor vector."""
        return bool(options(demands, len(self.requirements.levels), {}, _unlimited))

    def smallest_extents(self, demands: Collection[Demand], storage: int, largest: bool = False) -> list[int]:
        """The least (or greatest) extent of each dimension in a tile of a storage level.

        Only demands on factors are looked at, so dimensions are independent.
        """
        terms = self.requirements.terms(demands)
        watched = {self.temporal[storage]: Watched(True, largest, math.inf)}
        pick = max if largest else min
        return [
            pick(option[0] for option in options(f, len(self.requirements.levels), watched, _unlimited))
            for f in terms.factors
        ]

    @property
    def model_may_refuse(self) -> bool:
        """Whether the model may refuse a mapping that fits: it counts a distributed multicast (type M:N) only
        where all instances are served equally, which overlapping or imperfect tiles may not be.
        """
        requirements = self.requirements
        uneven = self.listed or requirements.problem.has_sliding_windows or not requirements.lifting_only_adds
        return uneven and any(map(requirements.distributes, range(len(requirements.architecture.storage))))

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self._effort:
            raise OutOfEffort

    def _fits(self, terms: Terms) -> bool | None:
        requirements = self.requirements
        names = [s.name for s in requirements.problem.data_spaces]
        no_coalesce = [
            requirements.constraints.of(s.name).no_coalesce for s in requirements.architecture.storage
        ]
        found = homes(names, terms.must_keep, terms.may_keep, no_coalesce, [r.storage for r in terms.rooms])
        if not found:
            return False
        undecided = False
        for strict in (True, False) if self.listed else (True,):
            fronts = self._fronts(terms, strict)
            if fronts is None:
                return None
            if not all(fronts):
                if strict and self.listed:
                    continue
                return False
            for choice in found:
                outcome = Combination(self, terms, choice, fronts, strict).exists()
                if outcome and strict:
                    return True
                undecided = undecided or outcome is not False
        return None if undecided else False

    def _fronts(self, terms: Terms, strict: bool) -> list[list[Option]] | None:
        """The options of each dimension; None if they cannot be listed."""
        watched: dict[int, Watched] = {}
        exact = terms.min_parallelism is not None
        for k in self.spatial:
            level = self.requirements.levels[k]
            most = max(level.fanout_x, level.fanout_y) if k in terms.fanouts else math.inf
            watched[k] = Watched(False, exact, most)
        for room in terms.rooms:
            watched[self.temporal[room.storage]] = Watched(True, room.least > 0, math.inf)
        fronts = []
        for d, demands in enumerate(terms.factors):
            mine = dict(watched)
            for room in terms.rooms:
                k = self.temporal[room.storage]
                mine[k] = Watched(True, room.least > 0, self._largest_extent(terms, room, d))
            key = (
                d,
                strict,
                tuple(sorted(mine.items())),
                *(tuple(sorted(x.items())) for x in (demands.given, demands.least, demands.most)),
            )
            if key not in self._options:
                if not self.listed:
                    found = options(demands, len(self.requirements.levels), mine, self.spend)
                else:
                    listed = self._ruby_options(terms, d, mine, strict)
                    if listed is None:
                        return None
                    found = listed
                self._options[key] = found
            fronts.append(self._options[key])
        return fronts

    def _largest_extent(self, terms: Terms, room: Room, d: int) -> float:
        """The extent of dimension ``d`` beyond which a tile that must be kept cannot fit in any case."""
        problem = self.requirements.problem
        most = math.inf
        for space in problem.data_spaces:
            if space.name not in terms.must_keep[room.storage] & terms.may_keep[room.storage]:
                continue
            for rank in space.ranks:
                step = sum(abs(t.coefficient) for t in rank if t.dimension == problem.dimensions[d])
                if step:
                    most = min(most, (room.available - 1) // step + 1)
        return most

    def _ruby_options(
        self, terms: Terms, d: int, watched: dict[int, Watched], strict: bool
    ) -> list[Option] | None:
        """As :func:`options` for the listed vectors of the ruby template; None if they are too many.

        ``strict``: only vectors whose tiles the model and the first check measure alike.
        """
        levels = self.requirements.levels
        remainders = [
            (k, level.constraint.remainders[0])
            for k, level in reversed(list(enumerate(levels)))
            if level.constraint.remainders
        ]
        demands = terms.factors[d]
        places = len(levels) - len(demands.given)
        if demands.bound > 1 and (demands.bound.bit_length() + 2) ** places > _LARGEST_RUBY_LIST:
            return None
        try:
            listed = ResidualFactorization(demands, len(levels), remainders)
        except Unsupported:
            return None
        utilized = any(room.least > 0 for room in terms.rooms)
        found = set()
        for index in range(listed.size):
            self.spend(1)
            factors = listed.split(index).factors
            imperfect = [k for k, (end, residual) in enumerate(factors) if end != residual]
            if strict and imperfect and (utilized or any(levels[k].spatial for k in imperfect)):
                continue
            figures, extent = [], 1
            for k, (end, _) in enumerate(factors):
                extent *= end
                if k in watched:
                    figures.append(extent if watched[k].extent else end)
            if all(f <= watched[k].at_most for f, k in zip(figures, sorted(watched), strict=True)):
                found.add(tuple(figures))
        return best(sorted(found), [watched[k].exact for k in sorted(watched)])

    def spread(self, k: int, terms: Terms) -> Spread:
        key = (k, k in terms.splits, k in terms.orders)
        if key not in self._spreads:
            level = self.requirements.levels[k]
            self._spreads[key] = Spread(
                level,
                self.requirements.problem.dimensions,
                split=key[1],
                order=key[2],
                ordered=bool(level.constraint.prefix or level.constraint.suffix),
            )
        return self._spreads[key]


def _unlimited(steps: int) -> None:
    """For the few vectors of one dimension that a sentence needs."""


def _is_uber(requirements: Requirements) -> bool:
    """Whether the ruby template has nothing imperfect to offer."""
    return requirements.lifting_only_adds and not any(
        level.constraint.remainders for level in requirements.levels
    )
