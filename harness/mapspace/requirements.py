"""What a mapping must satisfy to exist at all, taken apart into single demands that can be lifted.

A demand is something that the user or the architecture asks for: a factor, a kept data space, a capacity, a
fan-out. Bounds of the problem, the order of the levels, and that the outermost level keeps everything that is
not bypassed there are facts. Lifting a demand means: nobody asks for it; a bound that a default would replace
is gone too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.errors import Location
from harness.mapspace.demands import FactorDemands, factor_demands
from harness.mapspace.levels import TilingLevel, tiling_levels
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem

DemandKind = Literal[
    "fixed factor",
    "least factor",
    "most factor",
    "keep",
    "bypass",
    "split",
    "order",
    "fan-out",
    "instances",
    "least parallelism",
    "least utilization",
    "capacity",
]

FACTOR_KINDS = frozenset({"fixed factor", "least factor", "most factor"})


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand. ``level`` is the name of the level that it concerns, ``text`` says it in words.

    ``place`` is the number of a tiling level (factors, split, order, fan-out) or of a storage level (the
    others). ``value`` is a factor, a split, or a fraction. A ``dimension`` of None with a factor is a default
    for several dimensions. ``location`` is where it was written, if known.
    """

    kind: DemandKind
    level: str
    text: str
    location: Location | None = None
    place: int = -1
    dimension: str | None = None
    data_space: str | None = None
    value: float = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What a bounded storage level offers, in words.

    ``available`` is what the first check compares with (a distributed multicast may spread a tile over all
    instances), ``capacity`` what the model does, ``least`` the demanded least utilisation.
    """

    storage: int
    available: float
    capacity: float
    least: float


@dataclass
class Terms:
    """The demands that are in force, in the form that the feasibility test takes."""

    factors: list[FactorDemands]
    rooms: list[Room]
    must_keep: list[set[str]]
    may_keep: list[set[str]]
    fanouts: frozenset[int] = frozenset()
    splits: frozenset[int] = frozenset()
    orders: frozenset[int] = frozenset()
    instances: bool = False
    min_parallelism: float | None = None


@dataclass
class Requirements:
    """All demands on the mappings of a problem on an architecture, and what follows from some of them."""

    architecture: Architecture
    problem: Problem
    constraints: Constraints
    levels: tuple[TilingLevel, ...] = field(init=False)
    demands: tuple[Demand, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.levels = tiling_levels(self.architecture, self.constraints)
        self._resolved = factor_demands(self.problem, self.levels)
        self.demands = (*self._of_factors(), *self._of_spaces(), *self._of_hardware())

    @property
    def lifting_only_adds(self) -> bool:
        """Whether lifting a demand never removes a mapping.

        False where fixed factors do not divide the bound: without one of them the others would have to.
        """
        return all(d.bound % math.prod(d.given.values()) == 0 for d in self._resolved)

    def terms(self, demands: Collection[Demand]) -> Terms:
        """What is asked when only ``demands`` are in force."""
        factors = [FactorDemands(d.dimension, d.bound) for d in self._resolved]
        number = {d.dimension: i for i, d in enumerate(factors)}
        storage = self.architecture.storage
        names = [s.name for s in self.problem.data_spaces]
        must: list[set[str]] = [set() for _ in storage]
        may: list[set[str]] = [set(names) for _ in storage]
        capacities: set[int] = set()
        utilizations: set[int] = set()
        places: dict[str, set[int]] = {"fan-out": set(), "split": set(), "order": set()}
        terms = Terms(factors, [], must, may)
        for demand in demands:
            kind, place = demand.kind, demand.place
            if kind in FACTOR_KINDS:
                concerned = (
                    self._without_own(demand) if demand.dimension is None else [number[demand.dimension]]
                )
                for d in concerned:
                    value = int(demand.value)
                    if kind == "fixed factor":
                        factors[d].given[place] = value or factors[d].bound
                    elif kind == "least factor":
                        factors[d].least[place] = value
                    else:
                        factors[d].most[place] = value
            elif kind == "keep":
                must[place].add(str(demand.data_space))
            elif kind == "bypass":
                may[place].discard(str(demand.data_space))
            elif kind == "capacity":
                capacities.add(place)
            elif kind == "least utilization":
                utilizations.add(place)
            elif kind == "instances":
                terms.instances = True
            elif kind == "least parallelism":
                terms.min_parallelism = demand.value
            else:
                places[kind].add(place)
        must[-1] |= may[-1]
        for index in sorted(capacities | utilizations):
            terms.rooms.append(self._room(index, index in capacities, index in utilizations))
        terms.fanouts = frozenset(places["fan-out"])
        terms.splits, terms.orders = frozenset(places["split"]), frozenset(places["order"])
        return terms

    def _without_own(self, demand: Demand) -> list[int]:
        """The dimensions without a bound of their own at the level of a default."""
        relation = "<=" if demand.kind == "most factor" else ">="
        own = {f.dimension for f in self.levels[demand.place].constraint.factors if f.relation == relation}
        return [i for i, d in enumerate(self._resolved) if d.dimension not in own]

    def _room(self, index: int, capacity: bool, utilization: bool) -> Room:
        storage = self.architecture.storage[index]
        size = storage.effective_size_words
        assert size is not None
        spread = self.distributes(index)
        return Room(
            index,
            (size * storage.instances if spread else size) if capacity else math.inf,
            size if capacity else math.inf,
            size * storage.min_utilization if utilization else 0.0,
        )

    def distributes(self, index: int) -> bool:
        """Whether the storage level's read network does distributed multicast (type M:N)."""
        storage = self.architecture.storage[index]
        for network in self.architecture.networks:
            if network.name == storage.network_read:
                return network.class_name == "Legacy" and network.attributes.get("network_type") == "M:N"
        return storage.network_type == "M:N"

    def _of_factors(self) -> Sequence[Demand]:
        found = []
        for place, level in enumerate(self.levels):
            constraint = level.constraint
            for factor in constraint.factors:
                bound = self.problem.bound[factor.dimension]
                if factor.relation == "=" and factor.value > bound:
                    continue
                kinds: dict[str, DemandKind] = {
                    "=": "fixed factor",
                    ">=": "least factor",
                    "<=": "most factor",
                }
                value = factor.value or bound
                found.append(
                    Demand(
                        kinds[factor.relation],
                        level.name,
                        f"{level.name} {factor.dimension}{factor.relation}{value}",
                        factor.location or constraint.location,
                        place,
                        factor.dimension,
                        value=value,
                    )
                )
            defaults: tuple[tuple[DemandKind, str, int | None], ...] = (
                ("least factor", ">=", constraint.default_min_factor),
                ("most factor", "<=", constraint.default_max_factor),
            )
            for kind, relation, limit in defaults:
                if limit is not None:
                    text = f"{level.name} all factors{relation}{limit}"
                    found.append(Demand(kind, level.name, text, constraint.location, place, value=limit))
        return found

    def _of_spaces(self) -> Sequence[Demand]:
        found = []
        for place, storage in enumerate(self.architecture.storage):
            demanded = self.constraints.of(storage.name)
            for space in (s.name for s in self.problem.data_spaces):
                if space in demanded.bypass:
                    text = f"{storage.name} bypasses {space}"
                    found.append(Demand("bypass", storage.name, text, place=place, data_space=space))
                elif space in demanded.keep and place < len(self.architecture.storage) - 1:
                    text = f"{storage.name} keeps {space}"
                    found.append(Demand("keep", storage.name, text, place=place, data_space=space))
        return found

    def _of_hardware(self) -> Sequence[Demand]:
        """Of hardware with sparse optimisations only what does not depend on how full the tensors are."""
        sparse = self.architecture.sparse
        spreads_at_will = sparse is not None and sparse.skips_instances
        found = []
        for place, level in enumerate(self.levels):
            if not level.spatial:
                continue
            name, constraint = level.name, level.constraint
            if constraint.split is not None:
                text = f"{name} split {constraint.split}"
                found.append(Demand("split", name, text, constraint.location, place, value=constraint.split))
            if constraint.prefix or constraint.suffix:
                order = ",".join((*constraint.prefix, "_", *constraint.suffix))
                found.append(Demand("order", name, f"{name} permutation {order}", constraint.location, place))
            if spreads_at_will:
                continue
            fanout = f"{name} fans out to {level.fanout_x:,} x {level.fanout_y:,} (X x Y)"
            found.append(Demand("fan-out", name, fanout, None, place))
        if not spreads_at_will and not self._instances_follow_from_fanouts():
            unit = self.architecture.arithmetic.name
            found.append(Demand("instances", unit, "the instances and meshes of the levels"))
        least = self.constraints.min_parallelism
        if least is not None:
            text = f"parallelism of at least {least:.4g}"
            found.append(Demand("least parallelism", "arithmetic", text, value=least))
        for place, storage in enumerate(self.architecture.storage):
            size = storage.effective_size_words
            if size is None or (sparse is not None and sparse.levels[place].formats):
                continue
            if storage.min_utilization > 0:
                text = (
                    f"{storage.name} must hold at least {size * storage.min_utilization:,g} words "
                    f"(min_utilization {storage.min_utilization:g})"
                )
                value = storage.min_utilization
                found.append(Demand("least utilization", storage.name, text, place=place, value=value))
            found.append(
                Demand("capacity", storage.name, f"{storage.name} holds {size:,} words", place=place)
            )
        return found

    def _instances_follow_from_fanouts(self) -> bool:
        """Whether a mapping within all fan-outs can never use more instances than there are."""
        x = y = 1
        for place in reversed(range(len(self.levels))):
            level = self.levels[place]
            if level.spatial:
                x, y = x * level.fanout_x, y * level.fanout_y
                inner = level.storage - 1
                unit = self.architecture.storage[inner] if inner >= 0 else self.architecture.arithmetic
            else:
                unit = self.architecture.storage[level.storage]
            if x > unit.mesh_x or y > unit.mesh_y or x * y > unit.instances:
                return False
        unit = self.architecture.arithmetic
        return x <= unit.mesh_x and y <= unit.mesh_y and x * y <= unit.instances
