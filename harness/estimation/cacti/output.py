"""The figures that CACTI writes beside its configuration file: one line under one of column names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from harness.estimation.cacti.request import CactiRequest


class Garbage(Exception):
    """What CACTI wrote is not an answer to the question."""


@dataclass(frozen=True)
class CactiAnswer:
    """Energies in nJ per access, leakage in mW per bank, area in mm^2, times in ns: as CACTI prints them."""

    read_nj: float
    write_nj: float
    leak_mw_per_bank: float
    area_mm2: float
    cycle_ns: float
    access_ns: float

    def record(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


COLUMNS = {
    "read_nj": "Dynamic read energy (nJ)",
    "write_nj": "Dynamic write energy (nJ)",
    "leak_mw_per_bank": "Standby leakage per bank(mW)",
    "area_mm2": "Area (mm2)",
    "cycle_ns": "Random cycle time (ns)",
    "access_ns": "Access time (ns)",
}


def answer_in(text: str, request: CactiRequest) -> CactiAnswer:
    """The last line of CACTI's table; :class:`Garbage` where it is incomplete or of another memory."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise Garbage("it wrote no figures")
    names = [name.strip() for name in lines[0].split(",")]
    row = dict(zip(names, (entry.strip() for entry in lines[-1].split(",")), strict=False))
    asked = {"Tech node (nm)": request.node_nm, "Capacity (bytes)": request.capacity_bytes}
    for name, value in asked.items():
        if _number(row, name) != value:
            raise Garbage(f"it answers for {name} {row.get(name)}, not {value}")
    return checked_answer({key: _number(row, name) for key, name in COLUMNS.items()})


def checked_answer(figures: Mapping[str, object]) -> CactiAnswer:
    """``figures`` by the names of :class:`CactiAnswer`, none missing, all finite and above 0."""
    taken: dict[str, float] = {}
    for name, column in COLUMNS.items():
        value = figures.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise Garbage(f"its figure for '{column}' makes no sense")
        taken[name] = float(value)
    return CactiAnswer(**taken)


def _number(row: Mapping[str, str], name: str) -> float:
    try:
        return float(row[name])
    except KeyError:
        raise Garbage(f"the column '{name}' is missing") from None
    except ValueError:
        raise Garbage(f"its figure for '{name}' is no number") from None
