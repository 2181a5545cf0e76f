"""The parts of ``stats.txt`` that tell of gating, skipping and formats, where the hardware has any of them.

As :mod:`harness.report.timeloop_stats`, which takes these in the place of its own, they follow the print
functions of NVlabs/timeloop 4cf6d4c (arithmetic.cpp, buffer.cpp), slips included: the share of data in a
bandwidth is 1 minus a hundred times that of metadata, and one bracket stays open.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.stats import ArithmeticStats, DataSpaceStats, LevelStats, SparseStats
from harness.report.timeloop_numbers import (
    fixed,
    optional_fixed,
    optional_integer,
    percent,
    quotient,
)
from harness.spec.architecture import StorageLevel
from harness.spec.sparse import MetadataStorage

_INDENT = "    "
_TWO_TO_64 = 2**64


def compute_stats(figures: ArithmeticStats) -> Iterator[str]:
    """What a unit does on average, and which of its operations idle or are skipped."""
    average = figures.average_instances
    for label, value in (
        ("Utilized instances (max)", str(figures.utilized_instances)),
        ("Utilized instances (average)", optional_integer(None if average is None else int(average))),
        ("Cycles", str(figures.cycles)),
        ("Algorithmic Computes (total)", str(figures.algorithmic_computes)),
        ("Actual Computes (total)", str(figures.actual_computes)),
        ("Gated Computes (total)", str(figures.gated_computes)),
        ("Skipped Computes (total)", str(figures.skipped_computes)),
        ("Energy (total)", f"{fixed(figures.energy_pj)} pJ"),
        ("Area (total)", f"{fixed(figures.area_um2)} um^2"),
    ):
        yield f"{_INDENT}{label:<28} : {value}"
    yield ""
    yield ""


def storage_specs(level: StorageLevel, metadata: MetadataStorage, figures: LevelStats) -> Iterator[str]:
    """``metadata``: the level's storage for them."""
    energies = next(space.sparse.operation_energies_pj for space in figures.data_spaces if space.sparse)
    for label, value in (
        ("Technology", level.technology),
        ("Data storage size", optional_integer(level.size_words)),
        ("Data word bits", str(level.word_bits)),
        ("Data block size", str(level.block_size)),
        ("Metadata storage width(bits)", str(metadata.width)),
        ("Metadata storage depth", optional_integer(metadata.depth)),
        ("Cluster size", str(level.cluster_size)),
        ("Instances", f"{level.instances} ({level.mesh_x}*{level.mesh_y})"),
        ("Shared bandwidth", optional_fixed(level.shared_bandwidth)),
        ("Read bandwidth", optional_fixed(level.read_bandwidth)),
        ("Write bandwidth", optional_fixed(level.write_bandwidth)),
        ("Multiple buffering", fixed(level.multiple_buffering)),
        ("Effective data storage size", optional_integer(level.effective_size_words)),
        ("Min utilization", fixed(level.min_utilization)),
        ("Vector read energy", f"{fixed(energies['random_read'])} pJ"),
        ("Vector write energy", f"{fixed(energies['random_fill'])} pJ"),
        ("Vector metadata read energy", f"{fixed(energies['random_metadata_read'])} pJ"),
        ("Vector metadata write energy", f"{fixed(energies['random_metadata_fill'])} pJ"),
        ("(De)compression energy", f"{fixed(energies['decompression_count'])} pJ"),
        ("Per-instance-cycle leakage", f"{fixed(figures.leak_energy_per_instance_cycle_pj)} pJ"),
        ("Instances sharing power gating", fixed(figures.instances_sharing_power_gating)),
        ("Non-power-gated utilization", percent(figures.non_power_gated_utilization)),
        ("Leakage energy (total)", f"{fixed(figures.leakage_pj)} pJ"),
        ("Area", f"{fixed(quotient(figures.area_um2, figures.instances))} um^2"),
    ):
        yield f"{_INDENT * 2}{label:<31} : {value}"


def data_space(figures: DataSpaceStats, of: SparseStats, word_bits: int, scale: float) -> Iterator[str]:
    """``of``: the sparse figures of the data space; ``scale`` of the bandwidth it takes."""
    yield f"{_INDENT}{figures.name}:"
    yield _row("Partition size", figures.partition_size)
    yield _row("Tile density distribution", of.density_distribution)
    yield _row("Data tile shape", of.tile_shape)
    yield _row("Max utilized data storage capacity", figures.utilized_capacity)
    yield from _format(of)
    yield _row("Utilized instances (max)", figures.utilized_x_expansion * figures.utilized_y_expansion)
    yield _row("Utilized instances (average)", fixed(figures.utilized_instances))
    yield _row("Utilized clusters (max)", int(figures.utilized_clusters))
    yield from _scalar_accesses(figures, of)
    if of.format != "none":
        yield from _metadata_accesses(of)
    yield from _energies(figures, of)
    yield _row("Bandwidth Consumption Scale", fixed(scale))
    yield from _bandwidths(figures, of, word_bits)


def _row(label: str, value: object) -> str:
    return f"{_INDENT * 2}{label:<59} : {value}"


def _format(of: SparseStats) -> Iterator[str]:
    # Timeloop writes a blank after every rank.
    yield _row("Representation format", "none" if of.format == "none" else of.format + " ")
    label = "Max utilized Repr format storage capacity"
    if of.format == "none":
        yield _row(label, 0)
        return
    yield f"{_INDENT * 2}{label:<59} "
    for rank in reversed(range(len(of.metadata_tile_size))):
        metadata, payload = of.metadata_tile_size[rank]
        yield f"{_INDENT * 3}Rank {rank} (metadata, payload): ({metadata}, {payload})"


_KINDS = (("Actual", "random"), ("Gated", "gated"), ("Skipped", "skipped"))


def _scalar_accesses(figures: DataSpaceStats, of: SparseStats) -> Iterator[str]:
    for action, algorithmic in (
        ("read", figures.reads),
        ("fill", figures.fills),
        ("update", figures.updates),
    ):
        yield _row(f"Algorithmic scalar {action}s (per-instance)", algorithmic)
        for shown, kind in _KINDS:
            count = of.scalar_accesses.get(f"{kind}_{action}", 0)
            yield _row(f"{shown} scalar {action}s (per-instance)", count % _TWO_TO_64)


def _metadata_accesses(of: SparseStats) -> Iterator[str]:
    for action in ("read", "fill", "update"):
        for shown, kind in _KINDS:
            label, name = f"{shown} scalar format {action}s (per-instance)", f"{kind}_metadata_{action}"
            if not of.metadata_bits.get(name, 0):
                yield _row(label, 0)
                continue
            yield f"{_INDENT * 2}{label:<59} "
            by_rank = of.metadata_accesses[name]
            for rank in reversed(range(len(by_rank))):
                metadata, payload = by_rank[rank]
                yield f"{_INDENT * 3}Rank {rank} (metadata, payload): ({metadata},  {payload})"


def _energies(figures: DataSpaceStats, of: SparseStats) -> Iterator[str]:
    actual = sum(of.scalar_accesses.get(f"random_{action}", 0) for action in ("read", "fill", "update"))
    per_access = quotient(figures.energy_per_instance_pj, actual % _TWO_TO_64)
    reduction, generation = (
        figures.temporal_reduction_energy_per_instance_pj,
        figures.addr_gen_energy_per_cluster_pj,
    )
    yield _row("Temporal reductions (per-instance)", figures.temporal_reductions)
    yield _row("Address generations (per-cluster)", figures.address_generations)
    for label, pj in (
        ("Energy (per-scalar-access)", per_access if figures.utilized_instances > 0 else 0.0),
        ("Energy (per-instance)", figures.energy_per_instance_pj),
        ("Energy (total)", figures.storage_energy_pj),
        ("Temporal Reduction Energy (per-instance)", reduction),
        ("Temporal Reduction Energy (total)", figures.temporal_reduction_energy_pj),
        ("Address Generation Energy (per-cluster)", generation),
        ("Address Generation Energy (total)", figures.addr_gen_energy_pj),
    ):
        yield _row(label, f"{fixed(pj)} pJ")


def _bandwidths(figures: DataSpaceStats, of: SparseStats, word_bits: int) -> Iterator[str]:
    """Average ones with the share of metadata; totals are of all instances that are ever in use."""
    words, bits, most = of.scalar_accesses, of.metadata_bits, figures.utilized_x_expansion
    most *= figures.utilized_y_expansion

    def moved(*actions: str) -> tuple[int, int]:
        """(words, bits of metadata) that take bandwidth."""
        names = [(kind, action) for kind in ("random", "gated") for action in actions]
        return (
            sum(words.get(f"{kind}_{action}", 0) for kind, action in names),
            sum(bits.get(f"{kind}_metadata_{action}", 0) for kind, action in names),
        )

    reads, writes = moved("read"), moved("fill", "update")
    read, written = (words + bits // word_bits for words, bits in (reads, writes))
    for name, bandwidth, metadata, total, bracket in (
        ("Shared", figures.shared_bandwidth, reads[1] + writes[1], read + written, ""),
        ("Read", figures.read_bandwidth, reads[1], read, ")"),
        ("Write", figures.write_bandwidth, writes[1], written, ")"),
    ):
        # Counts that a slip of the reference sends below zero come right again in a sum: they are unsigned.
        whole = total % _TWO_TO_64
        share = metadata // word_bits / whole if whole else 0.0
        yield _row(f"Average {name} Bandwidth (per-instance)", f"{fixed(bandwidth)} words/cycle")
        data = fixed(1 - share * 100.0) + "%"
        yield f"{_INDENT * 3}Breakdown (Data, Format): ({data}, {percent(share)}{bracket}"
        yield _row(f"{name} Bandwidth (total)", f"{fixed(bandwidth * most)} words/cycle")
