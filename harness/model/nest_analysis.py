"""Per tensor and storage level: tile size, what the level serves, and how it is spread over the array.

This is the raw result of the loop-nest analysis, before bypassing. Source: Timeloop nest-analysis.cpp
(ComputeWorkingSets, CollectWorkingSets) and the selection of tiles in tiling.cpp
(CollapseDataMovementNest): sizes belong to the outermost loop of a storage level's block, what it serves
to the innermost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.basis import Basis
from harness.model.deltas import Changes, TileWalk
from harness.model.loop_nest import Context, LoopNest
from harness.model.served import Served, ServedByKind, Tile
from harness.model.spatial import FanOut, Groups, link_transfers, multicast_groups
from harness.model.steady_deltas import Request, steady_requests
from harness.model.working_sets import WorkingSets
from harness.spec.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Compute:
    """What the arithmetic units do: operations of one unit on average, and units in use on average."""

    operations_per_unit: float
    units: int


def analyse_compute(nest: LoopNest) -> Compute:
    """Operations per unit (CollectWorkingSets, "Extract body data")."""
    spatial = nest.spatial_count[0]
    innermost = nest.first[0] + max(spatial, 1) - 1
    units = int(nest.utilized_instances[innermost] * nest.fanout(0))
    if not nest.imperfect:
        return Compute(float(nest.temporal_iterations), units)
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
    return Compute(total / simulated, units)


def _iterations_inside(nest: LoopNest, level: int, context: Context) -> int:
    count = 1
    for inner in range(level, -1, -1):
        count *= nest.iterations(inner, context)
        context = nest.inside(inner, 0, context)
    return count


def analyse_tensor(basis: Basis, mapping: Mapping, sets: WorkingSets, sizes: Sequence[int]) -> list[Tile]:
    """The tiles of the tensor of ``sets`` at every storage level, innermost first.

    ``sizes`` are its tile sizes by storage level.
    """
    nest = sets.nest
    name = sets.tensor.name
    tiles = []
    for storage, level in enumerate(mapping.levels):
        spatial = nest.spatial_count[storage]
        served, links = _serve(basis, mapping, sets, storage)
        instances = nest.utilized_instances[nest.boundary[storage]]
        tiles.append(
            Tile(
                size=sizes[storage],
                served=served,
                link_transfers=links,
                replication=int(instances) if basis.artefacts.whole_instances else instances,
                fanout=nest.fanout(storage),
                master_size=sets.largest(nest.first[storage] + spatial - 1) if spatial else None,
                rmw_first_update=name in level.rmw_first_update,
                no_coalesce=name in level.no_coalesce,
            )
        )
    return tiles


def _serve(basis: Basis, mapping: Mapping, sets: WorkingSets, storage: int) -> tuple[ServedByKind, float]:
    """What ``storage`` serves to its children, and the words that neighbouring children pass on."""
    nest, name = sets.nest, sets.tensor.name
    spatial = nest.spatial_count[storage] > 0
    if storage == 0 and not spatial:
        return {(1, 1): Served(float(_operands(nest)))}, 0.0
    # Below the innermost storage every operation fetches its operand: nothing is kept in the arithmetic.
    reuse = storage > 0 and name not in mapping.levels[storage - 1].no_temporal_reuse
    linked = spatial and name not in mapping.levels[storage].no_link_transfer
    if nest.imperfect:
        child = nest.boundary[storage - 1] if storage else -1
        changes = TileWalk(sets, child, reuse, linked).changes()
        if not spatial:
            return _served_to_one(sum(change.words * times for change, times in changes.items()))
        return _served_in_turns(changes, _fan_out(basis, mapping, sets, storage))
    requests = steady_requests(sets, storage, reuse, linked)
    if not spatial:
        return _served_to_one(sum([request.words for request in requests]))
    ends = tuple([nest.loops[level].factor for level in nest.spatial_levels(storage)])
    return _served_steadily(requests, ends, _fan_out(basis, mapping, sets, storage))


def _fan_out(basis: Basis, mapping: Mapping, sets: WorkingSets, storage: int) -> FanOut:
    nest = sets.nest
    width, height = basis.levels[storage].fanout
    along_x, along_y = nest.axis_sizes[storage]
    loops = nest.loops[nest.first[storage] : nest.first[storage] + nest.spatial_count[storage]]
    return FanOut(
        steps=tuple([sets.step(loop.dimension, loop.stride) for loop in loops]),
        width=max(width, along_x),
        height=max(height, along_y),
        multicast=sets.tensor.name not in mapping.levels[storage].no_multicast,
    )


def _served_to_one(words: int) -> tuple[ServedByKind, float]:
    return {(1, 1): Served(float(words))}, 0.0


def _served_steadily(
    requests: list[Request], ends: tuple[int, ...], fan_out: FanOut
) -> tuple[ServedByKind, float]:
    """All visits with the same spatial iterations."""
    served: ServedByKind = {}
    transferred = 0
    fetched = 0
    for words, moved in requests:
        links = None if moved is None or not words else link_transfers(fan_out, ends, ends, moved)
        if links is None:
            fetched += words
            continue
        transferred += links.served * words
        for group in links.groups:
            _add(served, group, words)
    if fetched:
        for group in multicast_groups(fan_out, ends):
            _add(served, group, fetched)
    return served, float(transferred)


def _served_in_turns(changes: Changes, fan_out: FanOut) -> tuple[ServedByKind, float]:
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
    record = served.get((group.multicast, group.scatter))
    if record is None:
        record = served[group.multicast, group.scatter] = Served()
    record.accesses += group.scatter * words
    record.hops += group.hops * words
    record.unicast_hops += group.unicast_hops * words


def _operands(nest: LoopNest) -> int:
    """Executions of the innermost loop's body by one instance."""
    if not nest.imperfect:
        return nest.temporal_iterations
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
