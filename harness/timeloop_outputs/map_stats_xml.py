"""Timeloop's ``map+stats.xml``: what the model computed, in full precision.

The classes are those of NVlabs/timeloop 4cf6d4c, include/model/*.hpp. The archive has no names of data
spaces and dimensions, only their numbers in the order of the problem; and it lacks leakage, the area of
storage, the total of cycles and the counts of transfers into networks, which only ``stats.txt`` has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.timeloop_outputs.archive import Archive, Element

_AXES: dict[int, Literal["", "X", "Y"]] = {0: "", 1: "X", 2: "Y"}

Ranks = tuple[tuple[int, ...], ...]
"""(metadata, payload) by rank, innermost first."""


@dataclass(frozen=True, slots=True)
class ArchivedArithmetic:
    """The arithmetic level. ``area_um2`` is that of one instance, energies are totals."""

    name: str
    instances: int
    mesh_x: int
    mesh_y: int
    word_bits: int
    energy_pj: float
    area_um2: float
    cycles: int
    utilized_instances: int
    average_utilized_instances: float
    algorithmic_computes: int
    random_computes: int
    gated_computes: int
    skipped_computes: int


@dataclass(frozen=True, slots=True)
class ArchivedLoop:
    """A loop of ``end`` steps over the dimension of that number. ``axis``: "" in time, else in space."""

    dimension: int
    end: int
    axis: Literal["", "X", "Y"]


@dataclass(frozen=True, slots=True)
class ArchivedFormatAccesses:
    """Accesses to the metadata of a compressed tile per instance, each by rank (empty if uncompressed)."""

    random_reads: Ranks
    gated_reads: Ranks
    skipped_reads: Ranks
    random_fills: Ranks
    gated_fills: Ranks
    skipped_fills: Ranks
    random_updates: Ranks
    gated_updates: Ranks
    skipped_updates: Ranks


@dataclass(frozen=True, slots=True)
class ArchivedDataSpace:
    """One data space at one storage level. Counts are per instance, address generations per cluster.

    ``energy_per_instance_pj`` is that of accesses and metadata; bandwidths are words per cycle.
    """

    kept: bool
    partition_size: int
    utilized_capacity: int
    utilized_instances: float
    utilized_clusters: float
    reads: int
    fills: int
    updates: int
    random_reads: int
    gated_reads: int
    skipped_reads: int
    random_fills: int
    gated_fills: int
    skipped_fills: int
    random_updates: int
    gated_updates: int
    skipped_updates: int
    format_accesses: ArchivedFormatAccesses
    decompressions: int
    compressions: int
    address_generations: int
    temporal_reductions: int
    shared_bandwidth: float
    read_bandwidth: float
    write_bandwidth: float
    energy_per_algorithmic_access_pj: float
    energy_per_access_pj: float
    energy_per_instance_pj: float
    temporal_reduction_energy_per_instance_pj: float
    addr_gen_energy_per_cluster_pj: float

    @property
    def energy_pj(self) -> float:
        """Total of storage, temporal reduction and address generation, without leakage."""
        return (
            self.energy_per_instance_pj * self.utilized_instances
            + self.temporal_reduction_energy_per_instance_pj * self.utilized_instances
            + self.addr_gen_energy_per_cluster_pj * self.utilized_clusters
        )


@dataclass(frozen=True, slots=True)
class ArchivedLevel:
    """One storage level. ``loops`` from the innermost to the outermost, those of one step left out.

    Timeloop writes the loops of its analysis of the first data space: outside of the outermost level that
    keeps that one there are none. The whole mapping is in ``map.txt``.
    ``data_spaces`` in the order of the problem. ``size_words`` is None for DRAM without a size, the
    bandwidths (words per cycle) where none were specified.
    """

    name: str
    size_words: int | None
    word_bits: int | None
    block_size: int | None
    cluster_size: int | None
    instances: int
    mesh_x: int
    mesh_y: int
    shared_bandwidth: float | None
    read_bandwidth: float | None
    write_bandwidth: float | None
    multiple_buffering: float | None
    cycles: int
    slowdown: float
    loops: tuple[ArchivedLoop, ...]
    data_spaces: tuple[ArchivedDataSpace, ...]


@dataclass(frozen=True, slots=True)
class ArchivedNetworkDataSpace:
    """One data space on one network; None for what its type does not have. Energies are per instance."""

    fanout: int | None
    multicast_factor: int | None
    distributed_multicast_factor: int | None
    link_transfers: int | None
    spatial_reductions: int | None
    hops: float | None
    energy_per_hop_pj: float | None
    energy_per_instance_pj: float
    link_transfer_energy_per_instance_pj: float
    spatial_reduction_energy_per_instance_pj: float


@dataclass(frozen=True, slots=True)
class ArchivedNetwork:
    """``type`` is that of Timeloop's stats file: "Legacy", "SimpleMulticast" or "ReductionTree"."""

    name: str
    type: str
    data_spaces: tuple[ArchivedNetworkDataSpace, ...]


@dataclass(frozen=True, slots=True)
class ArchivedEvaluation:
    """The whole file. ``levels`` from the innermost to the outermost, ``networks`` in the order of names.

    ``dimension_sizes`` are the bounds of the problem by the number of the dimension.
    """

    arithmetic: ArchivedArithmetic
    levels: tuple[ArchivedLevel, ...]
    networks: tuple[ArchivedNetwork, ...]
    dimension_sizes: tuple[int, ...]


def read_map_stats_xml(text: str, file: str = "map+stats.xml") -> ArchivedEvaluation:
    """The evaluation in ``text``. SpecError, with the line, for what is no such archive or is cut off."""
    archive = Archive(text, file)
    topology = archive.child(archive.root, "engine", "topology_")
    for name in ("engine",):
        archive.known_version(archive.child(archive.root, name), name)
    archive.known_version(topology, "topology")
    workload = archive.child(archive.root, "a", "workload_")
    data_spaces = len(archive.items(archive.child(workload, "densities_")))
    arithmetic: ArchivedArithmetic | None = None
    levels = []
    for item in archive.items(archive.child(topology, "levels_")):
        kind, level = archive.pointed(item)
        if kind == "model::ArithmeticUnits":
            arithmetic = _arithmetic(archive, level)
        elif kind == "model::BufferLevel":
            levels.append(_level(archive, level, data_spaces))
        else:
            archive.fail(level, f"a level of Timeloop's class '{kind}' is not known")
    if arithmetic is None or not levels:
        archive.fail(topology, "no arithmetic level, or no storage level, in this archive")
    networks = []
    for item in archive.items(archive.child(topology, "networks_")):
        kind, network = archive.pointed(archive.child(item, "second"))
        networks.append(_network(archive, kind, network, data_spaces))
    sizes = {
        archive.integer(item, "first"): archive.integer(item, "second")
        for item in archive.items(archive.child(workload, "factorized_bounds_"))
    }
    return ArchivedEvaluation(
        arithmetic=arithmetic,
        levels=tuple(levels),
        networks=tuple(networks),
        dimension_sizes=tuple(sizes[number] for number in sorted(sizes)),
    )


def _arithmetic(archive: Archive, element: Element) -> ArchivedArithmetic:
    specs = archive.child(element, "specs_")
    archive.known_version(specs, "arithmetic specification")
    return ArchivedArithmetic(
        name=archive.text(specs, "LevelSpecs", "level_name"),
        instances=archive.integer(specs, "instances", "t_"),
        mesh_x=archive.integer(specs, "meshX", "t_"),
        mesh_y=archive.integer(specs, "meshY", "t_"),
        word_bits=archive.integer(specs, "word_bits", "t_"),
        energy_pj=archive.number(element, "energy_"),
        area_um2=archive.number(element, "area_"),
        cycles=archive.integer(element, "cycles_"),
        utilized_instances=archive.integer(element, "utilized_instances_"),
        average_utilized_instances=archive.number(element, "avg_utilized_instances_"),
        algorithmic_computes=archive.integer(element, "algorithmic_computes_"),
        random_computes=archive.integer(element, "random_computes_"),
        gated_computes=archive.integer(element, "gated_computes_"),
        skipped_computes=archive.integer(element, "skipped_computes_"),
    )


def _level(archive: Archive, element: Element, data_spaces: int) -> ArchivedLevel:
    specs, stats = archive.child(element, "specs_"), archive.child(element, "stats_")
    archive.known_version(specs, "storage specification")
    archive.known_version(stats, "storage statistics")

    def whole(name: str) -> int | None:
        found = archive.optional(specs, name)
        return None if found is None else archive.integer(found)

    def real(name: str) -> float | None:
        found = archive.optional(specs, name)
        return None if found is None else archive.number(found)

    return ArchivedLevel(
        name=archive.text(specs, "LevelSpecs", "level_name"),
        size_words=whole("size"),
        word_bits=whole("word_bits"),
        block_size=whole("block_size"),
        cluster_size=whole("cluster_size"),
        instances=archive.integer(specs, "instances", "t_"),
        mesh_x=archive.integer(specs, "meshX", "t_"),
        mesh_y=archive.integer(specs, "meshY", "t_"),
        shared_bandwidth=real("shared_bandwidth"),
        read_bandwidth=real("read_bandwidth"),
        write_bandwidth=real("write_bandwidth"),
        multiple_buffering=real("multiple_buffering"),
        cycles=archive.integer(stats, "cycles"),
        slowdown=archive.number(stats, "slowdown"),
        loops=_loops(archive, archive.child(element, "subnest_")),
        data_spaces=tuple(_DataSpaces(archive, stats, data_spaces).one(i) for i in range(data_spaces)),
    )


def _loops(archive: Archive, element: Element) -> tuple[ArchivedLoop, ...]:
    loops = []
    for item in archive.items(element):
        axis = archive.integer(item, "spacetime_dimension")
        if axis not in _AXES:
            archive.fail(item, f"a loop has the spacetime dimension {axis}, expected 0, 1 or 2")
        loop = ArchivedLoop(archive.integer(item, "dimension"), archive.integer(item, "end"), _AXES[axis])
        if loop.end > 1:
            loops.append(loop)
    return tuple(loops)


class _Rows:
    """The members of a ``stats_`` that have a value per data space."""

    def __init__(self, archive: Archive, stats: Element, count: int) -> None:
        self._archive = archive
        self._stats = stats
        self._count = count
        self._rows: dict[str, list[Element]] = {}

    def item(self, name: str, index: int) -> Element:
        row = self._rows.get(name)
        if row is None:
            member = self._archive.child(self._stats, name, "PerDataSpace")
            row = self._archive.items(member)
            if len(row) < self._count:
                self._archive.fail(member, f"<{name}> has {len(row)} data spaces, expected {self._count}")
            self._rows[name] = row
        return row[index]

    def whole(self, name: str, index: int) -> int:
        return self._archive.integer(self.item(name, index))

    def real(self, name: str, index: int) -> float:
        return self._archive.number(self.item(name, index))

    def has(self, name: str) -> bool:
        return bool(self._stats.all(name))


class _DataSpaces(_Rows):
    def one(self, index: int) -> ArchivedDataSpace:
        def whole(name: str) -> int:
            return self.whole(name, index)

        def real(name: str) -> float:
            return self.real(name, index)

        return ArchivedDataSpace(
            kept=whole("keep") != 0,
            partition_size=whole("partition_size"),
            utilized_capacity=whole("utilized_capacity"),
            utilized_instances=real("utilized_instances"),
            utilized_clusters=real("utilized_clusters"),
            reads=whole("reads"),
            fills=whole("fills"),
            updates=whole("updates"),
            random_reads=whole("random_reads"),
            gated_reads=whole("gated_reads"),
            skipped_reads=whole("skipped_reads"),
            random_fills=whole("random_fills"),
            gated_fills=whole("gated_fills"),
            skipped_fills=whole("skipped_fills"),
            random_updates=whole("random_updates"),
            gated_updates=whole("gated_updates"),
            skipped_updates=whole("skipped_updates"),
            format_accesses=self._format(index),
            decompressions=whole("decompression_counts"),
            compressions=whole("compression_counts"),
            address_generations=whole("address_generations"),
            temporal_reductions=whole("temporal_reductions"),
            shared_bandwidth=real("shared_bandwidth"),
            read_bandwidth=real("read_bandwidth"),
            write_bandwidth=real("write_bandwidth"),
            energy_per_algorithmic_access_pj=real("energy_per_algorithmic_access"),
            energy_per_access_pj=real("energy_per_access"),
            energy_per_instance_pj=real("energy"),
            temporal_reduction_energy_per_instance_pj=real("temporal_reduction_energy"),
            addr_gen_energy_per_cluster_pj=real("addr_gen_energy"),
        )

    def _format(self, index: int) -> ArchivedFormatAccesses:
        def ranks(name: str) -> Ranks:
            rows = self._archive.items(self.item(name, index))
            return tuple(
                tuple(self._archive.integer(count) for count in self._archive.items(row)) for row in rows
            )

        return ArchivedFormatAccesses(
            random_reads=ranks("random_format_reads"),
            gated_reads=ranks("gated_format_reads"),
            skipped_reads=ranks("skipped_format_reads"),
            random_fills=ranks("random_format_fills"),
            gated_fills=ranks("gated_format_fills"),
            skipped_fills=ranks("skipped_format_fills"),
            random_updates=ranks("random_format_updates"),
            gated_updates=ranks("gated_format_updates"),
            skipped_updates=ranks("skipped_format_updates"),
        )


def _network(archive: Archive, kind: str, element: Element, data_spaces: int) -> ArchivedNetwork:
    specs, stats = archive.child(element, "specs_"), archive.child(element, "stats_")
    archive.known_version(stats, "network statistics")
    if not kind.startswith("model::") or not kind.endswith("Network"):
        archive.fail(element, f"a network of Timeloop's class '{kind}' is not known")
    rows = _Rows(archive, stats, data_spaces)
    return ArchivedNetwork(
        name=archive.text(specs, "NetworkSpecs", "name"),
        type=kind.removeprefix("model::").removesuffix("Network"),
        data_spaces=tuple(_on_network(rows, index) for index in range(data_spaces)),
    )


def _on_network(rows: _Rows, index: int) -> ArchivedNetworkDataSpace:
    def whole(name: str) -> int | None:
        return rows.whole(name, index) if rows.has(name) else None

    def real(name: str) -> float | None:
        return rows.real(name, index) if rows.has(name) else None

    return ArchivedNetworkDataSpace(
        fanout=whole("fanout"),
        multicast_factor=whole("multicast_factor"),
        distributed_multicast_factor=whole("distributed_multicast_factor"),
        link_transfers=whole("link_transfers"),
        spatial_reductions=whole("spatial_reductions"),
        hops=real("num_hops"),
        energy_per_hop_pj=real("energy_per_hop"),
        energy_per_instance_pj=rows.real("energy", index),
        link_transfer_energy_per_instance_pj=real("link_transfer_energy") or 0.0,
        spatial_reduction_energy_per_instance_pj=real("spatial_reduction_energy") or 0.0,
    )
