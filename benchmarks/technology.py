"""``python -m benchmarks technology``: gemmini at process nodes from 7 to 65 nm, and at supply voltages.

Prints the tables of ``docs/technology.md``; a test holds them together.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.accounts import CASES, energy_pj, estimated
from harness.estimation import Estimate
from harness.estimation.dram import load_dram_kinds
from harness.estimation.logic_library import load_library
from harness.estimation.scaling import area_factor, energy_factor, nominal_voltage
from harness.spec.shipped import shipped_folder

NODES_NM = (7, 14, 22, 28, 32, 45, 65)
VOLTAGES_V = (0.6, 0.8, 1.0, 1.2)
CASE = "Gemmini KQV"
LIBRARY_NM = 40
"""Where the rows of the logic library are from."""


@dataclass(frozen=True)
class Point:
    """pJ of one access, of one multiply-accumulate and of one cycle's leakage; um^2; pJ of the mapping."""

    scratchpad_read: float
    accumulator_read: float
    mac: float
    dram_read: float
    leak_per_cycle: float
    scratchpad_area: float
    mac_area: float
    mapping: float
    warnings: tuple[str, ...]


def point(parameters: dict[str, Any]) -> Point:
    """Gemmini under ``parameters``, and the energy of the mapping of BERT-large's KQV on it."""
    case = json.loads(CASES.read_text())[CASE]
    _, found = estimated(case, parameters)
    return Point(
        _figure(found, "Scratchpad", "read"),
        _figure(found, "Accumulator", "read"),
        _figure(found, "MAC", "compute"),
        _figure(found, "DRAM", "read"),
        sum(_figure(found, level, "leak") for level in ("Scratchpad", "Accumulator", "Registers")),
        _figure(found, "Scratchpad", None),
        _figure(found, "MAC", None),
        energy_pj(case, parameters),
        tuple(dict.fromkeys(w for answer in found.answers for w in answer.warnings)),
    )


def _figure(found: Estimate, level: str, action: str | None) -> float:
    (value,) = (
        a.value
        for a in found.answers
        if a.action == action and a.component.split("[")[0].rsplit(".", 1)[-1] == level
    )
    return value


def by_node(nodes: Iterable[int] = NODES_NM) -> dict[int, Point]:
    return {nm: point({"technology": f"{nm}nm"}) for nm in nodes}


def by_voltage(voltages: Iterable[float] = VOLTAGES_V) -> dict[float | None, Point]:
    """The first is without a voltage."""
    return {None: point({}), **{volts: point({"voltage": volts}) for volts in voltages}}


def rightly_interpolated(points: dict[int, Point]) -> dict[int, tuple[float, float]]:
    """nm -> pJ and um^2 of the MAC if the library interpolated with the right weights."""
    figures = {}
    for nm, at_node in points.items():
        factors = library_factors(nm)
        figures[nm] = (
            at_node.mac * energy_factor(LIBRARY_NM, nm, flavour="library").factor / factors[0],
            at_node.mac_area * area_factor(LIBRARY_NM, nm).factor / factors[1],
        )
    return figures


def library_factors(nm: int) -> tuple[float, float]:
    """Accelergy's own factors on energy and area from 40 nm."""
    library = load_library(shipped_folder("estimation_tables") / "logic")
    return library.energy_factor(nm), library.area_factor(nm)


def node_table(points: dict[int, Point]) -> str:
    right = rightly_interpolated(points)
    rows = []
    for nm, at_node in points.items():
        energy, area = right[nm]
        rows.append(
            [
                f"{nm} nm",
                f"{at_node.scratchpad_read:.2f}",
                f"{at_node.accumulator_read:.3f}",
                f"{at_node.mac:.3f} ({energy:.3f})",
                f"{at_node.dram_read:.0f}",
                f"{at_node.leak_per_cycle:.4f}",
                f"{at_node.scratchpad_area / 1e6:.3f}",
                f"{at_node.mac_area:.0f} ({area:.0f})",
                f"{at_node.mapping / 1e9:.2f}",
            ]
        )
    head = ["node", "scratchpad read, pJ", "accumulator read, pJ", "MAC, pJ (rightly)", "DRAM read, pJ"]
    head += ["leakage per cycle, pJ", "scratchpad, mm²", "MAC, µm² (rightly)", "KQV, mJ"]
    return _markdown(head, rows)


def voltage_table(points: dict[float | None, Point]) -> str:
    head = ["`voltage`", "scratchpad read, pJ", "accumulator read, pJ", "MAC, pJ", "DRAM read, pJ"]
    head += ["leakage per cycle, pJ", "KQV, mJ"]
    rows = []
    for volts, at in points.items():
        shown = "not given" if volts is None else f"{volts:g} V"
        figures = [f"{at.scratchpad_read:.2f}", f"{at.accumulator_read:.3f}", f"{at.mac:.3f}"]
        figures += [f"{at.dram_read:.0f}", f"{at.leak_per_cycle:.4f}", f"{at.mapping / 1e9:.2f}"]
        rows.append([shown, *figures])
    return _markdown(head, rows)


def factor_table() -> str:
    """The laws for what is scaled from 45 nm, and the nominal supply of each node."""
    rows = []
    for nm in NODES_NM:
        factors = [energy_factor(45, nm, flavour=flavour).factor for flavour in ("hp", "lp", "library")]
        factors.append(area_factor(45, nm).factor)
        rows.append([f"{nm} nm", *(f"{factor:.3f}" for factor in factors), f"{nominal_voltage(nm):g} V"])
    head = ["from 45 nm to", "energy, high performance", "energy, low power", "energy, library's mixture"]
    return _markdown([*head, "area", "nominal supply"], rows)


def dram_table() -> str:
    kinds = load_dram_kinds(shipped_folder("estimation_tables") / "dram" / "pj_per_bit.csv")
    rows = [[name, f"{kind.picojoules_per_bit:g}", kind.source] for name, kind in kinds.items()]
    return _markdown(["`type`", "pJ per bit", "source"], rows)


def warning_lines(points: dict[int, Point]) -> str:
    """Each warning once, with the nodes at which it is given."""
    return "\n".join(f"- {nm} nm: {warning}" for nm, at in points.items() for warning in at.warnings)


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks technology", description=__doc__)
    parser.parse_args(arguments)
    points = by_node()
    print(node_table(points))
    print(f"\nWarnings:\n{warning_lines(points)}\n")
    print(f"{factor_table()}\n\n{voltage_table(by_voltage())}\n\n{dram_table()}")
    return 0
