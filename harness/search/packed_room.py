"""The room that packed tiles ask for, as far as it is known before an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from harness.mapspace import MapSpace
from harness.model.sparse.densities import DensityModel, Tile
from harness.model.sparse.density_models import density_model
from harness.spec.problem import DataSpace, Problem


class PackedRoom:
    """``holds`` tells whether a storage level holds a data space packed; only then there is a ``words``."""

    def __init__(self, space: MapSpace) -> None:
        sparse = space.architecture.sparse
        problem = space.problem
        levels = () if sparse is None else sparse.levels
        self._packed = [{f.tensor for f in level.formats if f.compressed} for level in levels]
        tensors = {ds.name: ds for ds in problem.data_spaces if any(ds.name in p for p in self._packed)}
        self._models = {name: _model(problem, ds) for name, ds in tensors.items()}

    def holds(self, storage: int, data_space: str) -> bool:
        return data_space in self._packed[storage]

    def words(self, data_space: str, sizes: Sequence[int]) -> int:
        """``sizes`` of the tile, rank by rank."""
        return self._models[data_space].room_needed(Tile(((0,) * len(sizes), tuple(sizes))))


def _model(problem: Problem, data_space: DataSpace) -> DensityModel:
    low, high = [], []
    for rank in data_space.ranks:
        reach = [term.coefficient * (problem.bound[term.dimension] - 1) for term in rank]
        low.append(sum(r for r in reach if r < 0))
        high.append(sum(r for r in reach if r > 0) + 1)
    density = problem.density_of(data_space.name)
    return density_model(density, (tuple(low), tuple(high)), data_space.name, True)
