"""Cycles, energy and statistics of the storage levels (Timeloop buffer.cpp, topology.cpp)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.model.arithmetic import unsigned
from harness.model.basis import LevelBasis
from harness.model.performance import LevelPerformance, slowdown_of
from harness.model.sparse.block_accesses import (
    block_accesses,
    metadata_accesses,
    metadata_bits,
    scalar_accesses,
)
from harness.model.sparse.capacity import Taken
from harness.model.sparse.cells import Cell, Frame, Pair
from harness.model.sparse.energies import STORAGE_ACTIONS
from harness.model.stats import DataSpaceStats, LevelStats, SparseStats
from harness.model.whole import energy_of_level

_READS_FROM_OUTSIDE = ("random_read", "random_metadata_read")


@dataclass(slots=True)
class SparseLevelUse:
    """A storage level under a mapping. Lists by tensor; ``energies`` and ``overflow`` by operation."""

    basis: LevelBasis
    cells: list[Cell]
    taken: list[Taken]
    blocks: list[dict[str, float]]
    energies: dict[str, float]
    cluster_energy: list[float]
    overflow_energy: list[float]
    overflow: list[dict[str, float]]

    @property
    def most_instances(self) -> float:
        return max(cell.instances for cell in self.cells)


def level_use(frame: Frame, storage: int, taken: list[Taken], energies: dict[str, float]) -> SparseLevelUse:
    """The accesses of blocks and what they cost, before anything is read from outside for want of room."""
    blocks = [block_accesses(frame, tensor, storage) for tensor in range(len(frame.tensors))]
    cluster = []
    for of_tensor, took in zip(blocks, taken, strict=True):
        energy = 0.0
        for operation in STORAGE_ACTIONS:
            energy += of_tensor[operation] * energies[operation] * took.confidence
        cluster.append(energy)
    return SparseLevelUse(
        basis=frame.basis.levels[storage],
        cells=[of_tensor[storage] for of_tensor in frame.cells],
        taken=taken,
        blocks=blocks,
        energies=energies,
        cluster_energy=cluster,
        overflow_energy=[0.0] * len(cluster),
        overflow=[{} for _ in cluster],
    )


def charge_overflow(levels: list[SparseLevelUse]) -> None:
    """What a tile has no room for is read from the level outside instead."""
    for level in levels:
        for tensor, took in enumerate(level.taken):
            parent = level.cells[tensor].parent
            if took.confidence == 1.0 or parent is None:
                continue
            outside = levels[parent]
            for operation in _READS_FROM_OUTSIDE:
                pj = level.blocks[tensor][operation] * outside.energies[operation] * (1 - took.confidence)
                outside.overflow_energy[tensor] += pj
                so_far = outside.overflow[tensor].get(operation, 0.0)
                outside.overflow[tensor][operation] = so_far + pj
    for level in levels:
        for tensor, pj in enumerate(level.overflow_energy):
            level.cluster_energy[tensor] += pj


def sparse_performance(frame: Frame, storage: int, compute_cycles: int) -> LevelPerformance:
    """As for dense tensors; gated accesses take their time, skipped ones do not, metadata are words too."""
    level = frame.basis.levels[storage]
    word, width = level.spec.word_bits, frame.sparse.levels[storage].storage.width
    reads, writes = [], []
    for of_tensor, factor in zip(frame.cells, level.scales, strict=True):
        cell = of_tensor[storage]
        words, bits = scalar_accesses(cell), metadata_bits(cell, width)
        read = words["random_read"] + words["gated_read"]
        write = sum(
            words[f"{kind}_{action}"] for kind in ("random", "gated") for action in ("fill", "update")
        )
        moved_out = bits["random_metadata_read"] + bits["gated_metadata_read"]
        moved_in = sum(
            bits[f"{kind}_metadata_{act}"] for kind in ("random", "gated") for act in ("fill", "update")
        )
        read += unsigned(moved_out) // word
        write += unsigned(moved_in) // word
        read, write = unsigned(read), unsigned(write)
        x, y = cell.expansion
        spread = x * y / cell.instances if cell.instances else math.inf
        reads.append(math.ceil(read / spread) / compute_cycles * factor)
        writes.append(math.ceil(write / spread) / compute_cycles * factor)
    slowdown, limit, cycles = slowdown_of(level.spec, reads, writes, compute_cycles)
    return LevelPerformance(
        cycles=cycles,
        slowdown=slowdown,
        bandwidths=tuple(
            (slowdown * r, slowdown * w, slowdown * (r + w)) for r, w in zip(reads, writes, strict=True)
        ),
        limit=limit,
    )


def sparse_level_stats(
    frame: Frame,
    storage: int,
    *,
    level: SparseLevelUse,
    gate: SparseLevelUse,
    performance: LevelPerformance,
    cycles: int,
) -> LevelStats:
    """``gate``: the level whose power gate this one shares (itself, if it has its own)."""
    spec, leak = level.basis.spec, level.basis.energy.leak
    most = max(1.0, level.most_instances)
    per_gate = spec.instances / max(gate.basis.spec.instances, 1)
    leaks = per_gate * max(1.0, gate.most_instances) if per_gate > 1 else most
    leakage = leak * cycles * leaks
    parts = tuple(_tensor(frame, storage, level, n, performance) for n in range(len(frame.tensors)))
    accesses = 0
    for part in parts:
        accesses += int(part.utilized_instances * (part.reads + part.updates + part.fills))
    return LevelStats(
        name=spec.name,
        cycles=performance.cycles,
        slowdown=performance.slowdown,
        instances=spec.instances,
        utilized_instances=level.most_instances,
        area_um2=level.basis.area * spec.instances,
        leakage_pj=leakage,
        leaks_per_cycle=leaks,
        leak_energy_per_instance_cycle_pj=leak,
        vector_access_energy_pj=level.basis.energy.vector_access,
        vector_access_energy_source=level.basis.energy.source,
        energy_pj=energy_of_level(parts, leakage),
        accesses=accesses,
        data_spaces=parts,
        instances_sharing_power_gating=per_gate if per_gate > 1 else 1.0,
        non_power_gated_utilization=most / leaks,
    )


def _tensor(
    frame: Frame, storage: int, level: SparseLevelUse, number: int, performance: LevelPerformance
) -> DataSpaceStats:
    spec, tensor, cell = level.basis.spec, frame.tensors[number], level.cells[number]
    words = scalar_accesses(cell)
    served = "update" if tensor.written else "read"
    generations = unsigned(
        sum(words[f"{kind}_{action}"] for action in (served, "fill") for kind in ("random", "gated"))
    )
    generator = spec.addr_gen_energy if spec.addr_gen_energy is not None else -1.0
    per_cluster = generations * generator if generator >= 0 else 0.0
    copies = cell.expansion[0] * cell.expansion[1]
    clusters = min(copies, spec.instances // spec.cluster_size)
    cluster_energy = level.cluster_energy[number]
    used = cell.instances > 0 and clusters > 0
    per_instance = cluster_energy / (copies / clusters) if used else 0.0
    read_bandwidth, write_bandwidth, shared_bandwidth = performance.bandwidths[number]
    return DataSpaceStats(
        name=tensor.name,
        kept=tensor.name in frame.mapping.levels[storage].keep,
        partition_size=cell.movement.partition,
        tile_size=cell.movement.size,
        utilized_capacity=level.taken[number].words,
        utilized_instances=cell.instances,
        utilized_clusters=clusters,
        utilized_x_expansion=cell.expansion[0],
        utilized_y_expansion=cell.expansion[1],
        reads=cell.accesses.reads,
        fills=cell.accesses.fills,
        updates=cell.accesses.updates,
        temporal_reductions=int(cell.temporal_reductions),
        address_generations=generations,
        read_bandwidth=read_bandwidth,
        write_bandwidth=write_bandwidth,
        shared_bandwidth=shared_bandwidth,
        energy_per_instance_pj=per_instance,
        cluster_access_energy_pj=cluster_energy,
        storage_energy_pj=per_instance * cell.instances,
        temporal_reduction_energy_per_instance_pj=0.0,
        temporal_reduction_energy_pj=0.0,
        addr_gen_energy_per_cluster_pj=per_cluster,
        addr_gen_energy_pj=per_cluster * clusters,
        sparse=_sparse(frame, storage, level, number),
    )


def _sparse(frame: Frame, storage: int, level: SparseLevelUse, number: int) -> SparseStats:
    cell, took = level.cells[number], level.taken[number]
    width = frame.sparse.levels[storage].storage.width
    metadata: dict[str, tuple[Pair, ...]] = {
        name: tuple(by_rank) for name, by_rank in metadata_accesses(cell).items() if any(map(any, by_rank))
    }
    return SparseStats(
        tile_shape=cell.shape,
        density_distribution=frame.models[number].name,
        format=_format(cell),
        compressed=cell.compressed,
        expected_density=cell.expected_density if cell.shape else 0.0,
        expected_occupancy=cell.expected_occupancy,
        confidence=took.confidence,
        metadata_tile_size=tuple((math.ceil(u.metadata), math.ceil(u.payloads)) for u in took.metadata),
        metadata_tile_bits=took.metadata_bits,
        scalar_accesses={name: count for name, count in scalar_accesses(cell).items() if count},
        metadata_accesses=metadata,
        metadata_bits={name: bits for name, bits in metadata_bits(cell, width).items() if bits},
        block_accesses={name: count for name, count in level.blocks[number].items() if count},
        operation_energies_pj=level.energies,
        overflow_energies_pj=level.overflow[number],
    )


def _format(cell: Cell) -> str:
    """The ranks from the outermost, ``none`` without metadata."""
    return "none" if cell.format is None else " ".join(rank.format for rank in reversed(cell.format.ranks))
