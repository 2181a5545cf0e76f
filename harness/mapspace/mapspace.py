"""The map space: every mapping that the constraints admit, counted, indexed, enumerated and sampled.

Timeloop's space (``mapspaces/uber.cpp``, ``mapspaces/ruby.cpp``): a mapping has four coordinates
(:class:`MappingId`); capacities are not part of it. See ``docs/mapspace.md``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from harness.errors import EmptyMapSpace
from harness.mapspace.bypass import BypassSpace
from harness.mapspace.conflict import explain_no_factors
from harness.mapspace.demands import factor_demands
from harness.mapspace.factorization import PerfectFactorization
from harness.mapspace.levels import tiling_levels
from harness.mapspace.permutation import LevelOrders, PermutationRules
from harness.mapspace.residual_factorization import ResidualFactorization
from harness.mapspace.subspace import Refusal, SubSpace
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem

Template = Literal["uber", "ruby"]

_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class MappingId:
    """The coordinates of a mapping: factorisation, permutation, spatial split, bypass mask."""

    factorization: int
    permutation: int
    spatial: int
    bypass: int


@dataclass(frozen=True, slots=True)
class SpaceSizes:
    """Sizes of the four sub-spaces before pruning, under Timeloop's names for them."""

    index_factorization: int
    loop_permutation: int
    spatial: int
    datatype_bypass: int

    @property
    def total(self) -> int:
        return self.index_factorization * self.loop_permutation * self.spatial * self.datatype_bypass


class MapSpace:
    """The mappings of ``problem`` on ``architecture`` under ``constraints``.

    Raises :class:`EmptyMapSpace` (saying which demands collide) when no factorisation is left,
    :class:`Unsupported` for a ruby space too large to list. ``notes`` are demands without effect.
    """

    def __init__(
        self,
        architecture: Architecture,
        problem: Problem,
        constraints: Constraints,
        template: Template = "uber",
    ) -> None:
        self.architecture = architecture
        self.problem = problem
        self.constraints = constraints
        self.template: Template = template
        self.levels = tiling_levels(architecture, constraints)
        self.demands = factor_demands(problem, self.levels)
        self.notes: tuple[str, ...] = tuple(note for d in self.demands for note in d.ignored)
        self.dimensions: Sequence[PerfectFactorization | ResidualFactorization]
        if template == "uber":
            self.dimensions = [PerfectFactorization(d, len(self.levels)) for d in self.demands]
        else:
            remainders = [
                (k, level.constraint.remainders[0])
                for k, level in reversed(list(enumerate(self.levels)))
                if level.constraint.remainders
            ]
            self.dimensions = [ResidualFactorization(d, len(self.levels), remainders) for d in self.demands]
        empty = [d.demands for d in self.dimensions if d.size == 0]
        if empty:
            name = empty[0].dimension
            conflict = explain_no_factors(architecture, problem, constraints, template, name)
            raise EmptyMapSpace(str(conflict) if conflict else f"no factorisation of {name} is left")
        self._rules = PermutationRules(self.levels, problem.dimensions, template)
        self._bypass = BypassSpace(architecture, problem, constraints)
        self._subspaces: dict[tuple[int, bool], SubSpace] = {}
        self._temporal_of = [k for k, level in enumerate(self.levels) if not level.spatial]
        sparse = architecture.sparse
        # Unit loops matter to sparse optimisations only; dense mappings do without their order.
        self._orders_unit_loops = sparse is not None
        self._bounded_by_fanouts = sparse is None or not sparse.skips_instances

    def __getstate__(self) -> dict[str, object]:
        """Without what can be built again, to travel light to worker processes."""
        return {**self.__dict__, "_subspaces": {}}

    @cached_property
    def sizes(self) -> SpaceSizes:
        """Sizes without pruning, as Timeloop prints them. Exact, of any magnitude."""
        factorizations = 1
        for dimension in self.dimensions:
            factorizations *= dimension.size
        whole = self.subspace(0, pruned=False)
        return SpaceSizes(factorizations, whole.permutation_size, whole.spatial_size, self._bypass.size)

    @property
    def size(self) -> int:
        return self.sizes.total

    def digits(self, factorization: int) -> list[int]:
        """The number of each dimension's factor vector in one index factorisation."""
        digits = []
        for dimension in self.dimensions:
            factorization, digit = divmod(factorization, dimension.size)
            digits.append(digit)
        if factorization:
            raise IndexError("index factorisation out of range")
        return digits

    def factorization_of(self, digits: Sequence[int]) -> int:
        """The inverse of :meth:`digits`."""
        factorization = 0
        for dimension, digit in zip(reversed(self.dimensions), reversed(digits), strict=True):
            factorization = factorization * dimension.size + digit
        return factorization

    def subspace(self, factorization: int, pruned: bool = True) -> SubSpace:
        """The orders and splits left open by one index factorisation.

        ``factorization`` is mixed radix; the first dimension varies fastest.
        """
        known = self._subspaces.get((factorization, pruned))
        if known is None:
            if len(self._subspaces) >= _REMEMBERED:
                self._subspaces.clear()
            known = self._subspaces[factorization, pruned] = self._make_subspace(factorization, pruned)
        return known

    def _make_subspace(self, factorization: int, pruned: bool) -> SubSpace:
        by_dimension = [
            dimension.split(digit)
            for dimension, digit in zip(self.dimensions, self.digits(factorization), strict=True)
        ]
        factors = list(zip(*(split.factors for split in by_dimension), strict=True))
        units = list(zip(*(split.units for split in by_dimension), strict=True))
        orders = []
        counts = []
        for k, level in enumerate(self.levels):
            unit: tuple[int, ...] = ()
            if pruned and level.constraint.split is None:
                unit = tuple(d for d, is_unit in enumerate(units[k]) if is_unit)
            orders.append(self._rules.orders(k, unit))
            counts.append(len(unit))
        return SubSpace(
            self.levels,
            factors,
            orders,
            counts,
            self.constraints.min_parallelism,
            bounded_by_fanouts=self._bounded_by_fanouts,
        )

    def orders(self, level: int) -> LevelOrders:
        """The loop orders of tiling level ``level`` that the constraints admit, unit loops included."""
        return self._rules.orders(level)

    @property
    def keep_options(self) -> dict[str, tuple[tuple[bool, ...], ...]]:
        """For each data space and storage level: may it be bypassed, may it be kept (False, True or both)."""
        return self._bypass.options

    @property
    def directives(self) -> tuple[LevelMapping, ...]:
        """What the constraints demand of every mapping beyond its loops, by storage level; no loops in it."""
        return self._directives

    def keep(self, bypass: int) -> tuple[frozenset[str], ...]:
        """The data spaces that each storage level keeps under bypass mask ``bypass``."""
        return self._bypass.keep(bypass)

    def mapping(self, subspace: SubSpace, permutation: int, spatial: int, bypass: int) -> Mapping:
        """The mapping with these coordinates, whether or not it fits (see :meth:`SubSpace.refusal`).

        Unit loops are left out (but for their order where there are sparse optimisations); directives and
        the keep sets of the constraints are carried over.
        """
        splits = subspace.splits(spatial)
        keep = self._bypass.keep(bypass)
        names = self.problem.dimensions
        entries: list[LevelMapping] = []
        for storage, k in enumerate(self._temporal_of):
            spatial_loops: list[Loop] = []
            spatial_order: tuple[str, ...] = ()
            if k - 1 in splits:
                split = splits[k - 1]
                factors = subspace.factors[k - 1]
                for position, d in enumerate(subspace.order(k - 1, permutation)):
                    end, residual = factors[d]
                    if end > 1:
                        spatial_loops.append(Loop(names[d], end, residual, "X" if position < split else "Y"))
                if self._orders_unit_loops:
                    spatial_order = tuple(names[d] for d in subspace.order(k - 1, permutation))
            factors = subspace.factors[k]
            temporal_loops = [
                Loop(names[d], factors[d][0], factors[d][1])
                for d in subspace.order(k, permutation)
                if factors[d][0] > 1
            ]
            demanded = self._directives[storage]
            entries.append(
                LevelMapping(
                    level=demanded.level,
                    temporal=tuple(temporal_loops),
                    spatial=tuple(spatial_loops),
                    keep=keep[storage],
                    no_temporal_reuse=demanded.no_temporal_reuse,
                    no_multicast=demanded.no_multicast,
                    no_link_transfer=demanded.no_link_transfer,
                    rmw_first_update=demanded.rmw_first_update,
                    no_coalesce=demanded.no_coalesce,
                    temporal_order=tuple(names[d] for d in subspace.order(k, permutation))
                    if self._orders_unit_loops
                    else (),
                    spatial_order=spatial_order,
                )
            )
        return Mapping(tuple(entries))

    @cached_property
    def _directives(self) -> tuple[LevelMapping, ...]:
        entries = []
        for name in self.architecture.level_names:
            demanded = self.constraints.of(name)
            temporal, spatial = demanded.temporal, demanded.spatial
            entries.append(
                LevelMapping(
                    level=name,
                    no_temporal_reuse=temporal.no_reuse if temporal else frozenset(),
                    no_multicast=spatial.no_reuse if spatial else frozenset(),
                    no_link_transfer=spatial.no_link_transfer if spatial else frozenset(),
                    rmw_first_update=temporal.rmw_first_update if temporal else frozenset(),
                    no_coalesce=demanded.no_coalesce,
                )
            )
        return tuple(entries)

    def construct(self, mapping_id: MappingId, pruned: bool = True) -> Mapping | Refusal:
        """The mapping with this id, or why the hardware's fan-out refuses it.

        The same id means different mappings with and without pruning.
        """
        subspace = self.subspace(mapping_id.factorization, pruned)
        refusal = subspace.refusal(mapping_id.permutation, mapping_id.spatial)
        if refusal is not None:
            return refusal
        return self.mapping(subspace, mapping_id.permutation, mapping_id.spatial, mapping_id.bypass)

    def ids(self, pruned: bool = True) -> Iterator[MappingId]:
        """Every id, lazily; bypass masks vary fastest, then splits, permutations, factorisations."""
        for factorization in range(self.sizes.index_factorization):
            subspace = self.subspace(factorization, pruned)
            for permutation in range(subspace.permutation_size):
                for spatial in range(subspace.spatial_size):
                    for bypass in range(self._bypass.size):
                        yield MappingId(factorization, permutation, spatial, bypass)

    def pruned_size(self, limit: int | None = None) -> int | None:
        """Number of ids left by pruning: a sum over factorisations; None if there are more than ``limit``."""
        if limit is not None and self.sizes.index_factorization > limit:
            return None
        total = 0
        for factorization in range(self.sizes.index_factorization):
            subspace = self.subspace(factorization)
            total += subspace.permutation_size * subspace.spatial_size
        return total * self._bypass.size

    def sample(self, rng: random.Random, pruned: bool = True) -> MappingId:
        """A random id: the factorisation uniformly, then each other coordinate uniformly within it."""
        factorization = rng.randrange(self.sizes.index_factorization)
        subspace = self.subspace(factorization, pruned)
        return MappingId(
            factorization,
            rng.randrange(subspace.permutation_size),
            rng.randrange(subspace.spatial_size),
            rng.randrange(self._bypass.size),
        )
