"""What tiles hold on average: words that are not zero, metadata, and the instances that hold anything at all.

Source: Timeloop sparse-analysis/representation-analyzer.cpp (CalculateExpectedOccupancy,
CalculateExpectedMetaDataAccesses).
"""

from __future__ import annotations

import math

import numpy as np

from harness.model.sparse.cells import Cell, Frame, Pair, RankUnits
from harness.model.sparse.densities import DensityModel
from harness.model.sparse.metadata import running, units_given, weighted


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
    least = model.least_occupancy(cell.tile, cell.shape)
    pairs = model.occupancies(cell.tile, least, model.most_occupancy(cell.tile))
    numbers = [n for n, _ in pairs]
    weights = np.array([p for _, p in pairs])
    if known_outside and least == 0 and pairs:
        filled = 1.0 - float(weights[0])
        cell.instances *= filled
        weights = weights / filled if filled else np.zeros(len(pairs))
        weights[0] = 0.0
    total = running(weights * np.array(numbers, dtype=np.float64))
    if cell.has_metadata and pairs:
        cell.expected_metadata = weighted(units_given(cell, model, numbers), weights)
    cell.expected_density = total / cell.shape
    cell.expected_occupancy = total


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
