"""The evaluation of one mapping, from the loop nest to :class:`Stats`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.errors import InvalidMapping, SpecError, did_you_mean
from harness.model.accesses import Accesses, split_accesses
from harness.model.compat import Artefacts, Compat, artefacts
from harness.model.component_energy import (
    StorageEnergy,
    areas,
    compute_energy,
    storage_energy,
    tables_by_name,
)
from harness.model.loop_nest import LoopNest
from harness.model.nest_analysis import Compute, analyse_compute, analyse_tensor
from harness.model.networks import network_latency, network_stats, supports_distribution
from harness.model.performance import Demand, LevelPerformance, level_performance
from harness.model.stats import ArithmeticStats, DataSpaceStats, LevelStats, Stats
from harness.model.tiles import Movement, collapse
from harness.spec.architecture import Architecture, StorageLevel
from harness.spec.energy import ComponentEnergy
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem


@dataclass(frozen=True, slots=True)
class _Level:
    """One storage level between analysis and statistics. Lists by tensor."""

    spec: StorageLevel
    energy: StorageEnergy
    area: float
    written: list[bool]
    keep: list[bool]
    movements: list[Movement]
    accesses: list[Accesses]
    expansion: tuple[int, int]

    @property
    def copies(self) -> int:
        return self.expansion[0] * self.expansion[1]

    @property
    def instances(self) -> list[float]:
        """Average instances in use."""
        return [float(m.replication) for m in self.movements]


def evaluate(
    architecture: Architecture, problem: Problem, mapping: Mapping, compat: Compat = "timeloop-v4"
) -> Stats:
    """Evaluate ``mapping`` of ``problem`` on ``architecture``.

    Equals Timeloop v4 (integers equal, doubles to 1e-9); with ``compat=None`` the artefacts of
    :mod:`harness.model.compat` are corrected. Energies come from ``architecture.ert``; without one, from
    attributes and Timeloop's built-in estimates (:mod:`harness.model.component_energy`). Raises
    InvalidMapping with the reason when the architecture refuses the mapping.
    """
    marks = artefacts(compat)
    _check_bandwidth_scales(architecture, problem)
    _check_kept_somewhere(problem, mapping)
    nest = LoopNest(architecture, problem, mapping)
    names = [ds.name for ds in problem.data_spaces]
    written = [ds.read_write for ds in problem.data_spaces]
    distribution = supports_distribution(architecture)
    compute = analyse_compute(nest)
    movements = []
    for data_space in problem.data_spaces:
        keep = [data_space.name in level.keep for level in mapping.levels]
        tiles = analyse_tensor(architecture, nest, mapping, data_space)
        movements.append(collapse(tiles, keep, distribution, data_space.name))
    accesses = [split_accesses(m, w, n) for m, w, n in zip(movements, written, names, strict=True)]

    arithmetic = _arithmetic(architecture, nest, compute, marks)
    ert = tables_by_name(architecture)
    _, level_areas = areas(architecture, marks)
    levels = []
    for number, spec in enumerate(architecture.storage):
        level = _Level(
            spec=spec,
            energy=_energy(spec, ert.get(spec.name), marks),
            area=level_areas[number],
            written=written,
            keep=[n in mapping.levels[number].keep for n in names],
            movements=[m[number] for m in movements],
            accesses=[a[number] for a in accesses],
            expansion=nest.expansions[number],
        )
        _refuse_unfit(level)
        levels.append(level)
    performances = [_performance(level, names, arithmetic.cycles) for level in levels]
    busy_cycles = max(arithmetic.cycles, *(p.cycles for p in performances))
    if not marks.compute_does_not_leak:
        arithmetic = _with_leakage(architecture, arithmetic, busy_cycles)
    level_stats = tuple(
        _level_stats(level, names, performance, _sharing(level, levels), busy_cycles)
        for level, performance in zip(levels, performances, strict=True)
    )
    networks = network_stats(architecture, names, written, movements, marks)

    energy = arithmetic.energy_pj
    for stats in level_stats:
        energy += stats.energy_pj
    for network in networks:
        if network.evaluated:
            energy += network.energy_pj
    latency = network_latency(architecture, marks)
    cycles = busy_cycles + latency
    return Stats(
        cycles=cycles,
        energy_pj=energy,
        utilization=arithmetic.actual_computes / architecture.arithmetic.instances / cycles,
        area_um2=arithmetic.area_um2 + sum(stats.area_um2 for stats in level_stats),
        macs=problem.macs,
        actual_computes=arithmetic.actual_computes,
        network_latency_cycles=latency,
        last_level_accesses=level_stats[-1].accesses,
        bound_by=_bound_by(levels, performances, arithmetic.cycles),
        arithmetic=arithmetic,
        levels=level_stats,
        networks=networks,
    )


def _check_bandwidth_scales(architecture: Architecture, problem: Problem) -> None:
    names = [ds.name for ds in problem.data_spaces]
    for level in architecture.storage:
        for name, _ in level.bandwidth_scale:
            if name not in names:
                raise SpecError(
                    f"{level.name}: per_dataspace_bandwidth_consumption_scale names an unknown data space "
                    f"'{name}'",
                    hint=did_you_mean(name, names),
                )


def _check_kept_somewhere(problem: Problem, mapping: Mapping) -> None:
    for data_space in problem.data_spaces:
        if not any(data_space.name in level.keep for level in mapping.levels):
            raise InvalidMapping(f"{data_space.name} is bypassed in all storage levels")


def _energy(spec: StorageLevel, table: ComponentEnergy | None, marks: Artefacts) -> StorageEnergy:
    energy = storage_energy(spec, table)
    if spec.class_name == "dummy_storage" and not marks.dummy_levels_leak:
        return replace(energy, leak=0.0)
    return energy


def _arithmetic(
    architecture: Architecture, nest: LoopNest, compute: Compute, marks: Artefacts
) -> ArithmeticStats:
    """Refuse a mapping that needs more units than there are, count operations, cycles and energy."""
    unit = architecture.arithmetic
    x, y = nest.expansions[-1]
    for kind, wanted, available in (
        ("instances", x * y, unit.instances),
        ("X expansion", x, unit.mesh_x),
        ("Y expansion", y, unit.mesh_y),
    ):
        if wanted > available:
            raise InvalidMapping(
                f"{unit.name}: mapped max Arithmetic {kind} {wanted} exceeds hardware instances {available}"
            )
    table = tables_by_name(architecture).get(unit.name)
    computes = int(compute.operations_per_unit * compute.units)
    cycles = nest.temporal_iterations if nest.imperfect else math.ceil(computes / compute.units)
    area, _ = areas(architecture, marks)
    return ArithmeticStats(
        name=unit.name,
        instances=unit.instances,
        utilized_instances=x * y,
        utilized_x_expansion=x,
        utilized_y_expansion=y,
        cycles=cycles,
        algorithmic_computes=computes,
        actual_computes=computes,
        energy_pj=computes * compute_energy(unit, table).operation,
        area_um2=area * unit.instances,
        compute_energy_pj=compute_energy(unit, table).operation,
    )


def _with_leakage(architecture: Architecture, stats: ArithmeticStats, cycles: int) -> ArithmeticStats:
    table = tables_by_name(architecture).get(architecture.arithmetic.name)
    leak = compute_energy(architecture.arithmetic, table).leak * cycles * stats.utilized_instances
    return replace(stats, energy_pj=stats.energy_pj + leak, leakage_pj=leak)


def _refuse_unfit(level: _Level) -> None:
    """Capacity, least utilisation, instances and mesh of one level (buffer.cpp, ComputeScalarAccesses)."""
    spec, name = level.spec, level.spec.name
    words = sum(m.shape for m in level.movements)
    capacity = spec.effective_size_words
    if capacity is not None:
        if words > capacity:
            raise InvalidMapping(f"{name}: mapped tile size {words} exceeds buffer capacity {capacity}")
        least = capacity * spec.min_utilization
        if words < least:
            raise InvalidMapping(
                f"{name}: mapped tile size {words} is less than constrained minimum utilization {least:g}"
            )
    x, y = level.expansion
    for kind, wanted, available in (
        ("instances", max(level.instances), spec.instances),
        ("X expansion", x, spec.mesh_x),
        ("Y expansion", y, spec.mesh_y),
    ):
        if wanted > available:
            raise InvalidMapping(
                f"{name}: mapped {kind} {wanted:g} exceeds available hardware instances {available}"
            )


def _performance(level: _Level, names: list[str], compute_cycles: int) -> LevelPerformance:
    demands = [
        Demand(name, counts, instances, level.copies)
        for name, counts, instances in zip(names, level.accesses, level.instances, strict=True)
    ]
    return level_performance(level.spec, demands, compute_cycles)


def _sharing(level: _Level, levels: list[_Level]) -> tuple[float, float]:
    """(instances that share one power gate, instances that leak).

    The latter are those in use, or all that share a power gate with one in use.
    """
    gate_name = level.spec.power_gated_at or level.spec.name
    gate = next(other for other in levels if other.spec.name == gate_name)
    sharing = level.spec.instances / max(gate.spec.instances, 1)
    if sharing > 1:
        return sharing, sharing * max(1.0, *gate.instances)
    return 1.0, max(1.0, *level.instances)


def _level_stats(
    level: _Level, names: list[str], performance: LevelPerformance, sharing: tuple[float, float], cycles: int
) -> LevelStats:
    spec, leak = level.spec, level.energy.leak
    per_gate, leaks_per_cycle = sharing
    leakage = leak * cycles * leaks_per_cycle
    tensors = tuple(_tensor_stats(level, i, name, performance) for i, name in enumerate(names))
    energy = 0.0
    for t in tensors:
        energy += (
            t.storage_energy_pj
            + t.temporal_reduction_energy_pj
            + t.addr_gen_energy_pj
            + leakage / len(tensors)
        )
    return LevelStats(
        name=spec.name,
        cycles=performance.cycles,
        slowdown=performance.slowdown,
        instances=spec.instances,
        utilized_instances=max(level.instances),
        area_um2=level.area * spec.instances,
        leakage_pj=leakage,
        leaks_per_cycle=leaks_per_cycle,
        leak_energy_per_instance_cycle_pj=leak,
        vector_access_energy_pj=level.energy.vector_access,
        vector_access_energy_source=level.energy.source,
        energy_pj=energy,
        accesses=sum(int(t.utilized_instances * (t.reads + t.updates + t.fills)) for t in tensors),
        data_spaces=tensors,
        instances_sharing_power_gating=per_gate,
        non_power_gated_utilization=max(1.0, *level.instances) / leaks_per_cycle,
    )


def _tensor_stats(level: _Level, index: int, name: str, performance: LevelPerformance) -> DataSpaceStats:
    spec, energy = level.spec, level.energy
    movement, counts = level.movements[index], level.accesses[index]
    read_bandwidth, write_bandwidth, shared_bandwidth = performance.bandwidths[index]
    used = float(movement.replication)
    clusters = min(level.copies, spec.instances // spec.cluster_size)

    def blocks(words: int) -> int:
        return -(-words // spec.block_size)

    # A block access of a cluster serves all its instances: its energy is shared among them.
    cluster_energy = (
        blocks(counts.reads) * energy.read
        + blocks(counts.fills) * energy.fill
        + blocks(counts.updates) * energy.update
    )
    per_instance = cluster_energy / (level.copies / clusters) if used > 0 else 0.0
    generations = (counts.updates if level.written[index] else counts.reads) + counts.fills
    generator = spec.addr_gen_energy if spec.addr_gen_energy is not None else -1.0
    per_cluster = generations * generator if generator >= 0 else 0.0
    return DataSpaceStats(
        name=name,
        kept=level.keep[index],
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


def _bound_by(levels: list[_Level], performances: list[LevelPerformance], compute_cycles: int) -> str:
    """What sets the cycles: "compute" or "<level>.<read|write|shared>"."""
    slowest, bound = compute_cycles, "compute"
    for level, performance in zip(levels, performances, strict=True):
        if performance.cycles > slowest and performance.limit is not None:
            slowest, bound = performance.cycles, f"{level.spec.name}.{performance.limit}"
    return bound
