"""SRAM as Accelergy's CACTI plug-in answers it, from a table of its answers and its own rules.

Source: accelergy-cacti-plug-in 291018b with CACTI 7, class SRAM; the answers lie in
``estimation_tables/sram/cacti.csv.gz``. The plug-in asks CACTI for at least 32 bits and 64 rows per bank
and scales the answer down; it interpolates between technology nodes. Both steps are repeated here, so
that a query with a table row (after those steps) gets the plug-in's double.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from harness.errors import EstimationError, Location
from harness.estimation.query import Declined, Finding, Query
from harness.estimation.table_file import read_numbers

NODES_NM = (22.0, 32.0, 45.0, 65.0, 90.0)
SMALLEST_WIDTH = 32
ROWS_PER_BANK = 64
EXACT_ACCURACY = 80
INTERPOLATED_ACCURACY = 70
COLUMNS = (
    *("technology_nm", "width_bits", "depth", "ports", "banks"),
    *("read_pj", "write_pj", "leak_pj_per_cycle", "cycle_s", "area_um2"),
)
DEPTH_EXPONENT = 1.56 / 2
BELOW_22NM_LEAKAGE = 0.79
"""FinFETs leak 21 % less: the plug-in applies this to every node below 22 nm."""


@dataclass(frozen=True, slots=True)
class SramCost:
    """One access in pJ, leakage in pJ per second (that is, pW), area in um^2."""

    read_pj: float
    write_pj: float
    leak_pj_per_s: float
    area_um2: float

    def scaled(self, access: float, leak: float, area: float) -> SramCost:
        return SramCost(
            self.read_pj * access, self.write_pj * access, self.leak_pj_per_s * leak, self.area_um2 * area
        )

    def mixed(self, other: SramCost, share: float) -> SramCost:
        """``1 - share`` of this and ``share`` of ``other``, each figure for itself."""
        return SramCost(
            (1 - share) * self.read_pj + share * other.read_pj,
            (1 - share) * self.write_pj + share * other.write_pj,
            (1 - share) * self.leak_pj_per_s + share * other.leak_pj_per_s,
            (1 - share) * self.area_um2 + share * other.area_um2,
        )

    def mixed_in_logarithms(self, other: SramCost, share: float) -> SramCost:
        return SramCost(
            _geometric(self.read_pj, other.read_pj, share),
            _geometric(self.write_pj, other.write_pj, share),
            _geometric(self.leak_pj_per_s, other.leak_pj_per_s, share),
            _geometric(self.area_um2, other.area_um2, share),
        )


def _geometric(a: float, b: float, share: float) -> float:
    return math.exp((1 - share) * math.log(a) + share * math.log(b))


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


@lru_cache(maxsize=2)
def load_sram_table(path: Path) -> SramTable:
    costs: dict[tuple[Organisation, int, int], SramCost] = {}
    widths: dict[Organisation, set[int]] = {}
    depths: dict[tuple[Organisation, int], list[int]] = {}
    for node, width, depth, ports, banks, read, write, leak, cycle, area in read_numbers(path, COLUMNS):
        organisation = Organisation(node, int(ports), int(banks))
        key = (organisation, int(width), int(depth))
        if key in costs:
            raise EstimationError(
                f"the memory {node:g} nm {width:g} x {depth:g} occurs twice", Location(str(path))
            )
        if not (read > 0 and write > 0 and cycle > 0 and area > 0):
            raise EstimationError(f"a figure of the memory {width:g} x {depth:g} is 0", Location(str(path)))
        costs[key] = SramCost(read, write, leak / cycle, area)
        widths.setdefault(organisation, set()).add(int(width))
        depths.setdefault((organisation, int(width)), []).append(int(depth))
    return SramTable(
        costs,
        {organisation: tuple(sorted(w)) for organisation, w in widths.items()},
        {key: tuple(sorted(d)) for key, d in depths.items()},
    )


@dataclass(frozen=True, slots=True)
class Memory:
    """What is asked of CACTI: the true size, and the true and the rounded number of banks."""

    width: int
    depth: int
    ports: int
    banks: int

    @property
    def cacti_banks(self) -> int:
        return 1 << (self.banks - 1).bit_length()

    @property
    def cacti_width(self) -> int:
        return max(SMALLEST_WIDTH, 8 * math.ceil(self.width / 8))

    @property
    def cacti_depth(self) -> int:
        return max(self.depth, ROWS_PER_BANK * self.cacti_banks)


class AccelergySramSource:
    """Class SRAM: read, write, update, leak and area."""

    name = "accelergy_cacti_table"

    def __init__(self, path: Path) -> None:
        self._path = path

    def classes(self) -> Iterable[str]:
        return ("SRAM",)

    def estimate(self, query: Query) -> Finding:
        if query.class_name != "SRAM":
            raise Declined("not an SRAM", knows_class=False)
        if query.action not in (None, "read", "write", "update", "leak"):
            raise Declined(f"an SRAM has no action '{query.action}', only read, write, update and leak")
        # The plug-in's argument is n_rw_ports. The spellings of the published architectures
        # (n_rdwr_ports, nports, num_ports) never reach it: those memories have one port.
        memory = Memory(
            query.positive_integer("width"),
            query.positive_integer("depth"),
            query.positive_integer("n_rw_ports", 1),
            query.positive_integer("n_banks", 1),
        )
        cost, notes = cost_at(load_sram_table(self._path), memory, query.technology_nm)
        accuracy = INTERPOLATED_ACCURACY if notes else EXACT_ACCURACY
        note = "; ".join(dict.fromkeys(notes))
        return Finding(_asked_value(cost, query), self.name, accuracy, note)


def _asked_value(cost: SramCost, query: Query) -> float:
    if query.action is None:
        return cost.area_um2
    if query.action == "leak":
        return cost.leak_pj_per_s * query.cycle_seconds
    activity = 0.7 * _fraction(query, "data_delta") + 0.3 * _fraction(query, "address_delta")
    return (cost.read_pj if query.action == "read" else cost.write_pj) * activity


def _fraction(query: Query, argument: str) -> float:
    value = query.arguments.get(argument, 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Declined(f"argument '{argument}' is {value!r}, it must lie between 0 and 1")
    return float(value)


def cost_at(table: SramTable, memory: Memory, node: float) -> tuple[SramCost, list[str]]:
    """The memory at any technology node, and notes on what is not exactly the plug-in's answer."""
    exact = table.costs.get((Organisation(node, memory.ports, memory.banks), memory.width, memory.depth))
    if exact is not None:
        return exact, []
    if node < NODES_NM[0]:
        shrink = node / NODES_NM[0]
        cost, notes = _cost_at_node(table, memory, NODES_NM[0])
        return cost.scaled(math.sqrt(shrink), BELOW_22NM_LEAKAGE * math.sqrt(shrink), shrink), notes
    if node > NODES_NM[-1]:
        growth = (node / NODES_NM[-1]) ** 2
        cost, notes = _cost_at_node(table, memory, NODES_NM[-1])
        return cost.scaled(growth, growth, growth), notes
    high = NODES_NM[bisect_left(NODES_NM, node)]
    if high == node:
        return _cost_at_node(table, memory, node)
    try:
        return _between_nodes(table, memory, node, high)
    except Declined:
        beyond = _towards_a_deeper_row(table, memory, node, high)
        if beyond is None:
            raise
        return beyond


def _between_nodes(table: SramTable, memory: Memory, node: float, high: float) -> tuple[SramCost, list[str]]:
    low = NODES_NM[NODES_NM.index(high) - 1]
    below, notes_below = _cost_at_node(table, memory, low)
    above, notes_above = _cost_at_node(table, memory, high)
    return below.mixed(above, (node - low) / (high - low)), notes_below + notes_above


def _towards_a_deeper_row(
    table: SramTable, memory: Memory, node: float, high: float
) -> tuple[SramCost, list[str]] | None:
    """A memory deeper than the rows of both neighbouring nodes, but not than a row of this very node.

    The large buffers of the published architectures have rows at 28 nm; sweeps go through smaller ones.
    """
    low = NODES_NM[NODES_NM.index(high) - 1]
    here = Organisation(node, memory.ports, memory.banks)
    deeper = [d for d in table.depths.get((here, memory.width), ()) if d > memory.depth]
    grids = [
        table.depths.get((Organisation(n, memory.ports, memory.cacti_banks), memory.cacti_width), ())
        for n in (low, high)
    ]
    if not deeper or not all(grids):
        return None
    shallow = min(grid[-1] for grid in grids)
    if shallow >= memory.depth:
        return None
    deep = deeper[0]
    start, _ = _between_nodes(table, replace(memory, depth=shallow), node, high)
    share = math.log(memory.depth / shallow) / math.log(deep / shallow)
    cost = start.mixed_in_logarithms(table.costs[here, memory.width, deep], share)
    return cost, [f"interpolated between depths {shallow} and {deep}"]


def _cost_at_node(table: SramTable, memory: Memory, node: float) -> tuple[SramCost, list[str]]:
    """The plug-in's size step at a CACTI node."""
    organisation = Organisation(node, memory.ports, memory.cacti_banks)
    if organisation not in table.widths:
        raise Declined(
            f"the SRAM table has no memories with {memory.ports} ports and {memory.cacti_banks} banks "
            f"at {node:g} nm"
        )
    cost, notes = _asked_of_cacti(table, organisation, memory.cacti_width, memory.cacti_depth)
    filled_width = memory.width / memory.cacti_width
    filled_depth = memory.depth / memory.cacti_depth
    if memory.banks != memory.cacti_banks and memory.depth < ROWS_PER_BANK * memory.cacti_banks:
        notes.append("few rows in a number of banks that is no power of two")
    access = (0.7 * filled_width + 0.3) * filled_depth**DEPTH_EXPONENT
    # CACTI gives leakage per bank; the plug-in multiplies by the true number of banks.
    leak = filled_width * filled_depth * memory.banks / memory.cacti_banks
    return cost.scaled(access, leak, filled_width * filled_depth), notes


def _asked_of_cacti(
    table: SramTable, organisation: Organisation, width: int, depth: int
) -> tuple[SramCost, list[str]]:
    """A row of the table, or an interpolation in logarithms between neighbouring widths and depths."""
    low, high, share = _neighbours(table.widths[organisation], width, "width")
    narrow, notes = _at_width(table, organisation, low, depth)
    if low == high:
        return narrow, notes
    wide, more_notes = _at_width(table, organisation, high, depth)
    note = f"interpolated between widths {low} and {high}"
    return narrow.mixed_in_logarithms(wide, share), [*notes, *more_notes, note]


def _at_width(
    table: SramTable, organisation: Organisation, width: int, depth: int
) -> tuple[SramCost, list[str]]:
    low, high, share = _neighbours(table.depths[organisation, width], depth, "depth")
    shallow = table.costs[organisation, width, low]
    if low == high:
        return shallow, []
    deep = table.costs[organisation, width, high]
    note = f"interpolated between depths {low} and {high}"
    return shallow.mixed_in_logarithms(deep, share), [note]


def _neighbours(tabled: Sequence[int], value: int, what: str) -> tuple[int, int, float]:
    """The tabled values around ``value`` and its place between them in logarithms."""
    at = bisect_left(tabled, value)
    if at < len(tabled) and tabled[at] == value:
        return value, value, 0.0
    if at in (0, len(tabled)):
        raise Declined(f"the SRAM table covers {what}s {tabled[0]} to {tabled[-1]} here, not {value}")
    low, high = tabled[at - 1], tabled[at]
    return low, high, math.log(value / low) / math.log(high / low)
