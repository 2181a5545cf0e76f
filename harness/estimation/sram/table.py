"""The table of Accelergy's answers for class SRAM, and interpolation between its rows in logarithms.

Source: accelergy-cacti-plug-in 291018b with CACTI 7, class SRAM; the answers lie in
``estimation_tables/sram/cacti.csv.gz``.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from harness.errors import EstimationError, Location
from harness.estimation.query import Declined
from harness.estimation.sram.worked import Worked
from harness.estimation.table_file import read_numbers

COLUMNS = (
    *("technology_nm", "width_bits", "depth", "ports", "banks"),
    *("read_pj", "write_pj", "leak_pj_per_cycle", "cycle_s", "area_um2"),
)


@dataclass(frozen=True, slots=True)
class SramCost:
    """One access, leakage, area. In the table pJ, pJ per second (that is, pW) and um^2; on their way through
    the rules in J, W and m^2, as in the plug-in, so that the last bit is the plug-in's."""

    read: float
    write: float
    leak: float
    area: float

    def scaled(self, access: float, leak: float, area: float) -> SramCost:
        return SramCost(self.read * access, self.write * access, self.leak * leak, self.area * area)

    def times(self, factor: float) -> SramCost:
        return self.scaled(factor, factor, factor)

    def mixed(self, other: SramCost, share: float) -> SramCost:
        """``1 - share`` of this and ``share`` of ``other``, each figure for itself."""
        return SramCost(*((1 - share) * a + share * b for a, b in self._beside(other)))

    def mixed_in_logarithms(self, other: SramCost, share: float) -> SramCost:
        return SramCost(
            *(math.exp((1 - share) * math.log(a) + share * math.log(b)) for a, b in self._beside(other))
        )

    def _beside(self, other: SramCost) -> list[tuple[float, float]]:
        return [(getattr(self, f.name), getattr(other, f.name)) for f in fields(SramCost)]


OFF_BETWEEN_DEPTHS = SramCost(0.08, 0.07, 0.03, 0.07)
OFF_BETWEEN_WIDTHS = SramCost(0.14, 0.05, 0.04, 0.06)
"""How far interpolation is off CACTI's own answer, relative: 9 of 10 memories are nearer
(``python -m benchmarks estimation``)."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The rows of the table that differ in depth and width only."""

    technology: float
    ports: int
    banks: int


@dataclass(frozen=True)
class SramTable:
    """All rows. ``costs`` is keyed by (organisation, width, depth), ``depths`` are sorted."""

    costs: Mapping[tuple[Organisation, int, int], SramCost]
    widths: Mapping[Organisation, tuple[int, ...]]
    depths: Mapping[tuple[Organisation, int], tuple[int, ...]]
    lines: Mapping[tuple[Organisation, int, int], int]
    """Where each row stands in the file."""

    def worked(self, key: tuple[Organisation, int, int]) -> Worked:
        cost = self.costs[key]
        return Worked.of(cost.read, cost.write, cost.leak, cost.area, self.lines[key])


@lru_cache(maxsize=2)
def load_sram_table(path: Path) -> SramTable:
    costs: dict[tuple[Organisation, int, int], SramCost] = {}
    widths: dict[Organisation, set[int]] = {}
    depths: dict[tuple[Organisation, int], list[int]] = {}
    lines: dict[tuple[Organisation, int, int], int] = {}
    for line, numbers in read_numbers(path, COLUMNS):
        node, width, depth, ports, banks, read, write, leak, cycle, area = numbers
        organisation = Organisation(node, int(ports), int(banks))
        key = (organisation, int(width), int(depth))
        if key in costs:
            raise EstimationError(
                f"the memory {node:g} nm {width:g} x {depth:g} occurs twice", Location(str(path))
            )
        if not (read > 0 and write > 0 and cycle > 0 and area > 0):
            raise EstimationError(f"a figure of the memory {width:g} x {depth:g} is 0", Location(str(path)))
        costs[key] = SramCost(read, write, leak / cycle, area)
        lines[key] = line
        widths.setdefault(organisation, set()).add(int(width))
        depths.setdefault((organisation, int(width)), []).append(int(depth))
    return SramTable(
        costs,
        {organisation: tuple(sorted(w)) for organisation, w in widths.items()},
        {key: tuple(sorted(d)) for key, d in depths.items()},
        lines,
    )


@dataclass(frozen=True)
class Between:
    """A row (no notes), or a figure between rows: between which, and how far such figures are off."""

    cost: SramCost
    worked: Worked
    notes: tuple[str, ...] = ()
    off: SramCost = SramCost(0.0, 0.0, 0.0, 0.0)


def between_rows(table: SramTable, organisation: Organisation, width: int, depth: int) -> Between:
    """A row of the table, or an interpolation between neighbouring widths and depths; else declined."""
    if organisation not in table.widths:
        raise Declined(
            f"the SRAM table has no memories with {organisation.ports} ports and {organisation.banks} banks "
            f"at {organisation.technology:g} nm"
        )
    low, high, share = _neighbours(table.widths[organisation], width, "width")
    narrow = _at_width(table, organisation, low, depth)
    if low == high:
        return narrow
    wide = _at_width(table, organisation, high, depth)
    note = f"interpolated between widths {low} and {high}"
    return _mixed(narrow, wide, share, note, OFF_BETWEEN_WIDTHS)


def _at_width(table: SramTable, organisation: Organisation, width: int, depth: int) -> Between:
    low, high, share = _neighbours(table.depths[organisation, width], depth, "depth")
    shallow = _of_row(table, (organisation, width, low))
    if low == high:
        return shallow
    deep = _of_row(table, (organisation, width, high))
    note = f"interpolated between depths {low} and {high}"
    return _mixed(shallow, deep, share, note, OFF_BETWEEN_DEPTHS)


def _of_row(table: SramTable, key: tuple[Organisation, int, int]) -> Between:
    return Between(table.costs[key], table.worked(key))


def _mixed(a: Between, b: Between, share: float, note: str, off: SramCost) -> Between:
    notes = tuple(dict.fromkeys((*a.notes, *b.notes, note)))
    worked = a.worked.mixed_in_logarithms(b.worked, share)
    return Between(a.cost.mixed_in_logarithms(b.cost, share), worked, notes, added(worse(a.off, b.off), off))


def worse(a: SramCost, b: SramCost) -> SramCost:
    return SramCost(*(max(getattr(a, f.name), getattr(b, f.name)) for f in fields(SramCost)))


def added(a: SramCost, b: SramCost) -> SramCost:
    return SramCost(*(getattr(a, f.name) + getattr(b, f.name) for f in fields(SramCost)))


def _neighbours(tabled: Sequence[int], value: int, what: str) -> tuple[int, int, float]:
    """The tabled values around ``value`` and its place between them in logarithms."""
    at = bisect_left(tabled, value)
    if at < len(tabled) and tabled[at] == value:
        return value, value, 0.0
    if at in (0, len(tabled)):
        raise Declined(f"the SRAM table covers {what}s {tabled[0]} to {tabled[-1]} here, not {value}")
    low, high = tabled[at - 1], tabled[at]
    return low, high, math.log(value / low) / math.log(high / low)


def towards_a_deeper_row(
    table: SramTable, at_node: Organisation, at_neighbours: Sequence[Organisation], width: int, depth: int
) -> tuple[int, int, SramCost, Worked] | None:
    """The depths that a memory lies between which is deeper than the rows of both neighbouring nodes, but not
    than a row of this very node, and that row.

    The large buffers of the published architectures have rows at 28 nm; sweeps go through smaller ones.
    """
    deeper = [d for d in table.depths.get((at_node, width), ()) if d > depth]
    grids = [table.depths.get((organisation, width), ()) for organisation in at_neighbours]
    if not deeper or not all(grids):
        return None
    shallow = min(grid[-1] for grid in grids)
    if shallow >= depth:
        return None
    key = (at_node, width, deeper[0])
    return shallow, deeper[0], table.costs[key], table.worked(key)
