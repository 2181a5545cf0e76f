"""How many metadata words and payloads the ranks of a tile take (Timeloop workload/format-models).

With F fibers that are not empty, of S coordinates each, of which E are not empty:

========================  ==============  ==============
format                    metadata        payloads
========================  ==============  ==============
uop  offset pairs         0               F (S + 1)
cp   coordinates          F ceil(E)       F ceil(E)
rle  run lengths          F E             F E
b    bitmask              F S             F ceil(E)
ub   bitmask, all words   all S           all S
========================  ==============  ==============

The payloads of the innermost rank are the data and are not counted. A rank that a single coordinate makes is
passed over, unless it is the outermost one (innermost, where ranks are dealt outwards).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.model.geometry import Box
from harness.model.sparse.cells import Cell, RankUnits
from harness.model.sparse.densities import DensityModel, Tile
from harness.spec.sparse import FormatName, TensorFormat

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class UnitsByOccupancy:
    """Of one rank, for each occupancy of the tile that was asked for."""

    metadata: Floats
    payloads: Floats
    metadata_bits: int
    payload_bits: int


@dataclass(frozen=True, slots=True)
class _Fiber:
    """``fibers`` of ``shape`` coordinates; each fiber covers ``tile``, each coordinate ``inner``."""

    fibers: int
    shape: int
    tile: Tile
    inner: Tile


class Held(NamedTuple):
    """A tile with metadata and all that these depend on: its words, its format, and its fiber tree."""

    tile: Tile
    shape: int
    format: TensorFormat
    boxes: tuple[Box, ...]
    fiber_shapes: tuple[int, ...]


def held_with_metadata(cell: Cell) -> Held:
    assert cell.format is not None
    assert cell.representation is not None
    layout = cell.representation
    return Held(cell.tile, cell.shape, cell.format, tuple(layout.boxes), tuple(layout.fiber_shapes))


def units_given(held: Held, model: DensityModel, occupancies: Sequence[int]) -> list[UnitsByOccupancy]:
    """The units of all ranks, innermost first, of a tile with each of these numbers of non-zero words."""
    count = len(occupancies)
    top = len(held.format.ranks) - 1
    always = 0 if held.format.inner_to_outer else top
    fibers, current = 1, held.tile
    found: list[UnitsByOccupancy] = []
    for rank in range(top, -1, -1):
        of, shape, inner = held.format.ranks[rank], held.fiber_shapes[rank], Tile(held.boxes[rank])
        if shape == 1 and rank != always:
            found.insert(0, UnitsByOccupancy(np.zeros(count), np.zeros(count), 0, 0))
        else:
            fiber = _Fiber(fibers, shape, current, inner)
            metadata, payloads = _units(of.format, fiber, held, model, occupancies)
            found.insert(0, UnitsByOccupancy(metadata, payloads, of.metadata_word_bits, of.payload_word_bits))
        fibers *= shape
        current = inner
    innermost = np.ones(count, dtype=bool)
    for units in found:
        taken = (units.metadata != 0) | (units.payloads != 0)
        units.payloads = np.where(innermost & taken, 0.0, units.payloads)
        innermost &= ~taken
    return found


def _units(
    name: FormatName, fiber: _Fiber, held: Held, model: DensityModel, occupancies: Sequence[int]
) -> tuple[Floats, Floats]:
    count, fibers, shape = len(occupancies), fiber.fibers, fiber.shape
    if name == "ub":
        everything = np.full(count, float(fibers * shape))
        return everything, everything.copy()
    filled = fibers * (1 - model.empty_given(fiber.tile, held.tile, held.shape, occupancies))
    if name == "uop":
        return np.zeros(count), filled * (shape + 1)
    coordinates = shape * (1 - model.empty_given(fiber.inner, held.tile, held.shape, occupancies))
    if name == "rle":
        both = coordinates * filled
        return both, both.copy()
    coordinates = np.ceil(coordinates)
    if name == "b":
        return filled * shape, filled * coordinates
    both = coordinates * filled
    return both, both.copy()


def weighted(units: list[UnitsByOccupancy], weights: Floats) -> list[RankUnits]:
    """The units on average. The order of the sums is that of the reference: they are cut later."""
    return [
        RankUnits(
            running(of.metadata * weights), running(of.payloads * weights), of.metadata_bits, of.payload_bits
        )
        for of in units
    ]


def running(values: Floats) -> float:
    """The sum from the first to the last."""
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def units_at(cell: Cell, model: DensityModel, confidence: float) -> list[RankUnits]:
    """The units that are not exceeded with this confidence; none without metadata."""
    if cell.format is None:
        return []
    return list(_units_at(held_with_metadata(cell), model, confidence))


@lru_cache(maxsize=4096)
def _units_at(held: Held, model: DensityModel, confidence: float) -> tuple[RankUnits, ...]:
    """Remembered: a search asks for the same tiles again and again."""
    most = model.most_occupancy(held.tile, confidence)
    return tuple(
        RankUnits(float(of.metadata[0]), float(of.payloads[0]), of.metadata_bits, of.payload_bits)
        for of in units_given(held, model, [most])
    )
