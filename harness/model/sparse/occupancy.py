"""What tiles hold on average: words that are not zero, metadata, and the instances that hold anything at all.

Source: Timeloop sparse-analysis/representation-analyzer.cpp (CalculateExpectedOccupancy,
CalculateExpectedMetaDataAccesses).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.model.sparse.cells import Cell, Frame, Pair, RankUnits
from harness.model.sparse.densities import DensityModel, Tile
from harness.model.sparse.metadata import Held, held_with_metadata, running, units_given, weighted


def expect(frame: Frame) -> None:
    """Set the expected density, occupancy and metadata of all held tiles, and the metadata accesses."""
    for tensor, model in enumerate(frame.models):
        cells = frame.cells[tensor]
        for cell in cells:
            if cell.shape:
                outside = None if cell.parent is None else cells[cell.parent]
                _expect(cell, model, outside is not None and outside.has_metadata)
        for cell in cells:
            if cell.shape and cell.has_metadata:
                _count_metadata(cell)


def _expect(cell: Cell, model: DensityModel, known_outside: bool) -> None:
    """``known_outside``: the parent's metadata tell empty tiles apart, and these are not sent."""
    held = held_with_metadata(cell) if cell.has_metadata else None
    expected = _expected(cell.tile, cell.shape, model, held, known_outside)
    if expected.filled is not None:
        cell.instances *= expected.filled
    cell.expected_metadata = list(expected.metadata)
    cell.expected_density = expected.occupancy / cell.shape
    cell.expected_occupancy = expected.occupancy


@dataclass(frozen=True, slots=True)
class _Expected:
    """``filled``: the share of tiles that are not empty, where only these are sent."""

    filled: float | None
    occupancy: float
    metadata: tuple[RankUnits, ...]


@lru_cache(maxsize=4096)
def _expected(
    tile: Tile, shape: int, model: DensityModel, held: Held | None, known_outside: bool
) -> _Expected:
    """Remembered: a search asks for the same tiles again and again."""
    least = model.least_occupancy(tile, shape)
    pairs = model.occupancies(tile, least, model.most_occupancy(tile))
    numbers = [n for n, _ in pairs]
    weights = np.array([p for _, p in pairs])
    filled = None
    if known_outside and least == 0 and pairs:
        filled = 1.0 - float(weights[0])
        weights = weights / filled if filled else np.zeros(len(pairs))
        weights[0] = 0.0
    total = running(weights * np.array(numbers, dtype=np.float64))
    metadata = weighted(units_given(held, model, numbers), weights) if held is not None and pairs else []
    return _Expected(filled, total, tuple(metadata))


def _count_metadata(cell: Cell) -> None:
    """Whole tiles come and go: metadata accesses are their units times the visits of a tile."""

    def accesses(words: int) -> list[Pair]:
        visits = words / cell.shape
        return [_times(units, visits) for units in cell.expected_metadata]

    cell.metadata_reads = accesses(cell.accesses.reads)
    cell.metadata_fills = accesses(cell.accesses.fills)
    cell.metadata_updates = accesses(cell.accesses.updates)
    nothing = [(0, 0)] * len(cell.expected_metadata)
    for counts in (cell.random, cell.gated, cell.skipped):
        counts.metadata_read = list(nothing)
        counts.metadata_fill = list(nothing)
        counts.metadata_update = list(nothing)


def _times(units: RankUnits, visits: float) -> Pair:
    return math.ceil(units.metadata * visits), math.ceil(units.payloads * visits)
