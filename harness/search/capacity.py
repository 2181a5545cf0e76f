"""The cheap test before an evaluation: do the tiles fit?

Timeloop ``model/topology.cpp`` and ``model/buffer.cpp``, PreEvaluationCheck. Depends on the factorisation and
the bypass mask only. A tensor that a level holds packed takes as much room as its density model says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.mapspace import MapSpace, Refusal, SubSpace

if TYPE_CHECKING:
    from harness.search.packed_room import PackedRoom

KEPT_NOWHERE = "bypassed everywhere"
TOO_LARGE = "capacity"
TOO_SMALL = "min utilization"

_REMEMBERED = 1024


@dataclass
class _Tiles:
    """What is known of one factorisation: extents by tiling level, tile sizes, verdicts by mask."""

    extents: dict[int, list[int]] = field(default_factory=dict)
    sizes: dict[tuple[int, str], int] = field(default_factory=dict)
    refused: dict[int, Refusal | None] = field(default_factory=dict)


class CapacityCheck:
    """Tile sizes against the effective sizes of the storage levels."""

    def __init__(self, space: MapSpace) -> None:
        self._space = space
        problem = space.problem
        ids = {name: d for d, name in enumerate(problem.dimensions)}
        self._ranks = {
            space_.name: [[(ids[t.dimension], abs(t.coefficient)) for t in rank] for rank in space_.ranks]
            for space_ in problem.data_spaces
        }
        self._limits: list[tuple[int, int, float, str, int, float]] = []
        temporal = [k for k, level in enumerate(space.levels) if not level.spatial]
        for index, storage in enumerate(space.architecture.storage):
            size = storage.effective_size_words
            if size is None:
                continue
            # A distributed multicast may spread a tile over all instances: how far is known only later.
            available = size * storage.instances if self._distributed_multicast(index) else size
            least = size * storage.min_utilization
            self._limits.append((index, temporal[index], available, storage.name, size, least))
        self._packed: PackedRoom | None = None
        if space.architecture.sparse is not None:
            from harness.search.packed_room import PackedRoom  # noqa: PLC0415 - dense spaces do without

            self._packed = PackedRoom(space)
        self._known: dict[SubSpace, _Tiles] = {}

    def _distributed_multicast(self, index: int) -> bool:
        storage = self._space.architecture.storage[index]
        for network in self._space.architecture.networks:
            if network.name == storage.network_read:
                return network.class_name == "Legacy" and network.attributes.get("network_type") == "M:N"
        return storage.network_type == "M:N"

    def refusal(self, subspace: SubSpace, bypass: int) -> Refusal | None:
        """Why the tiles of this factorisation do not fit under bypass mask ``bypass``; None if they do."""
        tiles = self._known.get(subspace)
        if tiles is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            tiles = self._known[subspace] = _Tiles()
        if bypass not in tiles.refused:
            tiles.refused[bypass] = self._check(subspace, bypass, tiles)
        return tiles.refused[bypass]

    def _check(self, subspace: SubSpace, bypass: int, tiles: _Tiles) -> Refusal | None:
        keep = self._space.keep(bypass)
        for name in self._ranks:
            if not any(name in kept for kept in keep):
                return Refusal("all levels", KEPT_NOWHERE, f"{name} is bypassed in all storage levels")
        for index, tiling_level, available, storage_name, _, least in self._limits:
            required = sum(self._tile(subspace, index, tiling_level, name, tiles) for name in keep[index])
            if required > available:
                return Refusal(storage_name, TOO_LARGE, f"tile {required} exceeds {int(available)}")
            if required < least:
                reason = f"tile {required} is below the demanded least utilization of {least:g}"
                return Refusal(storage_name, TOO_SMALL, reason)
        return None

    def _tile(self, subspace: SubSpace, index: int, tiling_level: int, name: str, tiles: _Tiles) -> int:
        key = (tiling_level, name)
        known = tiles.sizes.get(key)
        if known is not None:
            return known
        extents = tiles.extents.get(tiling_level)
        if extents is None:
            extents = [1] * len(self._space.problem.dimensions)
            for factors in subspace.factors[: tiling_level + 1]:
                for d, (end, _) in enumerate(factors):
                    extents[d] *= end
            tiles.extents[tiling_level] = extents
        sizes = [
            1 + sum(coefficient * (extents[d] - 1) for d, coefficient in rank) for rank in self._ranks[name]
        ]
        if self._packed is not None and self._packed.holds(index, name):
            tile = self._packed.words(name, sizes)
        else:
            tile = math.prod(sizes)
        tiles.sizes[key] = tile
        return tile
