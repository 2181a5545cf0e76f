"""What an evaluation yields. Energies in pJ, areas in um^2, cycles and word counts as integers.

Counts (reads, fills, ...) are per instance, as in Timeloop's report; energies without "per_instance" are
totals over all utilised instances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArithmeticStats:
    """``actual_computes`` really happen; with sparse optimisations others idle (gated, a cycle each) or are
    skipped, and ``average_instances`` says how many units are in use on average (None without). The energies
    of a compute are those of one."""

    name: str
    instances: int
    utilized_instances: int
    utilized_x_expansion: int
    utilized_y_expansion: int
    cycles: int
    algorithmic_computes: int
    actual_computes: int
    energy_pj: float
    area_um2: float
    compute_energy_pj: float = 0.0
    leakage_pj: float = 0.0
    gated_computes: int = 0
    skipped_computes: int = 0
    gated_compute_energy_pj: float = 0.0
    skipped_compute_energy_pj: float = 0.0
    average_instances: float | None = None


@dataclass(frozen=True, slots=True)
class SparseStats:
    """What sparse optimisations make of one data space at one storage level.

    ``tile_shape`` counts all words of the tile, ``expected_occupancy`` those that are not zero on average;
    the capacity that is set aside holds what is not exceeded with ``confidence``. ``metadata_tile_size``:
    (metadata words, payloads) by rank, innermost first. The accesses are named as in Timeloop
    (``random_read``, ``gated_read``, ``skipped_metadata_read``, ...), those that do not occur left out:
    ``scalar_accesses`` of words, ``metadata_accesses`` by rank and ``metadata_bits`` per instance,
    ``block_accesses`` of blocks per cluster. ``operation_energies_pj`` are those of one access of a block of
    each kind, of all kinds; ``overflow_energies_pj`` per cluster, by kind of access, is what tiles further
    inside read here for want of room.
    """

    tile_shape: int
    density_distribution: str
    format: str
    compressed: bool
    expected_density: float
    expected_occupancy: float
    confidence: float
    metadata_tile_size: tuple[tuple[int, int], ...]
    metadata_tile_bits: int
    scalar_accesses: Mapping[str, int]
    metadata_accesses: Mapping[str, tuple[tuple[int, int], ...]]
    metadata_bits: Mapping[str, int]
    block_accesses: Mapping[str, float]
    operation_energies_pj: Mapping[str, float]
    overflow_energies_pj: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DataSpaceStats:
    """One data space at one storage level.

    With sparse optimisations ``reads``, ``fills`` and ``updates`` are what a dense tensor would need
    (algorithmic); what really happens is in ``sparse``.
    """

    name: str
    kept: bool
    partition_size: int
    tile_size: int
    utilized_capacity: int
    utilized_instances: float
    utilized_clusters: float
    utilized_x_expansion: int
    utilized_y_expansion: int
    reads: int
    fills: int
    updates: int
    temporal_reductions: int
    address_generations: int
    read_bandwidth: float
    write_bandwidth: float
    shared_bandwidth: float
    energy_per_instance_pj: float
    cluster_access_energy_pj: float
    storage_energy_pj: float
    temporal_reduction_energy_per_instance_pj: float
    temporal_reduction_energy_pj: float
    addr_gen_energy_per_cluster_pj: float
    addr_gen_energy_pj: float
    sparse: SparseStats | None = None


@dataclass(frozen=True, slots=True)
class LevelStats:
    """One storage level. ``energy_pj`` is the total of the level with its leakage."""

    name: str
    cycles: int
    slowdown: float
    instances: int
    utilized_instances: float
    area_um2: float
    leakage_pj: float
    leaks_per_cycle: float
    leak_energy_per_instance_cycle_pj: float
    vector_access_energy_pj: float
    vector_access_energy_source: str
    energy_pj: float
    accesses: int
    data_spaces: tuple[DataSpaceStats, ...]
    instances_sharing_power_gating: float = 1.0
    non_power_gated_utilization: float = 1.0


@dataclass(frozen=True, slots=True)
class Ingress:
    """Transfers that reach ``multicast`` destinations at once; ``scatter`` such groups."""

    multicast: int
    scatter: int
    accesses: float
    hops: float


@dataclass(frozen=True, slots=True)
class NetworkDataSpaceStats:
    name: str
    fanout: int
    multicast_factor: int
    ingresses: tuple[Ingress, ...]
    link_transfers: float
    spatial_reductions: float
    num_hops: float
    energy_per_hop_pj: float
    utilized_instances: float
    energy_per_instance_pj: float
    link_transfer_energy_per_instance_pj: float
    spatial_reduction_energy_per_instance_pj: float
    energy_pj: float
    distributed_ingresses: tuple[Ingress, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkStats:
    """One network; ``evaluated`` False means that it exists but carries nothing that is charged.

    The energies with None were not specified (Timeloop prints "-"). ``connection_type`` is Timeloop's sum
    of 1 (read, fill), 2 (update, drain). ``action_name`` belongs to SimpleMulticast, ``adder_energy_pj``
    to ReductionTree.
    """

    name: str
    type: str
    evaluated: bool
    energy_pj: float
    data_spaces: tuple[NetworkDataSpaceStats, ...]
    legacy_subtype: str = ""
    connection_type: int = 3
    word_bits: int = 0
    fill_latency: int = 0
    drain_latency: int = 0
    router_energy_pj: float | None = None
    wire_energy_pj_per_bit_mm: float | None = None
    ingress_energy_pj: float | None = None
    adder_energy_pj: float | None = None
    action_name: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    """The whole evaluation. ``levels`` from the innermost to the outermost.

    ``area_um2`` is the true sum of the levels' areas; the reference prints 0 here.
    ``bound_by`` is "compute" or "<level>.read", "<level>.write", "<level>.shared": what sets the cycles.
    """

    cycles: int
    energy_pj: float
    utilization: float
    area_um2: float
    macs: int
    actual_computes: int
    network_latency_cycles: int
    last_level_accesses: int
    bound_by: str
    arithmetic: ArithmeticStats
    levels: tuple[LevelStats, ...]
    networks: tuple[NetworkStats, ...]

    @property
    def edp_j_cycles(self) -> float:
        """Energy-delay product in joule x cycles, in double precision (the mapper's objective)."""
        return self.energy_pj * self.cycles / 1e12

    def level(self, name: str) -> LevelStats:
        return next(lv for lv in self.levels if lv.name == name)
