"""How much of a level a tile takes, with its metadata, and how surely it fits (overbooking).

A tile of a compressed tensor is given room for as many words as it ever holds. A level that may be overbooked
gives room for what is not exceeded with some confidence, the largest that the tile's share of the level
allows; what exceeds it is read from outside. Source: Timeloop buffer.cpp (ComputeTileOccupancyAndConfidence,
ComputeScalarAccesses).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from harness.errors import InvalidMapping, Unsupported
from harness.model.arithmetic import running_sum
from harness.model.sparse.cells import Cell, Frame, RankUnits
from harness.model.sparse.densities import DensityModel
from harness.model.sparse.metadata import units_at

_ENOUGH_STEPS = 200


@dataclass(slots=True)
class Taken:
    """``words`` and ``metadata_bits`` that a tile is given, and the ``confidence`` that they suffice."""

    words: int = 0
    metadata_bits: int = 0
    confidence: float = 1.0
    metadata: list[RankUnits] = field(default_factory=list)


def take_room(frame: Frame, storage: int) -> list[Taken]:
    """What the tiles at a storage level take, by tensor."""
    cells = [of_tensor[storage] for of_tensor in frame.cells]
    expected = [cell.expected_occupancy if cell.compressed else float(cell.shape) for cell in cells]
    together = running_sum(expected)
    level = frame.basis.levels[storage]
    own = frame.sparse.levels[storage].storage
    found = []
    for cell, model, mine in zip(cells, frame.models, expected, strict=True):
        if cell.format is None:
            found.append(Taken(words=cell.shape))
            continue
        if level.capacity is None or not own.allow_overbooking:
            found.append(_taken(cell, model, 1.0))
            continue
        share = mine / together if together else 1.0
        bits = _metadata_capacity(frame, storage)
        found.append(_overbooked(cell, model, math.ceil(level.capacity * share), math.ceil(bits * share)))
    return found


def _metadata_capacity(frame: Frame, storage: int) -> int:
    own = frame.sparse.levels[storage].storage
    return math.floor(own.bits / frame.basis.levels[storage].spec.multiple_buffering)


def _taken(cell: Cell, model: DensityModel, confidence: float) -> Taken:
    units = units_at(cell, model, confidence)
    return Taken(model.most_occupancy(cell.tile, confidence), _bits(units), confidence, units)


def _bits(units: list[RankUnits]) -> int:
    bits = 0.0
    for rank in units:
        bits += rank.metadata * rank.metadata_bits + rank.payloads * rank.payload_bits
    return math.ceil(bits)


def _overbooked(cell: Cell, model: DensityModel, words: int, bits: int) -> Taken:
    """The largest confidence, to a hundredth, with which the tile keeps to its share of the level."""
    found = _taken(cell, model, 0.0)
    if not (found.words < words and cell.compressed and found.metadata_bits < bits):
        return found
    low, high, steps = 0.0, 1.0, 0
    while found.words == words or found.metadata_bits == bits or high - low > 0.01:
        steps += 1
        if steps > _ENOUGH_STEPS:
            raise Unsupported(
                "a tile fills its share of an overbooked level exactly: Timeloop does not end there"
            )
        middle = 0.5 * (low + high)
        tried = _taken(cell, model, middle)
        if tried.words > words or tried.metadata_bits > bits:
            high = middle
        else:
            low, found = middle, tried
    found.confidence = low
    return found


def check_room(frame: Frame, storage: int, taken: list[Taken]) -> None:
    """Refuse tiles that do not fit, or leave too much of the level empty."""
    level, name = frame.basis.levels[storage], frame.level_name(storage)
    if level.capacity is None:
        return
    words, bits = sum(t.words for t in taken), sum(t.metadata_bits for t in taken)
    overbooking = frame.sparse.levels[storage].storage.allow_overbooking
    metadata = _metadata_capacity(frame, storage)
    least = level.capacity * level.spec.min_utilization
    if words > level.capacity and not overbooking:
        raise InvalidMapping(f"{name}: mapped tile size {words} exceeds buffer capacity {level.capacity}")
    if bits > metadata and not overbooking:
        raise InvalidMapping(
            f"{name}: mapped metadata tile size {bits} exceeds metadata buffer capacity {metadata}"
        )
    if words < least:
        raise InvalidMapping(
            f"{name}: mapped tile size {words} is less than constrained minimum utilization {least:g}"
        )
    if words > level.capacity:
        raise InvalidMapping(
            f"{name}: best tile confidence is less than constrained minimum tile confidence 0"
        )
