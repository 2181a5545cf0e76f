"""Per tensor and storage level: tile size, what the level serves, and how it is spread over the array.

This is the raw result of the loop-nest analysis, before bypassing. Source: Timeloop nest-analysis.cpp
(ComputeWorkingSets, CollectWorkingSets) and the selection of tiles in tiling.cpp
(CollapseDataMovementNest): sizes belong to the outermost loop of a storage level's block, what it serves
to the innermost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.model.deltas import Changes, TileWalk
from harness.model.loop_nest import Context, LoopNest
from harness.model.spatial import FanOut, Groups, link_transfers, multicast_groups
from harness.model.working_sets import WorkingSets
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import DataSpace


@dataclass(slots=True)
class Served:
    """Words served to groups of one kind. Hops are summed over the words ("weighted" in Timeloop)."""

    accesses: float = 0.0
    hops: float = 0.0
    unicast_hops: float = 0.0


ServedByKind = dict[tuple[int, int], Served]
"""By (multicast, scatter): members of a group, number of such groups."""


@dataclass(slots=True)
class Tile:
    """One tensor at one storage level. Counts are averages per instance.

    ``master_size`` is the tile of the whole fan-out (None without a spatial block).
    """

    size: int
    served: ServedByKind
    link_transfers: float
    replication: int
    fanout: int
    master_size: int | None
    rmw_first_update: bool = False
    no_coalesce: bool = False
    distributed: ServedByKind = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compute:
    """What the arithmetic units do: operations of one unit on average, and units in use on average."""

    operations_per_unit: float
    units: int


def analyse_compute(nest: LoopNest) -> Compute:
    """Operations per unit (CollectWorkingSets, "Extract body data")."""
    spatial = nest.spatial_count[0]
    innermost = nest.first[0] + max(spatial, 1) - 1
    memo: dict[tuple[int, Context], int] = {}

    def operations(level: int, context: Context) -> int:
        """Operations of all simulated units in one run of the loops from ``level`` inwards."""
        key = level, context
        if key in memo:
            return memo[key]
        if level == innermost:
            total = _iterations_inside(nest, level, context)
        elif nest.loops[level].spatial:
            total = operations(level - 1, nest.inside(level, 0, context))
        else:
            total = sum(
                v.epochs * operations(level - 1, nest.inside(level, v.index, context))
                for v in nest.visits(level, context)
            )
        memo[key] = total
        return total

    total = operations(len(nest.loops) - 1, nest.outermost_context)
    simulated = 1
    if spatial:
        simulated = max(_iterations_inside(nest, innermost, c) for c in nest.contexts[innermost])
    units = int(nest.utilized_instances[innermost] * (nest.fanout(0) if spatial else 1))
    return Compute(total / simulated, units)


def _iterations_inside(nest: LoopNest, level: int, context: Context) -> int:
    count = 1
    for inner in range(level, -1, -1):
        count *= nest.iterations(inner, context)
        context = nest.inside(inner, 0, context)
    return count


def analyse_tensor(
    architecture: Architecture, nest: LoopNest, mapping: Mapping, data_space: DataSpace
) -> list[Tile]:
    """The tiles of ``data_space`` at every storage level, innermost first."""
    sets = WorkingSets(nest, data_space)
    tiles = []
    for storage in range(nest.storage_levels):
        master = nest.first[storage] + nest.spatial_count[storage] - 1
        spatial = nest.spatial_count[storage] > 0
        served, links = _serve(architecture, nest, mapping, sets, storage)
        level = mapping.levels[storage]
        tiles.append(
            Tile(
                size=sets.largest(nest.boundary[storage]),
                served=served,
                link_transfers=links,
                replication=int(nest.utilized_instances[nest.boundary[storage]]),
                fanout=nest.fanout(storage),
                master_size=sets.largest(master) if spatial else None,
                rmw_first_update=data_space.name in level.rmw_first_update,
                no_coalesce=data_space.name in level.no_coalesce,
            )
        )
    return tiles


def _serve(
    architecture: Architecture, nest: LoopNest, mapping: Mapping, sets: WorkingSets, storage: int
) -> tuple[ServedByKind, float]:
    """What ``storage`` serves to its children, and the words that neighbouring children pass on."""
    name = sets.data_space.name
    spatial = nest.spatial_count[storage] > 0
    if storage == 0 and not spatial:
        return {(1, 1): Served(float(_operands(nest)))}, 0.0
    child = nest.boundary[storage - 1] if storage else -1
    # Below the innermost storage every operation fetches its operand: nothing is kept in the arithmetic.
    reuse = storage > 0 and name not in mapping.levels[storage - 1].no_temporal_reuse
    linked = spatial and name not in mapping.levels[storage].no_link_transfer
    changes = TileWalk(sets, child, reuse, linked).changes()
    if not spatial:
        words = sum(change.words * times for change, times in changes.items())
        return {(1, 1): Served(float(words))}, 0.0
    width, height = architecture.fanout(storage)
    fan_out = FanOut(
        steps=tuple(sets.steps[level] for level in nest.spatial_levels(storage)),
        width=max(width, nest.axis_size(storage, "X")),
        height=max(height, nest.axis_size(storage, "Y")),
        multicast=name not in mapping.levels[storage].no_multicast,
    )
    return _served_spatially(changes, fan_out)


def _served_spatially(changes: Changes, fan_out: FanOut) -> tuple[ServedByKind, float]:
    served: ServedByKind = {}
    transferred = 0
    for change, times in changes.items():
        if not change.words:
            continue
        words = change.words * times
        groups = multicast_groups(fan_out, change.ends)
        if change.moved is not None:
            links = link_transfers(fan_out, change.ends, change.previous_ends, change.moved)
            if links is not None:
                transferred += links.served * words
                groups = links.groups
        for group in groups:
            _add(served, group, words)
    return served, float(transferred)


def _add(served: ServedByKind, group: Groups, words: int) -> None:
    record = served.setdefault((group.multicast, group.scatter), Served())
    record.accesses += group.scatter * words
    record.hops += group.hops * words
    record.unicast_hops += group.unicast_hops * words


def _operands(nest: LoopNest) -> int:
    """Executions of the innermost loop's body by one instance."""
    memo: dict[tuple[int, Context], int] = {}

    def run(level: int, context: Context) -> int:
        if level == 0:
            return nest.iterations(0, context)
        key = level, context
        if key not in memo:
            if nest.loops[level].spatial:
                memo[key] = run(level - 1, nest.inside(level, 0, context))
            else:
                memo[key] = sum(
                    v.epochs * run(level - 1, nest.inside(level, v.index, context))
                    for v in nest.visits(level, context)
                )
        return memo[key]

    return run(len(nest.loops) - 1, nest.outermost_context)
