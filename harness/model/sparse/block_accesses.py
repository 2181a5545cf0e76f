"""From accesses of words to accesses of blocks (Timeloop buffer.cpp, ComputeVectorAccesses).

Packed words of a small sparse tile fill its last block only in part. How much that costs is worked out from
the possible occupancies, unless the tile is so large that it does not matter (a table of the reference).
"""

from __future__ import annotations

import math
from functools import lru_cache

from harness.errors import InvalidMapping
from harness.model.arithmetic import unsigned
from harness.model.sparse.cells import Cell, Counts, Frame, Pair
from harness.model.sparse.densities import DensityModel, Tile

_ENOUGH_BLOCKS: dict[int, tuple[int, ...]] = {
    2: (251, 125, 84, 63, 51, 42, 36, 32, 28, 1),
    4: (375, 188, 125, 94, 75, 63, 54, 47, 42, 1),
    8: (438, 219, 146, 110, 88, 73, 63, 55, 49, 1),
    16: (469, 235, 157, 118, 94, 79, 67, 59, 52, 1),
    32: (485, 243, 162, 122, 97, 81, 70, 61, 52, 1),
}
"""By words in a block and tenth of the density: from so many blocks on, partly filled ones do not count."""


def scalar_accesses(cell: Cell) -> dict[str, int]:
    """Accesses of words, conversions included, under the reference's names."""
    found: dict[str, int] = {}
    for kind, counts in _kinds(cell):
        found |= {f"{kind}_read": counts.read, f"{kind}_fill": counts.fill, f"{kind}_update": counts.update}
    return {**found, "decompression_count": cell.decompressions, "compression_count": cell.compressions}


def metadata_accesses(cell: Cell) -> dict[str, list[Pair]]:
    """Accesses of metadata words and payloads, by rank."""
    found: dict[str, list[Pair]] = {}
    for kind, counts in _kinds(cell):
        found |= {
            f"{kind}_metadata_read": counts.metadata_read,
            f"{kind}_metadata_fill": counts.metadata_fill,
            f"{kind}_metadata_update": counts.metadata_update,
        }
    return found


def _kinds(cell: Cell) -> tuple[tuple[str, Counts], ...]:
    return ("random", cell.random), ("gated", cell.gated), ("skipped", cell.skipped)


def metadata_bits(cell: Cell, width: int) -> dict[str, int]:
    """Bits of metadata moved; none where the level has no storage for them."""
    found = {}
    for name, by_rank in metadata_accesses(cell).items():
        found[name] = 0
        if width:
            for units, (metadata, payloads) in zip(cell.expected_metadata, by_rank, strict=False):
                found[name] = unsigned(
                    found[name] + units.metadata_bits * metadata + units.payload_bits * payloads
                )
    return found


def block_accesses(frame: Frame, tensor: int, storage: int) -> dict[str, float]:
    """Accesses of blocks, of words and of metadata, per cluster."""
    cell = frame.cells[tensor][storage]
    block = frame.basis.levels[storage].spec.block_size
    ratio = _partly_filled(frame, tensor, storage)
    found: dict[str, float] = {}
    for name, count in scalar_accesses(cell).items():
        if name.endswith("_count") or count == 0 or cell.shape == 0:
            found[name] = float(count)
        else:
            found[name] = -(-count // block) * ratio
    width = frame.sparse.levels[storage].storage.width
    for name, bits in metadata_bits(cell, width).items():
        found[name] = float(math.ceil(bits / width)) if width else 0.0
    return found


def _partly_filled(frame: Frame, tensor: int, storage: int) -> float:
    """Blocks really needed for one that full blocks would need."""
    cell = frame.cells[tensor][storage]
    block = frame.basis.levels[storage].spec.block_size
    density = cell.expected_density
    if not cell.compressed or block <= 1 or density >= 1.0:
        return 1.0
    if block not in _ENOUGH_BLOCKS:
        raise InvalidMapping(
            f"{frame.level_name(storage)}: compressed tensors need blocks of 1, 2, 4, 8, 16 or 32 words, "
            f"not {block}"
        )
    tenth = int(math.floor(density / 0.1) - 1) if density >= 0.1 else 0
    if _ENOUGH_BLOCKS[block][tenth] <= cell.shape // block or density == 0:
        return 1.0
    return _expected_blocks(frame.models[tensor], cell.tile, cell.shape, block) / (
        cell.shape * density / block
    )


@lru_cache(maxsize=4096)
def _expected_blocks(model: DensityModel, tile: Tile, shape: int, block: int) -> float:
    """Remembered: a search asks for the same tiles again and again."""
    blocks = 0.0
    for words, probability in model.occupancies(tile, 1, shape):
        blocks += math.ceil(words / block) * probability
    return blocks
