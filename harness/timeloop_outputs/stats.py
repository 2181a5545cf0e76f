"""The whole ``stats.txt`` of Timeloop, of 2024 and of today, dense and sparse: every level and network.

Figures are as printed, so doubles have two decimals. What is not in the text is None: sparse figures of a
dense architecture, what was not specified ("-"), levels and networks without any energy (Timeloop leaves
them out unless ``TIMELOOP_HIDE_INCONSEQUENTIAL_STATS=0`` is set).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.timeloop_outputs.sections import Row, Rows, Section, sections
from harness.timeloop_outputs.summary import StatsSummary, parse_stats

_INSTANCES = re.compile(r"^(\d{1,19})(?: \((\d{1,19})\*(\d{1,19})\))?$")
_RANK = re.compile(r"^Rank (\d{1,9})\b")
_PAIR = re.compile(r"^\(\s*(\d{1,19}),\s*(\d{1,19})\)$")
_INGRESS = re.compile(r"^@multicast (\d{1,19}) @scatter (\d{1,19})$")


@dataclass(frozen=True, slots=True)
class PrintedArithmetic:
    """The arithmetic level. Energy and area are totals; gated and skipped computes are of sparse files."""

    name: str
    number: int
    word_bits: int | None
    instances: int
    mesh_x: int | None
    mesh_y: int | None
    compute_energy_pj: float | None
    utilized_instances: float
    average_utilized_instances: float | None
    computes: int
    algorithmic_computes: int | None
    gated_computes: int | None
    skipped_computes: int | None
    cycles: int
    energy_pj: float
    area_um2: float | None


@dataclass(frozen=True, slots=True)
class PrintedAccesses:
    """Scalar accesses of one kind per instance: those that happen, are gated, are skipped."""

    actual: int
    gated: int
    skipped: int


@dataclass(frozen=True, slots=True)
class PrintedFormatAccesses:
    """Accesses to metadata of one kind per instance: (metadata, payload) by rank, innermost first.

    An empty tuple is Timeloop's "0": none at any rank.
    """

    actual: tuple[tuple[int, int], ...]
    gated: tuple[tuple[int, int], ...]
    skipped: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PrintedSparse:
    """What the text of a sparse architecture adds for one data space. ``format`` is "none" if uncompressed;
    the accesses to metadata are then None.
    """

    density_distribution: str
    tile_shape: int
    format: str
    metadata_tile_size: tuple[tuple[int, int], ...]
    reads: PrintedAccesses
    fills: PrintedAccesses
    updates: PrintedAccesses
    format_reads: PrintedFormatAccesses | None
    format_fills: PrintedFormatAccesses | None
    format_updates: PrintedFormatAccesses | None


@dataclass(frozen=True, slots=True)
class PrintedDataSpace:
    """One data space at one storage level.

    Counts are per instance (algorithmic ones of a sparse architecture), address generations per cluster;
    energies without "per" are totals; bandwidths in words per cycle.
    """

    name: str
    partition_size: int
    utilized_capacity: int
    utilized_instances: float
    average_utilized_instances: float | None
    utilized_clusters: float
    reads: int
    fills: int
    updates: int
    temporal_reductions: int
    address_generations: int
    energy_per_access_pj: float
    energy_per_instance_pj: float
    storage_energy_pj: float
    temporal_reduction_energy_per_instance_pj: float
    temporal_reduction_energy_pj: float
    addr_gen_energy_per_cluster_pj: float
    addr_gen_energy_pj: float
    bandwidth_consumption_scale: float | None
    shared_bandwidth_per_instance: float
    shared_bandwidth: float
    read_bandwidth_per_instance: float
    read_bandwidth: float
    write_bandwidth_per_instance: float
    write_bandwidth: float
    sparse: PrintedSparse | None

    @property
    def energy_pj(self) -> float:
        """Total of storage, temporal reduction and address generation, without leakage."""
        return self.storage_energy_pj + self.temporal_reduction_energy_pj + self.addr_gen_energy_pj


@dataclass(frozen=True, slots=True)
class PrintedLevel:
    """One storage level. ``area_um2`` is that of one instance; ``leakage_pj`` the total.

    ``vector_access_energy_pj`` is of a dense text, the energies of reads, writes, metadata and
    (de)compression of a sparse one. ``loops`` are those of 2024's text, outermost first.
    """

    name: str
    number: int
    technology: str
    size_words: int | None
    effective_size_words: int | None
    word_bits: int | None
    block_size: int | None
    cluster_size: int | None
    instances: int
    mesh_x: int | None
    mesh_y: int | None
    shared_bandwidth: float | None
    read_bandwidth: float | None
    write_bandwidth: float | None
    multiple_buffering: float | None
    min_utilization: float | None
    vector_access_energy_pj: float | None
    vector_access_energy_source: str | None
    vector_read_energy_pj: float | None
    vector_write_energy_pj: float | None
    metadata_read_energy_pj: float | None
    metadata_write_energy_pj: float | None
    decompression_energy_pj: float | None
    metadata_width_bits: int | None
    metadata_depth: int | None
    leak_energy_per_instance_cycle_pj: float | None
    instances_sharing_power_gating: float | None
    non_power_gated_utilization: float | None
    leakage_pj: float
    area_um2: float
    cycles: int
    slowdown: float
    data_spaces: tuple[PrintedDataSpace, ...]
    loops: tuple[str, ...]

    @property
    def energy_pj(self) -> float:
        """Total of the level with its leakage."""
        return sum(space.energy_pj for space in self.data_spaces) + self.leakage_pj


@dataclass(frozen=True, slots=True)
class PrintedIngress:
    """Transfers that reach ``multicast`` destinations at once; ``scatter`` such groups."""

    multicast: int
    scatter: int
    accesses: float


@dataclass(frozen=True, slots=True)
class PrintedNetworkDataSpace:
    """One data space on one network. None for what its type does not have; energies without "per" are
    totals of all instances.
    """

    name: str
    fanout: int | None
    multicast_factor: int | None
    distributed_multicast_factor: int | None
    ingresses: float | None
    ingresses_by_multicast: tuple[PrintedIngress, ...]
    distributed_ingresses: float | None
    distributed_ingresses_by_multicast: tuple[PrintedIngress, ...]
    link_transfers: float | None
    spatial_reductions: float | None
    hops: float | None
    energy_per_hop_pj: float | None
    energy_per_instance_pj: float
    transfer_energy_pj: float
    link_transfer_energy_per_instance_pj: float | None
    link_transfer_energy_pj: float | None
    spatial_reduction_energy_per_instance_pj: float | None
    spatial_reduction_energy_pj: float | None

    @property
    def energy_pj(self) -> float:
        """Of all instances, in sum as printed."""
        return (
            self.transfer_energy_pj
            + (self.link_transfer_energy_pj or 0.0)
            + (self.spatial_reduction_energy_pj or 0.0)
        )

    @property
    def energy_of_one_pj(self) -> float:
        """Of one instance."""
        return (
            self.energy_per_instance_pj
            + (self.link_transfer_energy_per_instance_pj or 0.0)
            + (self.spatial_reduction_energy_per_instance_pj or 0.0)
        )


@dataclass(frozen=True, slots=True)
class PrintedNetwork:
    """One network. ``connection_type`` is 1 (read, fill) + 2 (update, drain); latencies in cycles."""

    name: str
    number: int
    type: str
    legacy_subtype: str | None
    connection_type: int | None
    word_bits: int | None
    router_energy_pj: float | None
    wire_energy_pj_per_bit_mm: float | None
    ingress_energy_pj: float | None
    adder_energy_pj: float | None
    action_name: str | None
    fill_latency: int | None
    drain_latency: int | None
    data_spaces: tuple[PrintedNetworkDataSpace, ...]

    def charged_pj(self, space: PrintedNetworkDataSpace) -> float:
        """What Timeloop adds to its totals: of a reduction tree the energy of one instance only."""
        return space.energy_of_one_pj if self.type == "ReductionTree" else space.energy_pj

    @property
    def energy_pj(self) -> float:
        """Total as it is part of the whole, see :meth:`charged_pj`."""
        return sum(self.charged_pj(space) for space in self.data_spaces)


@dataclass(frozen=True, slots=True)
class PrintedIntensity:
    """Operations and the accesses that they need, and (level, scalar accesses, operations per byte) for
    every level that is accessed.
    """

    elementwise_operations: int
    reduction_operations: int
    operations: int
    accesses_required: int
    optimal_operations_per_byte: float
    levels: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """A whole stats file. ``levels`` from the innermost to the outermost, as far as they are told."""

    arithmetic: PrintedArithmetic | None
    levels: tuple[PrintedLevel, ...]
    networks: tuple[PrintedNetwork, ...]
    intensity: PrintedIntensity | None
    summary: StatsSummary


def read_stats(text: str, file: str = "stats.txt") -> Statistics:
    """All of ``text``. SpecError with the line for what is empty, cut off or no stats file."""
    found = sections(text, file)
    summary = parse_stats(text, file)
    arithmetic = [section for section in found.levels if not section.rows.has("Technology")]
    if len(arithmetic) > 1:
        second = arithmetic[1]
        second.rows.fail(f"'{second.name}' is a second arithmetic level", second.line)
    intensity = found.intensity
    return Statistics(
        arithmetic=_arithmetic(arithmetic[0]) if arithmetic else None,
        levels=tuple(_level(section) for section in found.levels if section not in arithmetic),
        networks=tuple(_network(section) for section in found.networks),
        intensity=_intensity(intensity, found.intensities) if intensity.by_label else None,
        summary=summary,
    )


def _arithmetic(section: Section) -> PrintedArithmetic:
    rows = section.rows
    instances, mesh_x, mesh_y = _instances(rows)
    return PrintedArithmetic(
        name=section.name,
        number=section.number,
        word_bits=rows.optional_whole("Word bits"),
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        compute_energy_pj=rows.optional_energy("Compute energy"),
        utilized_instances=rows.real("Utilized instances", "Utilized instances (max)"),
        average_utilized_instances=rows.optional_real("Utilized instances (average)"),
        computes=rows.whole("Computes (total)", "Actual Computes (total)"),
        algorithmic_computes=rows.optional_whole("Algorithmic Computes (total)"),
        gated_computes=rows.optional_whole("Gated Computes (total)"),
        skipped_computes=rows.optional_whole("Skipped Computes (total)"),
        cycles=rows.whole("Cycles"),
        energy_pj=rows.energy("Energy (total)"),
        area_um2=rows.optional_real("Area (total)"),
    )


def _instances(rows: Rows) -> tuple[int, int | None, int | None]:
    row = rows.row("Instances")
    found = _INSTANCES.match(row.value)
    if found is None:
        rows.fail(f"'{row.value[:40]}' is not a number of instances", row.line)
    return int(found[1]), int(found[2]) if found[2] else None, int(found[3]) if found[3] else None


def _level(section: Section) -> PrintedLevel:
    rows = section.rows
    instances, mesh_x, mesh_y = _instances(rows)
    gating = "Non-power-gated utilization"
    return PrintedLevel(
        name=section.name,
        number=section.number,
        technology=rows.text("Technology"),
        size_words=_either(rows, "Size", "Data storage size"),
        effective_size_words=_either(rows, "Effective size", "Effective data storage size"),
        word_bits=_either(rows, "Word bits", "Data word bits"),
        block_size=_either(rows, "Block size", "Data block size"),
        cluster_size=rows.optional_whole("Cluster size"),
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        shared_bandwidth=rows.optional_real("Shared bandwidth"),
        read_bandwidth=rows.optional_real("Read bandwidth"),
        write_bandwidth=rows.optional_real("Write bandwidth"),
        multiple_buffering=rows.optional_real("Multiple buffering"),
        min_utilization=rows.optional_real("Min utilization"),
        vector_access_energy_pj=rows.optional_energy("Vector access energy"),
        vector_access_energy_source=(
            rows.text("Vector access energy source") if rows.has("Vector access energy source") else None
        ),
        vector_read_energy_pj=rows.optional_energy("Vector read energy"),
        vector_write_energy_pj=rows.optional_energy("Vector write energy"),
        metadata_read_energy_pj=rows.optional_energy("Vector metadata read energy"),
        metadata_write_energy_pj=rows.optional_energy("Vector metadata write energy"),
        decompression_energy_pj=rows.optional_energy("(De)compression energy"),
        metadata_width_bits=rows.optional_whole("Metadata storage width(bits)"),
        metadata_depth=rows.optional_whole("Metadata storage depth"),
        leak_energy_per_instance_cycle_pj=rows.optional_energy("Per-instance-cycle leakage"),
        instances_sharing_power_gating=rows.optional_real("Instances sharing power gating"),
        non_power_gated_utilization=rows.share(gating) if rows.has(gating) else None,
        leakage_pj=rows.optional_energy("Leakage energy (total)") or 0.0,
        area_um2=rows.real("Area"),
        cycles=rows.whole("Cycles"),
        slowdown=rows.real("Bandwidth throttling"),
        data_spaces=tuple(_data_space(name, of) for name, of in section.data_spaces.items()),
        loops=tuple(loop for loop, _ in section.loops),
    )


def _either(rows: Rows, dense: str, sparse: str) -> int | None:
    return rows.optional_whole(dense if rows.has(dense) else sparse)


def _data_space(name: str, rows: Rows) -> PrintedDataSpace:
    return PrintedDataSpace(
        name=name,
        partition_size=rows.whole("Partition size"),
        utilized_capacity=rows.whole("Utilized capacity", "Max utilized data storage capacity"),
        utilized_instances=rows.real("Utilized instances (max)"),
        average_utilized_instances=rows.optional_real("Utilized instances (average)"),
        utilized_clusters=rows.real("Utilized clusters (max)"),
        reads=rows.whole("Scalar reads (per-instance)", "Algorithmic scalar reads (per-instance)"),
        fills=rows.whole("Scalar fills (per-instance)", "Algorithmic scalar fills (per-instance)"),
        updates=rows.whole("Scalar updates (per-instance)", "Algorithmic scalar updates (per-instance)"),
        temporal_reductions=rows.whole("Temporal reductions (per-instance)"),
        address_generations=rows.whole("Address generations (per-cluster)"),
        energy_per_access_pj=rows.energy("Energy (per-scalar-access)"),
        energy_per_instance_pj=rows.energy("Energy (per-instance)"),
        storage_energy_pj=rows.energy("Energy (total)"),
        temporal_reduction_energy_per_instance_pj=rows.energy("Temporal Reduction Energy (per-instance)"),
        temporal_reduction_energy_pj=rows.energy("Temporal Reduction Energy (total)"),
        addr_gen_energy_per_cluster_pj=rows.energy("Address Generation Energy (per-cluster)"),
        addr_gen_energy_pj=rows.energy("Address Generation Energy (total)"),
        bandwidth_consumption_scale=rows.optional_real("Bandwidth Consumption Scale"),
        shared_bandwidth_per_instance=_bandwidth(rows, "Shared"),
        shared_bandwidth=rows.real("Shared Bandwidth (total)"),
        read_bandwidth_per_instance=_bandwidth(rows, "Read"),
        read_bandwidth=rows.real("Read Bandwidth (total)"),
        write_bandwidth_per_instance=_bandwidth(rows, "Write"),
        write_bandwidth=rows.real("Write Bandwidth (total)"),
        sparse=_sparse(rows) if rows.has("Representation format") else None,
    )


def _bandwidth(rows: Rows, kind: str) -> float:
    label = f"{kind} Bandwidth (per-instance)"
    return rows.real(label, f"Average {label}")


def _sparse(rows: Rows) -> PrintedSparse:
    compressed = rows.has("Actual scalar format reads (per-instance)")
    return PrintedSparse(
        density_distribution=rows.text("Tile density distribution"),
        tile_shape=rows.whole("Data tile shape"),
        format=rows.text("Representation format"),
        metadata_tile_size=_ranks(rows, rows.row("Max utilized Repr format storage capacity")),
        reads=_accesses(rows, "reads"),
        fills=_accesses(rows, "fills"),
        updates=_accesses(rows, "updates"),
        format_reads=_format_accesses(rows, "reads") if compressed else None,
        format_fills=_format_accesses(rows, "fills") if compressed else None,
        format_updates=_format_accesses(rows, "updates") if compressed else None,
    )


def _accesses(rows: Rows, kind: str) -> PrintedAccesses:
    actual, gated, skipped = (
        rows.whole(f"{how} scalar {kind} (per-instance)") for how in ("Actual", "Gated", "Skipped")
    )
    return PrintedAccesses(actual, gated, skipped)


def _format_accesses(rows: Rows, kind: str) -> PrintedFormatAccesses:
    actual, gated, skipped = (
        _ranks(rows, rows.row(f"{how} scalar format {kind} (per-instance)"))
        for how in ("Actual", "Gated", "Skipped")
    )
    return PrintedFormatAccesses(actual, gated, skipped)


def _ranks(rows: Rows, row: Row) -> tuple[tuple[int, int], ...]:
    """The file has the outermost rank first."""
    found: dict[int, tuple[int, int]] = {}
    for label, value, line in row.below:
        rank, pair = _RANK.match(label), _PAIR.match(value)
        if rank is None or pair is None:
            rows.fail(f"'{label[:40]}: {value[:40]}' is not the figure of a rank", line)
        found[int(rank[1])] = (int(pair[1]), int(pair[2]))
    return tuple(found[rank] for rank in sorted(found))


def _network(section: Section) -> PrintedNetwork:
    rows = section.rows
    return PrintedNetwork(
        name=section.name,
        number=section.number,
        type=rows.text("Type"),
        legacy_subtype=rows.text("Legacy sub-type") if rows.has("Legacy sub-type") else None,
        connection_type=rows.optional_whole("ConnectionType"),
        word_bits=rows.optional_whole("Word bits"),
        router_energy_pj=rows.optional_energy("Router energy"),
        wire_energy_pj_per_bit_mm=rows.optional_real("Wire energy"),
        ingress_energy_pj=rows.optional_energy("Ingress energy"),
        adder_energy_pj=rows.optional_energy("Adder energy"),
        action_name=rows.text("Action Name") if rows.has("Action Name") else None,
        fill_latency=rows.optional_whole("Fill latency"),
        drain_latency=rows.optional_whole("Drain latency"),
        data_spaces=tuple(_on_network(name, of) for name, of in section.data_spaces.items()),
    )


def _on_network(name: str, rows: Rows) -> PrintedNetworkDataSpace:
    return PrintedNetworkDataSpace(
        name=name,
        fanout=rows.optional_whole("Fanout"),
        multicast_factor=rows.optional_whole("Multicast factor"),
        distributed_multicast_factor=rows.optional_whole("Multicast factor (distributed)"),
        ingresses=rows.optional_real("Ingresses"),
        ingresses_by_multicast=_ingresses(rows, "Ingresses"),
        distributed_ingresses=rows.optional_real("Ingresses (distributed)"),
        distributed_ingresses_by_multicast=_ingresses(rows, "Ingresses (distributed)"),
        link_transfers=rows.optional_real("Link transfers"),
        spatial_reductions=rows.optional_real("Spatial reductions"),
        hops=rows.optional_real("Average number of hops"),
        energy_per_hop_pj=rows.optional_energy("Energy (per-hop)"),
        energy_per_instance_pj=rows.energy("Energy (per-instance)"),
        transfer_energy_pj=rows.energy("Energy (total)"),
        link_transfer_energy_per_instance_pj=rows.optional_energy("Link transfer energy (per-instance)"),
        link_transfer_energy_pj=rows.optional_energy("Link transfer energy (total)"),
        spatial_reduction_energy_per_instance_pj=rows.optional_energy(
            "Spatial Reduction Energy (per-instance)"
        ),
        spatial_reduction_energy_pj=rows.optional_energy("Spatial Reduction Energy (total)"),
    )


def _ingresses(rows: Rows, label: str) -> tuple[PrintedIngress, ...]:
    if not rows.has(label):
        return ()
    found = []
    for text, value, line in rows.row(label).below:
        match = _INGRESS.match(text)
        if match is None:
            rows.fail(f"'{text[:40]}: {value[:40]}' is not a count of transfers", line)
        found.append(PrintedIngress(int(match[1]), int(match[2]), rows.as_real(value, line)))
    return tuple(found)


def _intensity(rows: Rows, levels: list[Rows]) -> PrintedIntensity:
    return PrintedIntensity(
        elementwise_operations=rows.whole("Total elementwise ops"),
        reduction_operations=rows.whole("Total reduction ops"),
        operations=rows.whole("Total ops"),
        accesses_required=rows.whole("Total memory accesses required"),
        optimal_operations_per_byte=rows.real("Optimal Op per Byte"),
        levels=tuple(
            (level.what, level.whole("Total scalar accesses"), level.real("Op per Byte"))
            for level in levels
            if level.by_label
        ),
    )
