"""Adders, multipliers, registers, comparators and counters as Accelergy's library plug-in answers them.

Source: Accelergy library plug-in ba4e9da: Aladdin figures at 40 nm and 1 ns, brought to other nodes with
factors for 0.8 V. Base rows and factors are data: ``estimation_tables/logic/library.csv`` and
``technology.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from harness.estimation.query import AttributeFault, Declined, Finding, Query
from harness.estimation.table_file import read_table

BASE_NODE_NM = 40.0
BASE_CYCLE_SECONDS = 1e-9
ACCURACY = 90
CLASSES = ("aladdin_adder", "aladdin_multiplier", "aladdin_register", "aladdin_comparator", "aladdin_counter")
FREE_ACTIONS = ("write", "update")
"""Actions that the library lists with no energy, for every component (a register's write included)."""


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One component of ``width`` bits at 40 nm and 1 ns. ``actions`` cost ``energy_pj`` each."""

    width: float
    energy_pj: float
    leak_pj: float
    area_um2: float
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """Energy (arbitrary unit, only quotients count) and area (relative to 40 nm) at a listed node."""

    nanometres: float
    energy: float
    area: float


@dataclass(frozen=True)
class LogicLibrary:
    rows: Mapping[str, LibraryRow]
    nodes: tuple[Node, ...]
    """Ascending in nanometres."""

    def energy_factor(self, nanometres: float) -> float:
        """Factor on energy and leakage from 40 nm to ``nanometres``."""
        return self._energy_at(nanometres) / self._energy_at(BASE_NODE_NM)

    def _energy_at(self, nanometres: float) -> float:
        return self._between_nodes(nanometres, lambda node: node.energy, math.sqrt)

    def area_factor(self, nanometres: float) -> float:
        return self._between_nodes(nanometres, lambda node: node.area, float)

    def _between_nodes(
        self, nanometres: float, value: Callable[[Node], float], beyond: Callable[[float], float]
    ) -> float:
        """The value at any node.

        Between two listed nodes the library weighs the neighbours the wrong way round: close to the
        larger node it returns the value of the smaller one. Kept, because the reference's figures carry
        it (28 nm is scaled as if two thirds of the way from 32 to 20 nm).
        """
        first, last = self.nodes[0], self.nodes[-1]
        if nanometres < first.nanometres:
            return value(first) * beyond(max(nanometres, 1.0) / first.nanometres)
        if nanometres > last.nanometres:
            return value(last) * beyond(nanometres / last.nanometres)
        small = max((n for n in self.nodes if n.nanometres <= nanometres), key=lambda n: n.nanometres)
        large = min((n for n in self.nodes if n.nanometres >= nanometres), key=lambda n: n.nanometres)
        if small is large:
            return value(small)
        x = (nanometres - small.nanometres) / (large.nanometres - small.nanometres)
        return (1 - x) * value(large) + x * value(small)


@lru_cache(maxsize=4)
def load_library(folder: Path) -> LogicLibrary:
    """``library.csv`` and ``technology.csv`` of ``folder``."""
    rows = {}
    for row in read_table(folder / "library.csv"):
        rows[row.text("component")] = LibraryRow(
            width=row.positive("width_bits"),
            energy_pj=row.not_negative("energy_pj"),
            leak_pj=row.not_negative("leak_pj_per_cycle"),
            area_um2=row.not_negative("area_um2"),
            actions=tuple(row.text("actions").split()),
        )
    nodes = [
        Node(row.positive("technology_nm"), row.positive("energy"), row.positive("area_from_40nm"))
        for row in read_table(folder / "technology.csv")
    ]
    return LogicLibrary(rows, tuple(sorted(nodes, key=lambda n: n.nanometres)))


class AccelergyLogicSource:
    """``aladdin_*`` components: base row x width x technology; leakage x cycle time."""

    name = "accelergy_library"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def classes(self) -> Iterable[str]:
        return CLASSES

    def estimate(self, query: Query) -> Finding:
        if query.class_name not in CLASSES:
            raise Declined("not in the library", knows_class=False)
        library = load_library(self._folder)
        row = library.rows[query.class_name]
        node = query.technology_nm
        # The library compares the attribute as text: only "40nm" is the node of its own rows.
        scaled = str(query.attributes.get("technology")).strip() != "40nm"
        width_factor, note = _width_factor(query, row)
        node_factor = 1.0
        if scaled:
            node_factor = library.area_factor(node) if query.action is None else library.energy_factor(node)
        if query.action is None:
            value = row.area_um2 * node_factor
        elif query.action == "leak":
            value = row.leak_pj * node_factor
            value *= query.cycle_seconds / BASE_CYCLE_SECONDS
        elif query.action in row.actions:
            value = row.energy_pj * node_factor
        elif query.action in FREE_ACTIONS:
            return Finding(0.0, self.name, ACCURACY, "the library charges no energy for writing")
        else:
            known = ", ".join((*row.actions, *FREE_ACTIONS, "leak"))
            raise Declined(f"{query.class_name} has no action '{query.action}', only {known}")
        if node_factor != 1:
            note += f", {BASE_NODE_NM:g} -> {node:g} nm x{node_factor:.3g}"
        return Finding(value * width_factor, self.name, ACCURACY, note)


def _width_factor(query: Query, row: LibraryRow) -> tuple[float, str]:
    """The factor for the bit width(s), and a note of the width(s) and of what they are scaled from.

    The first of ``width`` and ``datawidth`` that the component lists counts; a multiplier also takes
    ``width_a`` and ``width_b``, each a further factor. Other spellings (``n_bits``, ``precision``) are no
    columns of the library and change nothing.
    """
    names = [next((n for n in query.attributes if n in ("width", "datawidth")), None)]
    if query.class_name == "aladdin_multiplier":
        names += [n for n in ("width_a", "width_b") if n in query.attributes]
    widths = {name: query.number(name) for name in names if name is not None}
    factor = 1.0
    for width in widths.values():
        factor *= width / row.width
    if factor <= 0:
        raise AttributeFault("a width is 0 or less")
    return factor, _width_note(query.class_name, widths, row.width)


def _width_note(class_name: str, widths: Mapping[str, float], base: float) -> str:
    """Such as "width 8 of 32, linear": that a multiplier is scaled by one width or by two is worth a word."""
    if not widths:
        return f"no width given: {base:g} bit"
    note = " x ".join(f"{name} {width:g}" for name, width in widths.items())
    if all(width == base for width in widths.values()):
        return note
    note += f" of {base:g}" if base != 1 else ""
    if class_name == "aladdin_multiplier":
        note += f", {('linear', 'bilinear', 'trilinear')[len(widths) - 1]}"
    return note


class AladdinTableSource:
    """intadder, intmultiplier, intmac, reg, regfile, comparator, counter of the Aladdin table plug-in.

    Source: accelergy-aladdin-plug-in 5e2e126, figures at 40 nm by the latency that the logic is built
    for; ``estimation_tables/logic/aladdin_table.csv``. It answers 40 and 45 nm, with the same values.
    """

    name = "aladdin_table"
    accuracy = 70
    _classes = ("intadder", "intmultiplier", "intmac", "reg", "regfile", "comparator", "counter")

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def classes(self) -> Iterable[str]:
        return self._classes

    def estimate(self, query: Query) -> Finding:
        if query.class_name not in self._classes:
            raise Declined("not in the Aladdin table", knows_class=False)
        if query.technology_nm not in (40.0, 45.0):
            shown = query.attributes.get("technology")
            raise Declined(f"the Aladdin table knows 40 and 45 nm, not technology {shown!r}")
        width = query.number("width")
        if width <= 0:
            raise AttributeFault("a width is 0 or less")
        latency_ns = self._latency_ns(query)
        note = f"row for {latency_ns:g} ns, width {width:g}"
        if query.class_name in ("intmultiplier", "intmac"):
            note += " of 32, multiplier quadratic"
        if query.class_name == "regfile":
            return Finding(self._register_file(query, width, latency_ns), self.name, self.accuracy, note)
        value = self._value(query, query.class_name, width, latency_ns)
        return Finding(value, self.name, self.accuracy, note)

    def _register_file(self, query: Query, width: float, latency_ns: float) -> float:
        """The registers of one row, and a comparator of the address in every row, leakage and area too.

        That the registers of the other rows neither leak nor take area is the plug-in's simplification.
        """
        depth = query.positive_integer("depth")
        address_bits = math.ceil(math.log2(depth))
        row = self._value(query, "reg", width, latency_ns)
        return row + depth * self._value(query, "comparator", address_bits, latency_ns)

    @staticmethod
    def _latency_ns(query: Query) -> float:
        """The latency row: 0.5 ns up to 0.75 ns, then whole ns rounded up, 7 to 10 become 6, above 10."""
        latency = query.number("global_cycle_seconds", 5e-9) * query.number("action_latency_cycles", 1) * 1e9
        # 3 * 1e-9 * 1e9 is a hair above 3; without the rounding it would take the row for 4 ns.
        latency = round(latency, 9)
        if latency <= 0.75:
            return 0.5
        if latency > 10:
            return 10.0
        return float(min(math.ceil(latency), 6))

    def _value(self, query: Query, component: str, width: float, latency_ns: float) -> float:
        if component == "intmac":
            return self._multiply_accumulate(query, width, latency_ns)
        by_latency = load_aladdin_table(self._folder)[component]
        row = by_latency.get(latency_ns) or next(iter(by_latency.values()))
        scale = {"reg": width, "intmultiplier": (width / 32) ** 2}.get(component, width / 32)
        if query.action is None:
            return row.area_um2 * scale
        if query.action == "leak":
            return row.idle_pj * scale * query.cycle_seconds * 1e9 / row.latency_ns
        return row.energy_pj * scale

    def _multiply_accumulate(self, query: Query, width: float, latency_ns: float) -> float:
        """Adder and multiplier; a reused product takes 0.85 of the multiplier, a gated one idles it."""
        adder = self._value(query, "intadder", width, latency_ns)
        if query.action == "mac_gated":
            query = replace(query, action="leak")
        multiplier = self._value(query, "intmultiplier", width, latency_ns)
        return adder + multiplier * (0.85 if query.action == "mac_reused" else 1.0)


@dataclass(frozen=True, slots=True)
class AladdinRow:
    latency_ns: float
    energy_pj: float
    idle_pj: float
    area_um2: float


@lru_cache(maxsize=4)
def load_aladdin_table(folder: Path) -> Mapping[str, Mapping[float, AladdinRow]]:
    """Component -> latency in ns -> row, in file order (the first row stands in for a missing latency)."""
    table: dict[str, dict[float, AladdinRow]] = {}
    for row in read_table(folder / "aladdin_table.csv"):
        latency = row.positive("latency_ns")
        table.setdefault(row.text("component"), {})[latency] = AladdinRow(
            latency, row.not_negative("energy_pj"), row.not_negative("idle_pj"), row.not_negative("area_um2")
        )
    return table
