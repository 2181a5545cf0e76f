"""The cheap test before an evaluation: do the tiles fit?

Timeloop ``model/topology.cpp`` and ``model/buffer.cpp``, PreEvaluationCheck. Depends on the factorisation and
the bypass mask only.
"""

from __future__ import annotations

from harness.mapspace import MapSpace, Refusal, SubSpace

KEPT_NOWHERE = "bypassed everywhere"
TOO_LARGE = "capacity"
TOO_SMALL = "min utilization"


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
        self._current: SubSpace | None = None
        self._tiles: dict[tuple[int, str], int] = {}
        self._extents: dict[int, list[int]] = {}
        self._refused: dict[int, Refusal | None] = {}

    def _distributed_multicast(self, index: int) -> bool:
        storage = self._space.architecture.storage[index]
        for network in self._space.architecture.networks:
            if network.name == storage.network_read:
                return network.class_name == "Legacy" and network.attributes.get("network_type") == "M:N"
        return storage.network_type == "M:N"

    def refusal(self, subspace: SubSpace, bypass: int) -> Refusal | None:
        """Why the tiles of this factorisation do not fit under bypass mask ``bypass``; None if they do."""
        if subspace is not self._current:
            self._current = subspace
            self._tiles = {}
            self._extents = {}
            self._refused = {}
        if bypass not in self._refused:
            self._refused[bypass] = self._check(subspace, bypass)
        return self._refused[bypass]

    def _check(self, subspace: SubSpace, bypass: int) -> Refusal | None:
        keep = self._space.keep(bypass)
        for name in self._ranks:
            if not any(name in kept for kept in keep):
                return Refusal("all levels", KEPT_NOWHERE, f"{name} is bypassed in all storage levels")
        for index, tiling_level, available, storage_name, _, least in self._limits:
            required = sum(self._tile(subspace, tiling_level, name) for name in keep[index])
            if required > available:
                return Refusal(storage_name, TOO_LARGE, f"tile {required} exceeds {int(available)}")
            if required < least:
                reason = f"tile {required} is below the demanded least utilization of {least:g}"
                return Refusal(storage_name, TOO_SMALL, reason)
        return None

    def _tile(self, subspace: SubSpace, tiling_level: int, name: str) -> int:
        key = (tiling_level, name)
        known = self._tiles.get(key)
        if known is not None:
            return known
        extents = self._extents.get(tiling_level)
        if extents is None:
            extents = [1] * len(self._space.problem.dimensions)
            for factors in subspace.factors[: tiling_level + 1]:
                for d, (end, _) in enumerate(factors):
                    extents[d] *= end
            self._extents[tiling_level] = extents
        tile = 1
        for rank in self._ranks[name]:
            tile *= 1 + sum(coefficient * (extents[d] - 1) for d, coefficient in rank)
        self._tiles[key] = tile
        return tile
