"""Statistics of a storage level: energy of its accesses and leakage (buffer.cpp, ComputeBufferEnergy)."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from harness.model.accesses import Accesses
from harness.model.arithmetic import unsigned
from harness.model.basis import LevelBasis, Tensor
from harness.model.performance import LevelPerformance
from harness.model.stats import DataSpaceStats, LevelStats
from harness.model.tiles import Movement
from harness.model.whole import energy_of_level


@dataclass(slots=True)
class UsedLevel:
    """A storage level under a mapping. Lists by tensor; ``instances`` in use on average."""

    basis: LevelBasis
    keep: Set[str]
    movements: list[Movement]
    accesses: list[Accesses]
    expansion: tuple[int, int]
    instances: float

    @property
    def copies(self) -> int:
        """Mapped instances."""
        return self.expansion[0] * self.expansion[1]


def level_stats(
    tensors: Sequence[Tensor], level: UsedLevel, gate: UsedLevel, performance: LevelPerformance, cycles: int
) -> LevelStats:
    """``gate``: the level whose power gate this one shares (itself, if it has its own)."""
    spec, leak = level.basis.spec, level.basis.energy.leak
    per_gate, leaks_per_cycle = _sharing(level, gate)
    leakage = leak * cycles * leaks_per_cycle
    parts = tuple([_tensor_stats(level, i, tensor, performance) for i, tensor in enumerate(tensors)])
    accesses = 0
    for part in parts:
        # Not cut: the product with an average number of instances may lie just below a whole number.
        accesses += round(part.utilized_instances * unsigned(part.reads + part.updates + part.fills))
    return LevelStats(
        name=spec.name,
        cycles=performance.cycles,
        slowdown=performance.slowdown,
        instances=spec.instances,
        utilized_instances=level.instances,
        area_um2=level.basis.area * spec.instances,
        leakage_pj=leakage,
        leaks_per_cycle=leaks_per_cycle,
        leak_energy_per_instance_cycle_pj=leak,
        vector_access_energy_pj=level.basis.energy.vector_access,
        vector_access_energy_source=level.basis.energy.source,
        energy_pj=energy_of_level(parts, leakage),
        accesses=accesses,
        data_spaces=parts,
        instances_sharing_power_gating=per_gate,
        non_power_gated_utilization=max(1.0, level.instances) / leaks_per_cycle,
    )


def _sharing(level: UsedLevel, gate: UsedLevel) -> tuple[float, float]:
    """(instances that share one power gate, instances that leak).

    The latter are those in use, or all that share a power gate with one in use.
    """
    sharing = level.basis.spec.instances / max(gate.basis.spec.instances, 1)
    if sharing > 1:
        return sharing, sharing * max(1.0, gate.instances)
    return 1.0, max(1.0, level.instances)


def _tensor_stats(
    level: UsedLevel, index: int, tensor: Tensor, performance: LevelPerformance
) -> DataSpaceStats:
    spec, energy = level.basis.spec, level.basis.energy
    movement, counts = level.movements[index], level.accesses[index]
    read_bandwidth, write_bandwidth, shared_bandwidth = performance.bandwidths[index]
    used = level.instances
    clusters = min(level.copies, spec.instances // spec.cluster_size)
    block = spec.block_size
    # Whole blocks. An access of a cluster serves all its instances: its energy is shared among them.
    cluster_energy = (
        -(-counts.reads // block) * energy.read
        + -(-counts.fills // block) * energy.fill
        + -(-counts.updates // block) * energy.update
    )
    per_instance = cluster_energy / (level.copies / clusters) if used > 0 else 0.0
    generations = unsigned((counts.updates if tensor.written else counts.reads) + counts.fills)
    generator = spec.addr_gen_energy if spec.addr_gen_energy is not None else -1.0
    per_cluster = generations * generator if generator >= 0 else 0.0
    return DataSpaceStats(
        name=tensor.name,
        kept=tensor.name in level.keep,
        partition_size=movement.partition,
        tile_size=movement.size,
        utilized_capacity=movement.shape,
        utilized_instances=used,
        utilized_clusters=clusters,
        utilized_x_expansion=level.expansion[0],
        utilized_y_expansion=level.expansion[1],
        reads=counts.reads,
        fills=counts.fills,
        updates=counts.updates,
        temporal_reductions=counts.temporal_reductions,
        address_generations=generations,
        read_bandwidth=read_bandwidth,
        write_bandwidth=write_bandwidth,
        shared_bandwidth=shared_bandwidth,
        energy_per_instance_pj=per_instance,
        cluster_access_energy_pj=cluster_energy,
        storage_energy_pj=per_instance * used,
        temporal_reduction_energy_per_instance_pj=0.0,
        temporal_reduction_energy_pj=0.0,
        addr_gen_energy_per_cluster_pj=per_cluster,
        addr_gen_energy_pj=per_cluster * clusters,
    )
