"""Integer arithmetic and registers as Accelergy's Aladdin table plug-in answers them.

Source: accelergy-aladdin-plug-in 5e2e126: figures of Aladdin at 40 nm, by the latency for which the logic is
built; ``estimation_tables/logic/aladdin_table.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from harness.estimation.query import AttributeFault, Declined, Finding, Query
from harness.estimation.table_file import read_table

ALADDIN = "Aladdin at 40 nm (Shao et al., ISCA 2014, doi 10.1109/ISCA.2014.6853196)"
CITATION = f"Accelergy Aladdin plug-in 5e2e126: {ALADDIN}"
ENERGY_UNCERTAINTY, AREA_UNCERTAINTY = 0.049, 0.066
"""What Aladdin's paper states for power and area against synthesised designs: for whole accelerators at its
own node, so it is claimed for rows as they are only."""

_OPERATION = ("access", "compute", "read")
_ACCESS = ("access", "read", "write", "update")
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "intadder": ("add", *_OPERATION),
    "intmultiplier": ("multiply", "mult_random", *_OPERATION),
    "intmac": ("mac", "mac_random", "mac_reused", "mac_gated", *_OPERATION),
    "reg": _ACCESS,
    "regfile": _ACCESS,
    "comparator": ("compare", *_OPERATION),
    "counter": ("count", *_OPERATION),
}
"""What costs the row's energy. The plug-in charges it for any word; here another one is a slip of the pen."""
IDLE_ACTIONS = ("leak", "idle")

_ROW_WIDTH = {"reg": 1}
"""Bits of a row, where they are not 32."""


def stated_uncertainty(query: Query) -> float | None:
    """The paper's +- of a row as it is; None for leakage, of which it says nothing by itself."""
    return {None: AREA_UNCERTAINTY, "leak": None}.get(query.action, ENERGY_UNCERTAINTY)


class AladdinTableSource:
    """intadder, intmultiplier, intmac, reg, regfile, comparator, counter; 45 nm has the values of 40 nm."""

    name = "aladdin_table"
    accuracy = 70

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def classes(self) -> Iterable[str]:
        return ACTIONS

    def estimate(self, query: Query) -> Finding:
        if query.class_name not in ACTIONS:
            raise Declined("not in the Aladdin table", knows_class=False)
        if query.technology_nm not in (40.0, 45.0):
            shown = query.attributes.get("technology")
            raise Declined(f"the Aladdin table knows 40 and 45 nm, not technology {shown!r}")
        query = _known(query)
        width = query.number("width")
        if width <= 0:
            raise AttributeFault("a width is 0 or less")
        latency_ns = self._latency_ns(query)
        note = f"row for {latency_ns:g} ns, width {width:g}"
        if query.class_name in ("intmultiplier", "intmac"):
            note += " of 32, multiplier quadratic"
        if query.class_name == "regfile":
            value, words = self._register_file(query, width, latency_ns)
        else:
            value = self._value(query, query.class_name, width, latency_ns)
            words = _width_words(query.class_name, width)
        if query.technology_nm != 40:
            words.append("40 -> 45 nm x1 (the plug-in gives both the same figures)")
        as_it_is = not words
        return Finding(
            value,
            self.name,
            self.accuracy,
            note,
            "row" if as_it_is else "scaled",
            CITATION,
            scaling="; ".join(words),
            uncertainty=stated_uncertainty(query) if as_it_is else None,
        )

    def _register_file(self, query: Query, width: float, latency_ns: float) -> tuple[float, list[str]]:
        """The registers of one row, and a comparator of the address in every row, leakage and area too.

        That the registers of the other rows neither leak nor take area is the plug-in's simplification.
        """
        depth = query.positive_integer("depth")
        address_bits = math.ceil(math.log2(depth))
        row = self._value(query, "reg", width, latency_ns)
        comparator = self._value(query, "comparator", address_bits, latency_ns)
        unit = {None: "um^2", "leak": "pJ per cycle"}.get(query.action, "pJ")
        words = [
            f"a row of {width:g} registers, {width:g} x {row / width:g} = {row:g} {unit}",
            f"and {depth} comparators of the address, {address_bits} of 32 bits x{address_bits / 32:g}, "
            f"{depth} x {comparator:g} = {depth * comparator:g} {unit}",
        ]
        return row + depth * comparator, words

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


def _known(query: Query) -> Query:
    """The query with an action that the table has a figure for; :class:`Declined` for any other word."""
    if query.action is None:
        return query
    if query.action in IDLE_ACTIONS:
        return replace(query, action="leak")
    known = ACTIONS[query.class_name]
    if query.action not in known:
        listed = ", ".join((*known, *IDLE_ACTIONS))
        raise Declined(f"{query.class_name} has no action '{query.action}', only {listed}")
    return query


def _width_words(class_name: str, width: float) -> list[str]:
    base = _ROW_WIDTH.get(class_name, 32)
    if width == base:
        return []
    law = {"intmultiplier": " squared", "intmac": " (multiplier: squared)"}.get(class_name, "")
    return [f"width {width:g} of {base:g} x{width / base:.3g}{law}"]


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
