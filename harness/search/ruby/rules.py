"""Which tensors may be kept where, and with which dimensions their traffic is known to grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.mapspace import MapSpace
from harness.model.basis import Basis, Tensor
from harness.search.ruby.counts import DimensionCounts
from harness.spec.constraints import BlockConstraint


@dataclass(frozen=True)
class TensorRules:
    """Of one tensor. ``kept``: levels where some mask keeps it; ``forced``: where all do.

    ``dimensions``: those that its words are counted along; ``anchors``: those that alone move a rank, and no
    other, so that a step along them leaves nothing of the tile. ``plain``: no sliding window, and no
    dimension in two ranks: the counts are exact products. ``linked``: the units below level 0 may pass
    operands on. ``reread``: levels whose tile is fetched anew at every visit (no_temporal_reuse);
    ``passing``: levels that keep no words of it even where they keep it (no_coalesce).
    """

    tensor: Tensor
    number: int
    dimensions: frozenset[int]
    anchors: frozenset[int]
    kept: tuple[int, ...]
    forced: frozenset[int]
    plain: bool
    linked: bool
    reread: frozenset[int]
    passing: frozenset[int]

    def inner_neighbours(self, level: int) -> list[int]:
        """Where the next inner level that keeps the tensor may be; -1: the arithmetic units."""
        found = []
        for inner in range(level - 1, -1, -1):
            if inner in self.kept:
                found.append(inner)
            if inner in self.forced:
                return found
        return [*found, -1]

    def outermost(self) -> list[int]:
        """Where the outermost level that keeps it may be."""
        least = max(self.forced, default=-1)
        return [s for s in self.kept if s >= least]


@dataclass(frozen=True)
class Surroundings:
    """What is the same for all factorisations. ``counts`` of the dimensions ``active``."""

    space: MapSpace
    basis: Basis
    rules: tuple[TensorRules, ...]
    active: tuple[int, ...]
    counts: tuple[DimensionCounts, ...]
    word_energies: dict[int, float]
    traffic_counts: bool


def tensor_rules(space: MapSpace, basis: Basis) -> tuple[TensorRules, ...]:
    possible, always = space.keep(space.sizes.datatype_bypass - 1), space.keep(0)
    spatial = space.constraints.of(space.architecture.level_names[0]).spatial
    unlinked = spatial.no_link_transfer if spatial else frozenset()
    x, y = basis.levels[0].fanout
    bounds = basis.problem.bounds
    names = space.architecture.level_names
    found = []
    for number, tensor in enumerate(basis.tensors):
        moving = frozenset(d for d, moves in enumerate(tensor.moving) if moves and bounds[d] > 1)
        single = all(sum(1 for by in tensor.moves[d] if by) == 1 for d in moving)
        unit_steps = not tensor.written or all(max(tensor.moves[d]) == 1 for d in moving)
        plain = not tensor.sliding and single and unit_steps
        found.append(
            TensorRules(
                tensor=tensor,
                number=number,
                dimensions=moving if plain else _independent(tensor, bounds),
                anchors=moving if plain else _alone(tensor, bounds),
                kept=tuple(s for s, names in enumerate(possible) if tensor.name in names),
                forced=frozenset(s for s, names in enumerate(always) if tensor.name in names),
                plain=plain,
                linked=x * y > 1 and tensor.name not in unlinked,
                reread=frozenset(
                    s
                    for s, name in enumerate(names)
                    if tensor.name in ((space.constraints.of(name).temporal or BlockConstraint()).no_reuse)
                ),
                passing=frozenset(
                    s for s, name in enumerate(names) if tensor.name in space.constraints.of(name).no_coalesce
                ),
            )
        )
    return tuple(found)


def _independent(tensor: Tensor, bounds: Sequence[int]) -> frozenset[int]:
    """For each rank the largest of the dimensions that move it and no other rank."""
    chosen: dict[int, int] = {}
    for d, moves in enumerate(tensor.moves):
        ranks = [rank for rank, by in enumerate(moves) if by]
        if len(ranks) != 1 or bounds[d] == 1:
            continue
        if ranks[0] not in chosen or bounds[d] > bounds[chosen[ranks[0]]]:
            chosen[ranks[0]] = d
    return frozenset(chosen.values())


def _alone(tensor: Tensor, bounds: Sequence[int]) -> frozenset[int]:
    """Dimensions that move one rank which no other dimension moves."""
    movers: list[list[int]] = [[] for _ in tensor.ranks]
    for d, moves in enumerate(tensor.moves):
        for rank, by in enumerate(moves):
            if by and bounds[d] > 1:
                movers[rank].append(d)
    moved = [d for of_rank in movers for d in of_rank]
    return frozenset(of_rank[0] for of_rank in movers if len(of_rank) == 1 and moved.count(of_rank[0]) == 1)


def has_floors(space: MapSpace, basis: Basis) -> bool:
    """Whether the floors of traffic and energy hold: not for spread multicasts, levels that pass everything
    on,
    receivers that read the old value back, negative energies.
    """
    if any(level.distributes for level in basis.levels):
        return False
    if any(space.constraints.of(name).no_coalesce for name in space.architecture.level_names):
        return False
    if any(level.energy.leak < 0 for level in basis.levels) or basis.compute.operation < 0:
        return False
    for network in basis.networks:
        prices = (network.link.network.energy_per_ingress, network.link.network.router_energy)
        if not network.link.reduces or any(price is not None and price < 0 for price in prices):
            return False
    return True
