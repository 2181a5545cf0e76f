"""``timeloop-mapper.stats.txt`` in today's Timeloop format (fJ/Compute).

Follows the print functions of NVlabs/timeloop 4cf6d4c: ``ArithmeticUnits::Print`` (arithmetic.cpp),
``BufferLevel::Print`` (buffer.cpp), the three ``*Network::Print`` and ``operator << (Topology)``
(topology.cpp). Levels and networks without any access and energy are left out, as the reference does
unless told otherwise. One line differs on purpose: ``Area`` is the true sum, the reference prints 0.00.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.stats import (
    ArithmeticStats,
    DataSpaceStats,
    LevelStats,
    NetworkDataSpaceStats,
    NetworkStats,
    Stats,
)
from harness.report import timeloop_sparse
from harness.report.timeloop_numbers import (
    fixed,
    optional_fixed,
    optional_integer,
    percent,
    quotient,
    scientific,
    single,
    single_quotient,
)
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.problem import Problem
from harness.spec.sparse import MetadataStorage

_INDENT = "    "
_TWO_TO_64 = 2**64
_PJ_PER_UJ = 1_000_000
_UM2_PER_MM2 = 1_000_000


def stats_text(architecture: Architecture, problem: Problem, stats: Stats) -> str:
    """The whole file for one evaluated mapping."""
    lines: list[str] = []
    lines += _levels(architecture, stats)
    lines += _networks(stats)
    lines += _operational_intensity(architecture, problem, stats)
    lines += _summary(problem, stats)
    return "\n".join(lines) + "\n\n"


def _levels(architecture: Architecture, stats: Stats) -> Iterator[str]:
    yield from _title("Buffer and Arithmetic Levels")
    # The reference counts no accesses of arithmetic: it is shown for its energy only.
    if stats.arithmetic.energy_pj != 0:
        yield from _underlined("Level 0", "-------")
        yield from _arithmetic(architecture.arithmetic, stats.arithmetic)
    sparse = architecture.sparse
    for number, (level, figures) in enumerate(zip(architecture.storage, stats.levels, strict=True)):
        if figures.accesses == 0 and figures.energy_pj == 0:
            continue
        yield from _underlined(f"Level {number + 1}", "-------")
        yield from _storage(level, figures, None if sparse is None else sparse.levels[number].storage)


def _title(text: str) -> Iterator[str]:
    yield from _underlined(text, "-" * len(text))


def _underlined(text: str, rule: str) -> Iterator[str]:
    yield text
    yield rule


def _arithmetic(level: ArithmeticLevel, figures: ArithmeticStats) -> Iterator[str]:
    yield f"=== {figures.name} ==="
    yield ""
    yield f"{_INDENT}SPECS"
    yield f"{_INDENT}-----"
    yield f"{_INDENT}Word bits             : {level.word_bits}"
    yield f"{_INDENT}Instances             : {level.instances} ({level.mesh_x}*{level.mesh_y})"
    yield f"{_INDENT}Compute energy        : {fixed(figures.compute_energy_pj)} pJ"
    yield ""
    yield f"{_INDENT}STATS"
    yield f"{_INDENT}-----"
    if figures.average_instances is not None:
        yield from timeloop_sparse.compute_stats(figures)
        return
    yield f"{_INDENT}Utilized instances      : {figures.utilized_instances}"
    yield f"{_INDENT}Computes (total)        : {figures.actual_computes}"
    yield f"{_INDENT}Cycles                  : {figures.cycles}"
    yield f"{_INDENT}Energy (total)          : {fixed(figures.energy_pj)} pJ"
    yield f"{_INDENT}Area (total)            : {fixed(figures.area_um2)} um^2"
    yield ""


def _storage(level: StorageLevel, figures: LevelStats, metadata: MetadataStorage | None) -> Iterator[str]:
    """``metadata``: the level's storage for them, None where nothing is sparse."""
    yield f"=== {figures.name} ==="
    yield ""
    yield f"{_INDENT}SPECS"
    yield f"{_INDENT}-----"
    if metadata is None:
        yield from _storage_specs(level, figures)
    else:
        yield from timeloop_sparse.storage_specs(level, metadata, figures)
    yield ""
    yield f"{_INDENT}STATS"
    yield f"{_INDENT}-----"
    yield f"{_INDENT}Cycles               : {figures.cycles}"
    yield f"{_INDENT}Bandwidth throttling : {fixed(figures.slowdown)}"
    scale = dict(level.bandwidth_scale)
    for space in figures.data_spaces:
        if not space.kept:
            continue
        taken = scale.get(space.name, 1.0)
        if space.sparse is None:
            yield from _data_space(space, taken)
        else:
            yield from timeloop_sparse.data_space(space, space.sparse, level.word_bits, taken)
    yield ""


def _storage_specs(level: StorageLevel, figures: LevelStats) -> Iterator[str]:
    for label, value in (
        ("Technology", level.technology),
        ("Size", optional_integer(level.size_words)),
        ("Word bits", str(level.word_bits)),
        ("Block size", str(level.block_size)),
        ("Cluster size", str(level.cluster_size)),
        ("Instances", f"{level.instances} ({level.mesh_x}*{level.mesh_y})"),
        ("Shared bandwidth", optional_fixed(level.shared_bandwidth)),
        ("Read bandwidth", optional_fixed(level.read_bandwidth)),
        ("Write bandwidth", optional_fixed(level.write_bandwidth)),
        ("Multiple buffering", fixed(level.multiple_buffering)),
        ("Effective size", optional_integer(level.effective_size_words)),
        ("Min utilization", fixed(level.min_utilization)),
        ("Vector access energy", f"{fixed(figures.vector_access_energy_pj)} pJ"),
        ("Vector access energy source", figures.vector_access_energy_source),
        ("Per-instance-cycle leakage", f"{fixed(figures.leak_energy_per_instance_cycle_pj)} pJ"),
        ("Instances sharing power gating", fixed(figures.instances_sharing_power_gating)),
        ("Non-power-gated utilization", percent(figures.non_power_gated_utilization)),
        ("Leakage energy (total)", f"{fixed(figures.leakage_pj)} pJ"),
        ("Area", f"{fixed(quotient(figures.area_um2, figures.instances))} um^2"),
    ):
        yield f"{_INDENT * 2}{label:<31} : {value}"


def _data_space(figures: DataSpaceStats, bandwidth_scale: float) -> Iterator[str]:
    accesses = (figures.reads + figures.fills + figures.updates) % _TWO_TO_64
    instances = figures.utilized_instances
    yield f"{_INDENT}{figures.name}:"
    for label, value in (
        ("Partition size", str(figures.partition_size)),
        ("Utilized capacity", str(figures.utilized_capacity)),
        ("Utilized instances (max)", str(int(instances))),
        ("Utilized clusters (max)", str(int(figures.utilized_clusters))),
        ("Scalar reads (per-instance)", str(figures.reads)),
        ("Scalar fills (per-instance)", str(figures.fills)),
        ("Scalar updates (per-instance)", str(figures.updates)),
        ("Temporal reductions (per-instance)", str(figures.temporal_reductions)),
        ("Address generations (per-cluster)", str(figures.address_generations)),
        (
            "Energy (per-scalar-access)",
            f"{fixed(quotient(figures.energy_per_instance_pj, accesses) if instances > 0 else 0.0)} pJ",
        ),
        ("Energy (per-instance)", f"{fixed(figures.energy_per_instance_pj)} pJ"),
        ("Energy (total)", f"{fixed(figures.storage_energy_pj)} pJ"),
        (
            "Temporal Reduction Energy (per-instance)",
            f"{fixed(figures.temporal_reduction_energy_per_instance_pj)} pJ",
        ),
        ("Temporal Reduction Energy (total)", f"{fixed(figures.temporal_reduction_energy_pj)} pJ"),
        ("Address Generation Energy (per-cluster)", f"{fixed(figures.addr_gen_energy_per_cluster_pj)} pJ"),
        ("Address Generation Energy (total)", f"{fixed(figures.addr_gen_energy_pj)} pJ"),
        ("Bandwidth Consumption Scale", fixed(bandwidth_scale)),
        ("Shared Bandwidth (per-instance)", f"{fixed(figures.shared_bandwidth)} words/cycle"),
        ("Shared Bandwidth (total)", f"{fixed(figures.shared_bandwidth * instances)} words/cycle"),
        ("Read Bandwidth (per-instance)", f"{fixed(figures.read_bandwidth)} words/cycle"),
        ("Read Bandwidth (total)", f"{fixed(figures.read_bandwidth * instances)} words/cycle"),
        ("Write Bandwidth (per-instance)", f"{fixed(figures.write_bandwidth)} words/cycle"),
        ("Write Bandwidth (total)", f"{fixed(figures.write_bandwidth * instances)} words/cycle"),
    ):
        yield f"{_INDENT * 2}{label:<40} : {value}"


def _shown_networks(stats: Stats) -> list[NetworkStats]:
    """The networks that cost energy, in the order of their names (the reference keeps them in a map)."""
    return sorted((n for n in stats.networks if n.energy_pj != 0), key=lambda n: n.name)


def _networks(stats: Stats) -> Iterator[str]:
    yield from _title("Networks")
    for number, network in enumerate(_shown_networks(stats)):
        yield from _underlined(f"Network {number}", "---------")
        yield network.name
        yield ""
        if network.type == "SimpleMulticast":
            yield from _simple_multicast(network)
        elif network.type == "ReductionTree":
            yield from _reduction_tree(network)
        else:
            yield from _legacy_network(network)
        yield ""
    yield ""


def _network_heading(network: NetworkStats) -> Iterator[str]:
    yield f"{_INDENT}SPECS"
    yield f"{_INDENT}-----"
    yield f"{_INDENT * 2}Type            : {network.type}"
    if network.type not in ("SimpleMulticast", "ReductionTree"):
        yield f"{_INDENT * 2}Legacy sub-type : {network.legacy_subtype}"
    yield f"{_INDENT * 2}ConnectionType  : {network.connection_type}"
    yield f"{_INDENT * 2}Word bits       : {network.word_bits}"


def _network_figures(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for label, value in rows:
        yield f"{_INDENT * 2}{label:<39} : {value}"


def _simple_multicast(network: NetworkStats) -> Iterator[str]:
    yield from _network_heading(network)
    yield f"{_INDENT * 2}Action Name       : {network.action_name}"
    yield ""
    yield f"{_INDENT}STATS"
    yield f"{_INDENT}-----"
    for figures in network.data_spaces:
        ingresses = sum(i.accesses for i in figures.ingresses)
        if ingresses == 0:
            continue
        yield f"{_INDENT}{figures.name}:"
        yield from _network_figures(
            (
                ("Fanout", str(figures.fanout)),
                ("Multicast factor", str(figures.multicast_factor)),
                ("Ingresses", fixed(ingresses)),
                *_energies(figures),
            )
        )


def _reduction_tree(network: NetworkStats) -> Iterator[str]:
    yield from _network_heading(network)
    if network.adder_energy_pj:
        yield f"{_INDENT * 2}Adder energy    : {fixed(network.adder_energy_pj)} pJ"
    if network.wire_energy_pj_per_bit_mm:
        yield f"{_INDENT * 2}Wire energy     : {fixed(network.wire_energy_pj_per_bit_mm)} pJ/b/mm"
    yield f"{_INDENT * 2}Fill latency     : {network.fill_latency}"
    yield f"{_INDENT * 2}Drain latency     : {network.drain_latency}"
    yield ""
    yield f"{_INDENT}STATS"
    yield f"{_INDENT}-----"
    for figures in network.data_spaces:
        if figures.spatial_reductions == 0:
            continue
        yield f"{_INDENT}{figures.name}:"
        yield from _network_figures(
            (
                ("Spatial reductions", str(int(figures.spatial_reductions))),
                *_hops(figures),
                *_energies(figures),
                *_reduction_energies(figures),
            )
        )


def _legacy_network(network: NetworkStats) -> Iterator[str]:
    yield from _network_heading(network)
    yield f"{_INDENT * 2}Router energy   : {optional_fixed(network.router_energy_pj)} pJ"
    yield f"{_INDENT * 2}Wire energy     : {optional_fixed(network.wire_energy_pj_per_bit_mm)} pJ/b/mm"
    yield f"{_INDENT * 2}Ingress energy  : {optional_fixed(network.ingress_energy_pj)} pJ"
    yield f"{_INDENT * 2}Fill latency    : {network.fill_latency}"
    yield f"{_INDENT * 2}Drain latency   : {network.drain_latency}"
    yield ""
    yield f"{_INDENT}STATS"
    yield f"{_INDENT}-----"
    for figures in network.data_spaces:
        yield f"{_INDENT}{figures.name}:"
        yield from _legacy_data_space(figures)


def _legacy_data_space(figures: NetworkDataSpaceStats) -> Iterator[str]:
    yield from _network_figures((("Fanout", str(figures.fanout)),))
    yield from _network_figures((("Multicast factor", str(figures.multicast_factor)),))
    if figures.distributed_ingresses:
        factor = str(max(i.multicast for i in figures.distributed_ingresses))
        yield from _network_figures((("Multicast factor (distributed)", factor),))
    yield from _network_figures((("Ingresses", fixed(sum(i.accesses for i in figures.ingresses))),))
    for i in figures.ingresses:
        yield f"{_INDENT * 3}@multicast {i.multicast} @scatter {i.scatter}: {fixed(i.accesses)}"
    if figures.distributed_ingresses:
        distributed = fixed(sum(i.accesses for i in figures.distributed_ingresses))
        yield from _network_figures((("Ingresses (distributed)", distributed),))
        for i in figures.distributed_ingresses:
            yield f"{_INDENT * 3}@multicast {i.multicast} @scatter {i.scatter}: {fixed(i.accesses)}"
    instances = figures.utilized_instances
    link = figures.link_transfer_energy_per_instance_pj
    yield from _network_figures(
        (
            ("Link transfers", str(int(figures.link_transfers))),
            ("Spatial reductions", str(int(figures.spatial_reductions))),
            *_hops(figures),
            *_energies(figures),
            ("Link transfer energy (per-instance)", f"{fixed(link)} pJ"),
            ("Link transfer energy (total)", f"{fixed(link * instances)} pJ"),
            *_reduction_energies(figures),
        )
    )


def _hops(figures: NetworkDataSpaceStats) -> tuple[tuple[str, str], ...]:
    return (
        ("Average number of hops", fixed(figures.num_hops)),
        ("Energy (per-hop)", f"{fixed(figures.energy_per_hop_pj * 1000)} fJ"),
    )


def _energies(figures: NetworkDataSpaceStats) -> tuple[tuple[str, str], ...]:
    energy = figures.energy_per_instance_pj
    return (
        ("Energy (per-instance)", f"{fixed(energy)} pJ"),
        ("Energy (total)", f"{fixed(energy * figures.utilized_instances)} pJ"),
    )


def _reduction_energies(figures: NetworkDataSpaceStats) -> tuple[tuple[str, str], ...]:
    energy = figures.spatial_reduction_energy_per_instance_pj
    return (
        ("Spatial Reduction Energy (per-instance)", f"{fixed(energy)} pJ"),
        ("Spatial Reduction Energy (total)", f"{fixed(energy * figures.utilized_instances)} pJ"),
    )


def _operational_intensity(architecture: Architecture, problem: Problem, stats: Stats) -> Iterator[str]:
    yield from _title("Operational Intensity Stats")
    traffic = 0
    output_size = 0
    for position, data_space in enumerate(problem.data_spaces):
        size = _outermost_capacity(stats, position)
        traffic += size
        if data_space.read_write:
            output_size += size
    total_ops = _total_ops(problem, stats)
    yield _wide("Total elementwise ops", str(stats.actual_computes))
    yield _wide("Total reduction ops", str((stats.actual_computes - output_size) % _TWO_TO_64))
    yield _wide("Total ops", str(total_ops))
    yield _wide("Total memory accesses required", str(traffic))
    outermost = architecture.storage[-1]
    yield _wide("Optimal Op per Byte", fixed(_ops_per_byte(total_ops, outermost.word_bits, traffic)))
    yield ""
    for level, figures in zip(architecture.storage, stats.levels, strict=True):
        yield f"=== {level.name} ==="
        if figures.accesses > 0:
            yield _wide("Total scalar accesses", str(figures.accesses))
            per_byte = _ops_per_byte(total_ops, level.word_bits, figures.accesses)
            yield _wide("Op per Byte", fixed(per_byte))
    yield ""
    yield ""


def _wide(label: str, value: str) -> str:
    return f"{_INDENT}{label:<40}: {value}"


def _outermost_capacity(stats: Stats, position: int) -> int:
    """Capacity that the data space takes at the outermost level that keeps it."""
    for level in reversed(stats.levels):
        capacity = level.data_spaces[position].utilized_capacity
        if capacity > 0:
            return capacity
    return 0


def _total_ops(problem: Problem, stats: Stats) -> int:
    """Multiplications and additions; the first addition into each output is no operation.

    An output whose box is larger than the iteration space (a stride leaves holes) makes this negative: the
    reference counts in unsigned 64 bits and prints it modulo 2^64.
    """
    outputs = sum(
        _outermost_capacity(stats, position)
        for position, data_space in enumerate(problem.data_spaces)
        if data_space.read_write
    )
    return (2 * stats.actual_computes - outputs) % _TWO_TO_64


def _ops_per_byte(total_ops: int, word_bits: int, accesses: int) -> float:
    return single_quotient(total_ops, word_bits * accesses // 8)


def _summary(problem: Problem, stats: Stats) -> Iterator[str]:
    yield from _title("Summary Stats")
    # The reference multiplies a single-precision cycle count by a double-precision energy.
    edp_j_cycles = single(stats.cycles) * stats.energy_pj / 1e12
    yield f"GFLOPs (@1GHz): {fixed(single_quotient(_total_ops(problem, stats), stats.cycles))}"
    yield f"Utilization: {percent(stats.utilization)}"
    yield f"Cycles: {stats.cycles}"
    yield f"Energy: {fixed(stats.energy_pj / _PJ_PER_UJ)} uJ"
    yield f"EDP(J*cycle): {scientific(edp_j_cycles)}"
    yield f"Area: {fixed(stats.area_um2 / _UM2_PER_MM2)} mm^2"
    if stats.arithmetic.average_instances is not None:
        algorithmic = stats.arithmetic.algorithmic_computes
        yield from _energy_per_compute(stats, "Algorithmic Computes", algorithmic, "fJ/Algorithmic-Compute")
        yield from _energy_per_compute(stats, "Actual Computes", stats.actual_computes, "fJ/Compute")
    else:
        yield from _energy_per_compute(stats, "Computes", stats.actual_computes, "fJ/Compute")


def _energy_per_compute(stats: Stats, counted: str, computes: int, unit: str) -> Iterator[str]:
    yield ""
    yield f"{counted} = {computes}"
    yield unit
    levels = [(stats.arithmetic.name, stats.arithmetic.energy_pj)]
    levels += [(level.name, level.energy_pj) for level in stats.levels]
    networks = [(network.name, network.energy_pj) for network in sorted(stats.networks, key=lambda n: n.name)]
    width = max(len(name) for name, _ in levels + networks) + 1
    for name, energy_pj in levels + networks:
        if energy_pj != 0:
            yield f"{_INDENT}{name:<{width}}= {fixed(quotient(energy_pj * 1000, computes))}"
    yield f"{_INDENT}{'Total':<{width}}= {fixed(quotient(stats.energy_pj * 1000, computes))}"
