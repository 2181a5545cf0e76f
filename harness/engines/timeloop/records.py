"""From the files of the real Timeloop to the figures of a result record, the same fields as ours.

The stats file has everything, rounded for people; the XML beside it has the counts and energies of accesses
in full, but neither leakage nor the area of storage, nor the total of cycles, nor transfers into networks;
``map.txt`` has the sizes of tiles. So all three are read together where they are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from harness.engines.result import LevelDataSpace, LevelRecord, NetworkDataSpace, NetworkRecord
from harness.engines.sparse_record import SparseComputes, SparseDataSpace
from harness.errors import Location, SpecError
from harness.timeloop_outputs import (
    ArchivedEvaluation,
    LoopNest,
    Statistics,
    read_map_stats_xml,
    read_map_text,
    read_stats,
)
from harness.timeloop_outputs.map_stats_xml import ArchivedLevel, ArchivedNetwork
from harness.timeloop_outputs.map_text import NestLoop
from harness.timeloop_outputs.stats import PrintedArithmetic, PrintedDataSpace, PrintedLevel, PrintedNetwork

DEFAULT_NAMES = ("stats.txt", "map+stats.xml", "map.txt")

_HALF_A_PRINTED_STEP_PJ = 0.005
_HALF_A_SUMMARY_STEP_PJ = 5e3
_ENERGIES_OF_A_DATA_SPACE = 3
"""Of a level: accesses, reductions and addresses; of a network: transfers, links and reductions."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Figures:
    """What Timeloop says of a mapping. ``levels`` with the arithmetic first, then inner to outer.

    ``precision`` "full": energies and counts of the XML file; leakage and the area of storage are printed
    ones even then, with two decimals. ``macs`` are the computes that Timeloop counts (algorithmic ones of a
    sparse architecture): with imperfect factors they are not exactly those of the problem.
    ``bound_by`` is "compute" or the name of the level whose bandwidth sets the cycles. ``loop_nest`` is the
    text of ``map.txt``, "" without one. What Timeloop leaves out, since nothing happens there, is None: the
    area of such a level, the transfers into such a network. ``remarks`` are sentences on figures that are not
    from where they mostly are.
    """

    cycles: int
    energy_pj: float
    edp_j_cycles: float
    utilization: float
    macs: int
    bound_by: str
    levels: tuple[LevelRecord, ...]
    networks: tuple[NetworkRecord, ...]
    precision: Literal["full", "printed"]
    loop_nest: str = ""
    remarks: tuple[str, ...] = ()


def figures(
    stats: str,
    xml: str | None = None,
    nest: str | None = None,
    files: tuple[str, str, str] = DEFAULT_NAMES,
) -> Figures:
    """From the texts of a run's files; ``files`` are their names, for errors.

    SpecError for a file that is empty, cut off or something else, for files of different runs, and where the
    cycles or any other figure is no finite number.
    """
    found = _read(stats, xml, nest, files)
    if found.cycles <= 0 or not math.isfinite(found.utilization):
        told = f"{found.cycles} cycles, utilisation {found.utilization:g}"
        raise SpecError(f"no figures of a mapping: {told}", Location(files[0]))
    for what, value in _numbers(asdict(found)):
        if not math.isfinite(value):
            told = f"{what} is no number but {value:g}"
            raise SpecError(told, Location(files[0 if xml is None else 1]))
    return found


def _numbers(record: object, what: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a record, with where it is; levels and networks by their names."""
    if isinstance(record, float):
        yield what, record
    elif isinstance(record, dict):
        owner = str(record.get("name", what))
        for key, value in record.items():
            yield from _numbers(value, f"{key} of {owner}" if owner else str(key))
    elif isinstance(record, list | tuple):
        for value in record:
            yield from _numbers(value, what)


def _read(stats: str, xml: str | None, nest: str | None, files: tuple[str, str, str]) -> Figures:
    statistics = read_stats(stats, files[0])
    loops = read_map_text(nest, files[2]) if nest is not None else None
    if xml is None:
        return _printed(statistics, loops, nest or "")
    archive = read_map_stats_xml(xml, files[1])
    _check_same_run(statistics, archive, files)
    if statistics.summary.cycles <= 0 or archive.arithmetic.instances <= 0:
        raise SpecError("no cycles, or nothing to compute with", Location(files[0]))
    return _full(_Sources(statistics, archive, loops, files[1]), nest or "")


def _check_same_run(statistics: Statistics, archive: ArchivedEvaluation, files: tuple[str, str, str]) -> None:
    inside = {level.name: level for level in archive.levels}
    for level in statistics.levels:
        other = inside.get(level.name)
        if other is None or other.cycles != level.cycles:
            raise SpecError(f"level '{level.name}' is another one than in {files[0]}", Location(files[1]))


# From the stats file alone ------------------------------------------------------------------------


def _printed(statistics: Statistics, nest: LoopNest | None, text: str) -> Figures:
    summary, unit = statistics.summary, statistics.arithmetic
    levels = [_printed_level(level, nest) for level in statistics.levels]
    networks = [_printed_network(network) for network in statistics.networks]
    if unit is not None:
        compute = LevelRecord(
            name=unit.name,
            cycles=unit.cycles,
            energy_pj=unit.energy_pj,
            leakage_pj=0.0,
            area_um2=unit.area_um2,
            instances=unit.instances,
            utilized_instances=unit.utilized_instances,
            dataspaces={},
            computes=_computes(unit),
        )
        levels.insert(0, compute)
    # The levels have two decimals of a pJ, the summary two of a uJ.
    energy = sum(level.energy_pj for level in levels) + sum(network.energy_pj for network in networks)
    spaces = sum(len(level.data_spaces) for level in statistics.levels)
    spaces += sum(len(network.data_spaces) for network in statistics.networks)
    printed = len(levels) + _ENERGIES_OF_A_DATA_SPACE * spaces
    rounding = _HALF_A_SUMMARY_STEP_PJ + printed * _HALF_A_PRINTED_STEP_PJ
    adds_up = abs(energy - summary.energy_pj) <= rounding
    remark = (
        f"the energies of the levels add up to {energy:.2f} pJ, which is not that of the summary,"
        f" {summary.energy_pj:.0f} pJ: the latter is taken"
    )
    return Figures(
        cycles=summary.cycles,
        energy_pj=energy if adds_up else summary.energy_pj,
        edp_j_cycles=energy * summary.cycles / 1e12 if adds_up else summary.edp_j_cycles,
        utilization=summary.utilization,
        macs=summary.algorithmic_computes,
        bound_by=_bound(levels, has_compute=unit is not None),
        levels=tuple(levels),
        networks=tuple(networks),
        precision="printed",
        loop_nest=text,
        remarks=() if adds_up else (remark,),
    )


def _printed_level(level: PrintedLevel, nest: LoopNest | None) -> LevelRecord:
    in_use = _instances_in_nest(nest, level.name)
    spaces = {
        space.name: LevelDataSpace(
            reads=space.reads,
            fills=space.fills,
            updates=space.updates,
            temporal_reductions=space.temporal_reductions,
            partition_size=space.partition_size,
            tile_size=_tile_size(nest, level.name, space.name, space.utilized_capacity),
            utilized_instances=_average(space.average_utilized_instances, space.utilized_instances),
            energy_pj=space.energy_pj,
            sparse=_sparse(space),
        )
        for space in level.data_spaces
    }
    return LevelRecord(
        name=level.name,
        cycles=level.cycles,
        energy_pj=level.energy_pj,
        leakage_pj=level.leakage_pj,
        area_um2=level.area_um2 * level.instances,
        instances=level.instances,
        utilized_instances=max((space.utilized_instances for space in spaces.values()), default=in_use),
        dataspaces=spaces,
    )


def _computes(unit: PrintedArithmetic | None) -> SparseComputes | None:
    """None for dense hardware."""
    if unit is None or unit.algorithmic_computes is None:
        return None
    return SparseComputes(
        algorithmic=unit.algorithmic_computes,
        actual=unit.computes,
        gated=unit.gated_computes or 0,
        skipped=unit.skipped_computes or 0,
        average_instances=float(unit.average_utilized_instances or 0.0),
    )


def _sparse(space: PrintedDataSpace | None) -> SparseDataSpace | None:
    """The counts are whole numbers, so the text has them in full; None for dense hardware."""
    if space is None or space.sparse is None:
        return None
    of = space.sparse
    accesses: dict[str, int] = {}
    metadata: dict[str, int] = {}
    for action, words, formats in (
        ("reads", of.reads, of.format_reads),
        ("fills", of.fills, of.format_fills),
        ("updates", of.updates, of.format_updates),
    ):
        for kind in ("actual", "gated", "skipped"):
            name, count = f"{kind}_{action}", getattr(words, kind)
            by_rank = getattr(formats, kind) if formats is not None else ()
            if count:
                accesses[name] = count
            if by_rank:
                metadata[name] = sum(map(sum, by_rank))
    return SparseDataSpace(
        format=of.format,
        tile_shape=of.tile_shape,
        capacity=space.utilized_capacity,
        accesses=accesses,
        metadata=metadata,
    )


def _instances_in_nest(nest: LoopNest | None, level: str) -> float:
    """Instances in use on average, as a whole number of Timeloop's, of a level that keeps nothing: those that
    spatial loops around it reach.
    """
    around: dict[str, list[NestLoop]] = {}
    for outer in nest.levels if nest is not None else ():
        if outer.name == level:
            break
        for loop in outer.loops:
            around.setdefault(loop.dimension, []).append(loop)
    return float(int(math.prod(_average_instances(loops) for loops in around.values()) + _ROUNDING))


def _average_instances(loops: list[NestLoop]) -> float:
    """Of one dimension, outermost loop first: visits of the inside per step in time."""
    visits, steps = 1, 1
    alone = True  # whether the last step has the last visit only, whose loops are the shorter ones
    for loop in loops:
        visits = (visits - 1) * loop.factor + loop.residual
        if loop.axis:
            alone = alone and loop.residual == 1
        else:
            steps = (steps - 1) * loop.factor + (loop.residual if alone else loop.factor)
    return visits / steps


def _average(average: float | None, highest: float) -> float:
    return highest if average is None else average


def _tile_size(nest: LoopNest | None, level: str, space: str, capacity: int) -> int:
    """Of the loop nest; without one the capacity in use, which is the same for a dense tile that fits."""
    found = nest.level(level) if nest is not None else None
    tile = found.tile(space) if found is not None else None
    return capacity if tile is None or tile.tile_size is None else tile.tile_size


def _printed_network(network: PrintedNetwork) -> NetworkRecord:
    spaces = {
        space.name: NetworkDataSpace(
            fanout=space.fanout,
            multicast_factor=space.multicast_factor,
            ingresses=space.ingresses,
            link_transfers=space.link_transfers or 0.0,
            spatial_reductions=space.spatial_reductions or 0.0,
            hops=space.hops or 0.0,
            energy_pj=network.charged_pj(space),
        )
        for space in network.data_spaces
    }
    return NetworkRecord(network.name, sum(space.energy_pj for space in spaces.values()), spaces)


# From the XML file, with what only the stats file has ---------------------------------------------


class _Sources:
    """The files of one run, each figure from the one that has it best."""

    def __init__(
        self, statistics: Statistics, archive: ArchivedEvaluation, nest: LoopNest | None, file: str
    ) -> None:
        self.archive = archive
        self.nest = nest
        self.summary = statistics.summary
        self.unit = statistics.arithmetic
        self.printed_levels = {level.name: level for level in statistics.levels}
        self.printed_networks = {network.name: network for network in statistics.networks}
        self.names = self._names_of_data_spaces(file)

    def _names_of_data_spaces(self, file: str) -> tuple[str, ...]:
        """The XML has numbers only: the texts name the data spaces that a level keeps, in the same order."""
        count = len(self.archive.levels[0].data_spaces)
        names: dict[int, str] = {}
        for level in self.archive.levels:
            kept = [number for number, space in enumerate(level.data_spaces) if space.kept]
            names.update(zip(kept, self._kept_names(level.name), strict=False))
        missing = [number for number in range(count) if number not in names]
        if missing or len(set(names.values())) != count:
            raise SpecError("this file does not fit the texts beside it: other data spaces", Location(file))
        return tuple(names[number] for number in range(count))

    def _kept_names(self, level: str) -> list[str]:
        printed = self.printed_levels.get(level)
        if printed is not None:
            return [space.name for space in printed.data_spaces]
        nest = self.nest.level(level) if self.nest is not None else None
        return [tile.data_space for tile in nest.tiles] if nest is not None else []


def _full(sources: _Sources, text: str) -> Figures:
    archive, cycles = sources.archive, sources.summary.cycles
    unit = archive.arithmetic
    compute = LevelRecord(
        name=unit.name,
        cycles=unit.cycles,
        energy_pj=unit.energy_pj,
        leakage_pj=0.0,
        area_um2=unit.area_um2 * unit.instances,
        instances=unit.instances,
        utilized_instances=unit.utilized_instances,
        dataspaces={},
        computes=_computes(sources.unit),
    )
    levels = (compute, *(_level(sources, level) for level in archive.levels))
    networks = tuple(_network(sources, network) for network in archive.networks)
    energy = sum(level.energy_pj for level in levels) + sum(network.energy_pj for network in networks)
    busy = unit.random_computes + unit.gated_computes
    return Figures(
        cycles=cycles,
        energy_pj=energy,
        edp_j_cycles=energy * cycles / 1e12,
        utilization=busy / unit.instances / cycles,
        macs=unit.algorithmic_computes,
        bound_by=_bound(levels, has_compute=True),
        levels=levels,
        networks=networks,
        precision="full",
        loop_nest=text,
    )


def _level(sources: _Sources, level: ArchivedLevel) -> LevelRecord:
    printed = sources.printed_levels.get(level.name)
    told = {space.name: space for space in printed.data_spaces} if printed is not None else {}
    spaces = {
        name: LevelDataSpace(
            reads=space.reads,
            fills=space.fills,
            updates=space.updates,
            temporal_reductions=space.temporal_reductions,
            partition_size=space.partition_size,
            tile_size=_tile_size(sources.nest, level.name, name, space.utilized_capacity),
            utilized_instances=space.utilized_instances,
            energy_pj=space.energy_pj,
            sparse=_sparse(told.get(name)),
        )
        for name, space in zip(sources.names, level.data_spaces, strict=True)
        if space.kept
    }
    # Timeloop leaves out a level only where it has no energy at all, so no leakage either.
    leakage = printed.leakage_pj if printed is not None else 0.0
    return LevelRecord(
        name=level.name,
        cycles=level.cycles,
        energy_pj=sum(space.energy_pj for space in spaces.values()) + leakage,
        leakage_pj=leakage,
        area_um2=printed.area_um2 * level.instances if printed is not None else None,
        instances=level.instances,
        utilized_instances=max(space.utilized_instances for space in level.data_spaces),
        dataspaces=spaces,
    )


def _network(sources: _Sources, network: ArchivedNetwork) -> NetworkRecord:
    printed = sources.printed_networks.get(network.name)
    told = {space.name: space for space in printed.data_spaces} if printed is not None else {}
    spaces = {}
    for number, (name, space) in enumerate(zip(sources.names, network.data_spaces, strict=True)):
        beside = told.get(name)
        around = [level.data_spaces[number].utilized_instances for level in sources.archive.levels]
        each = (
            space.energy_per_instance_pj
            + space.link_transfer_energy_per_instance_pj
            + space.spatial_reduction_energy_per_instance_pj
        )
        # Timeloop adds up a reduction tree's energy once, whatever the number of instances.
        times = network.type != "ReductionTree" and beside is not None
        spaces[name] = NetworkDataSpace(
            fanout=space.fanout,
            multicast_factor=space.multicast_factor,
            ingresses=beside.ingresses if beside is not None else None,
            link_transfers=float(space.link_transfers or 0),
            spatial_reductions=float(space.spatial_reductions or 0),
            hops=space.hops or 0.0,
            energy_pj=total_pj(each, beside.energy_pj, around) if times and beside is not None else each,
        )
    return NetworkRecord(network.name, sum(space.energy_pj for space in spaces.values()), spaces)


def total_pj(each_pj: float, printed_pj: float, instances: Sequence[float]) -> float:
    """The total of a network in full precision, from the energy of one instance and the rounded total.

    How many there are is nowhere told: as many as a level beside it has in use (``instances``), or else the
    one whole number that would be printed so. The rounded total where neither fits.
    """
    if each_pj == 0:
        return each_pj
    rounding = _ENERGIES_OF_A_DATA_SPACE * _HALF_A_PRINTED_STEP_PJ + _ROUNDING * printed_pj
    totals = [each_pj * number for number in instances]
    nearest = min(totals, key=lambda total: abs(total - printed_pj), default=math.inf)
    if abs(nearest - printed_pj) <= rounding:
        return nearest
    ratio = printed_pj / each_pj
    if each_pj > 2 * rounding and math.isfinite(ratio):
        whole = each_pj * round(ratio)
        if abs(whole - printed_pj) <= rounding:
            return whole
    return printed_pj


def _bound(levels: tuple[LevelRecord, ...] | list[LevelRecord], *, has_compute: bool) -> str:
    slowest, bound = (levels[0].cycles if has_compute and levels else 0), "compute"
    for level in levels[1:] if has_compute else levels:
        if level.cycles > slowest:
            slowest, bound = level.cycles, level.name
    return bound
