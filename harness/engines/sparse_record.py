"""What a result record adds where the hardware has sparse optimisations; plain data, as the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.stats import ArithmeticStats, DataSpaceStats


@dataclass(frozen=True)
class SparseComputes:
    """Operations of all units: all of the computation, and of these the ones that happen, idle (gated, a
    cycle each), are skipped. ``average_instances``: units in use on average."""

    algorithmic: int
    actual: int
    gated: int
    skipped: int
    average_instances: float


@dataclass(frozen=True)
class SparseDataSpace:
    """One data space at one level.

    ``format`` names the ranks from the outermost ("none" without metadata). A tile has ``tile_shape`` words,
    zeros included, and is given room for ``capacity``. ``accesses`` and ``metadata`` are counts per instance
    of words, and of metadata words and payloads of all ranks together: "actual_reads", "gated_reads",
    "skipped_fills" and so on, none that are zero; ``metadata_bits`` are the bits of the latter. ``density``
    and ``occupancy`` (words that are not zero) are expected ones and ``confidence`` is how surely the room
    suffices. The real Timeloop does not tell these: then they are None, and there are no bits.
    """

    format: str
    tile_shape: int
    capacity: int
    accesses: Mapping[str, int]
    metadata: Mapping[str, int]
    density: float | None = None
    occupancy: float | None = None
    confidence: float | None = None
    metadata_bits: Mapping[str, int] = field(default_factory=dict)


_KINDS = (("actual", "random"), ("gated", "gated"), ("skipped", "skipped"))


def sparse_computes(unit: ArithmeticStats) -> SparseComputes | None:
    """None for dense hardware."""
    if unit.average_instances is None:
        return None
    return SparseComputes(
        algorithmic=unit.algorithmic_computes,
        actual=unit.actual_computes,
        gated=unit.gated_computes,
        skipped=unit.skipped_computes,
        average_instances=unit.average_instances,
    )


def sparse_data_space(space: DataSpaceStats) -> SparseDataSpace | None:
    """None for dense hardware."""
    of = space.sparse
    if of is None:
        return None
    accesses: dict[str, int] = {}
    metadata: dict[str, int] = {}
    bits: dict[str, int] = {}
    for action in ("read", "fill", "update"):
        for name, kind in _KINDS:
            count = of.scalar_accesses.get(f"{kind}_{action}", 0)
            if count:
                accesses[f"{name}_{action}s"] = count
            # Where there is no storage for metadata, none are moved.
            if moved := of.metadata_bits.get(f"{kind}_metadata_{action}"):
                bits[f"{name}_{action}s"] = moved
                by_rank = of.metadata_accesses[f"{kind}_metadata_{action}"]
                metadata[f"{name}_{action}s"] = sum(words + payloads for words, payloads in by_rank)
    return SparseDataSpace(
        format=of.format,
        tile_shape=of.tile_shape,
        capacity=space.utilized_capacity,
        accesses=accesses,
        metadata=metadata,
        density=of.expected_density,
        occupancy=of.expected_occupancy,
        confidence=of.confidence,
        metadata_bits=bits,
    )
