"""A mapping of AccelForge's (storage nodes and loops in one chain) as one of this project's.

Its chain may put a loop between two tensors' nodes of the same memory. Here a level has one block of loops,
so such a loop goes to a block on the right side of every tensor that it moves; for a tensor that it does not
move, either side gives the same tile.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.peers.accelforge_job import NODE, SOURCE
from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.spec.mapping import LevelMapping, Loop, Mapping

Node = AbstractMapping[str, Any]


def read_chain(nodes: Sequence[Node], space: MapSpace) -> Mapping:
    """Raises Unsupported where no mapping here has the same tiles."""
    architecture, problem = space.architecture, space.problem
    level_of = {name: number for number, name in enumerate(architecture.level_names)}
    fanout_of = {NODE.format(name): number for name, number in level_of.items()}
    dimension_of = {d.lower(): d for d in problem.dimensions}
    temporal: list[list[Loop]] = [[] for _ in level_of]
    spatial: list[list[Loop]] = [[] for _ in level_of]
    keep: list[set[str]] = [set() for _ in level_of]
    nodes = [node for node in nodes if node.get("component") != SOURCE]
    extent = dict(problem.bound)
    last = len(level_of) - 1
    for position, node in enumerate(nodes):
        if node["kind"] == "storage":
            keep[level_of[node["component"]]].update(node["tensors"])
            continue
        dimension = dimension_of[node["rank"]]
        factor, rest = divmod(extent[dimension], node["tile"])
        if rest:
            raise Unsupported(f"its factor {extent[dimension]} : {node['tile']} of {dimension} is imperfect")
        extent[dimension] = node["tile"]
        if factor == 1:
            continue
        if node["kind"] == "spatial":
            axis: Literal["X", "Y"] = "X" if node["axis"] == "X" else "Y"
            spatial[fanout_of[node["component"]]].append(Loop(dimension, factor, factor, axis))
            continue
        moved = {ds.name for ds in problem.data_spaces if dimension in ds.dimensions}
        last = _block(_around(nodes, position, level_of, moved), last)
        temporal[last].append(Loop(dimension, factor, factor))
    directives = space.directives
    return Mapping(
        tuple(
            LevelMapping(
                level=name,
                temporal=_merged(temporal[number]),
                spatial=_along_x_first(_merged(spatial[number])),
                keep=frozenset(keep[number]),
                no_temporal_reuse=directives[number].no_temporal_reuse,
                no_multicast=directives[number].no_multicast,
                no_link_transfer=directives[number].no_link_transfer,
                rmw_first_update=directives[number].rmw_first_update,
                no_coalesce=directives[number].no_coalesce,
            )
            for number, name in enumerate(architecture.level_names)
        )
    )


@dataclass(frozen=True)
class _Around:
    """The storage levels of the nodes above and below a loop, and of those among them that it moves."""

    above: list[int]
    moved_above: list[int]
    moved_below: list[int]


def _around(
    nodes: Sequence[Node], position: int, level_of: AbstractMapping[str, int], moved: set[str]
) -> _Around:
    above = [n for n in nodes[:position] if n["kind"] == "storage"]
    below = [n for n in nodes[position + 1 :] if n["kind"] == "storage"]
    return _Around(
        above=[level_of[n["component"]] for n in above],
        moved_above=[level_of[n["component"]] for n in above if moved & set(n["tensors"])],
        moved_below=[level_of[n["component"]] for n in below if moved & set(n["tensors"])],
    )


def _block(around: _Around, last: int) -> int:
    """The storage level, at most ``last``, whose temporal block takes the loop."""
    floor = max(around.moved_below, default=-1) + 1
    ceiling = min([last, *around.moved_above])
    if floor > ceiling:
        raise Unsupported("a loop between tensors of one memory has no place in this project's mappings")
    return min(max(min(around.above, default=ceiling), floor), ceiling)


def _merged(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    """From inner to outer. Neighbouring loops over one dimension become one; Unsupported for others."""
    merged: list[Loop] = []
    for loop in reversed(loops):
        if merged and merged[-1].dimension == loop.dimension and merged[-1].axis == loop.axis:
            factor = merged.pop().factor * loop.factor
            loop = Loop(loop.dimension, factor, factor, loop.axis)  # noqa: PLW2901
        merged.append(loop)
    if len({(loop.dimension, loop.axis) for loop in merged}) < len(merged):
        raise Unsupported("it has a dimension twice in one block, apart")
    return tuple(merged)


def _along_x_first(loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
    return tuple(sorted(loops, key=lambda loop: loop.axis))
