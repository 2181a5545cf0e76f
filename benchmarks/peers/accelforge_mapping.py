"""A mapping of AccelForge's (storage nodes and loops in one chain) as one of this project's.

Its chain may put a loop between two tensors' nodes of the same memory. Here a level has one block of loops,
so such a loop goes to a block on the right side of every tensor that it moves; for a tensor that it does not
move, either side gives the same tile. A loop between tensors that it moves alike has no such place; it goes
to one side of them all, which changes the tile of some.
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


@dataclass(frozen=True)
class Read:
    """The mapping, and whether all tensors have the tiles of the chain."""

    mapping: Mapping
    faithful: bool


def read_chain(nodes: Sequence[Node], space: MapSpace, outward: bool = False) -> Read:
    """A loop without a proper place goes ``outward`` (smaller tiles) or inward (larger ones).

    Raises Unsupported for chains that cannot be written as blocks at all.
    """
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
    faithful = True
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
        around = _around(nodes, position, level_of, moved)
        faithful = faithful and around.floor <= min(last, around.ceiling)
        last = _block(around, last, outward)
        temporal[last].append(Loop(dimension, factor, factor))
    directives = space.directives
    mapping = Mapping(
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
    return Read(mapping, faithful)


@dataclass(frozen=True)
class _Around:
    """Where a loop may lie.

    Blocks from storage level ``floor`` on are outside the tiles of the tensors below that it moves, blocks up
    to ``ceiling`` inside those of the tensors above that it moves. ``nearest`` is the innermost level above.
    """

    floor: int
    ceiling: int
    nearest: int


def _around(
    nodes: Sequence[Node], position: int, level_of: AbstractMapping[str, int], moved: set[str]
) -> _Around:
    above = [n for n in nodes[:position] if n["kind"] == "storage"]
    below = [n for n in nodes[position + 1 :] if n["kind"] == "storage"]
    outermost = len(level_of) - 1
    return _Around(
        floor=max((level_of[n["component"]] for n in below if moved & set(n["tensors"])), default=-1) + 1,
        ceiling=min(
            (level_of[n["component"]] for n in above if moved & set(n["tensors"])), default=outermost
        ),
        nearest=min((level_of[n["component"]] for n in above), default=outermost),
    )


def _block(around: _Around, last: int, outward: bool) -> int:
    """The storage level, at most ``last``, whose temporal block takes the loop."""
    ceiling = min(last, around.ceiling)
    if around.floor > ceiling:
        return min(last, around.floor) if outward else ceiling
    return min(max(around.nearest, around.floor), ceiling)


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
