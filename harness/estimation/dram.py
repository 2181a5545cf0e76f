"""DRAM: energy per bit times the width of an access. The constants and their sources are data:
``estimation_tables/dram/pj_per_bit.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.errors import EstimationError
from harness.estimation.query import Declined, Finding, Query, digits
from harness.estimation.table_file import read_table
from harness.spec.shipped import shipped_folder

ACCESSES = ("read", "write", "update")
ROW_FILE = "estimation_tables/dram/pj_per_bit.csv"
"""As derivations name it."""
DEFAULT_TYPE = "LPDDR4"
"""Accelergy's, where no type is given."""


@dataclass(frozen=True, slots=True)
class DramKind:
    picojoules_per_bit: float
    source: str
    line: int | None = None


@lru_cache(maxsize=4)
def load_dram_kinds(path: Path) -> Mapping[str, DramKind]:
    """The kinds in file order, by their name."""
    kinds: dict[str, DramKind] = {}
    for row in read_table(path):
        name = row.text("type")
        if name in kinds:
            raise EstimationError(f"the DRAM type {name} occurs twice", row.location)
        kinds[name] = DramKind(row.positive("pj_per_bit"), row.text("source"), row.location.line)
    return kinds


class DramSource:
    """Read, write and update cost alike; no leakage, no area; node and supply of the chip play no role."""

    name = "dram"

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or shipped_folder("estimation_tables") / "dram" / "pj_per_bit.csv"

    def classes(self) -> Iterable[str]:
        return ("DRAM",)

    def estimate(self, query: Query) -> Finding:
        if query.class_name != "DRAM":
            raise Declined("not a DRAM", knows_class=False)
        kinds = load_dram_kinds(self._path)
        dram_type = query.attributes.get("type")
        note = ""
        if dram_type is None:
            dram_type, note = DEFAULT_TYPE, f"no type given: {DEFAULT_TYPE}"
        kind = kinds.get(str(dram_type))
        if kind is None:
            raise Declined(f"DRAM type {dram_type!r} is not among {', '.join(kinds)}")
        width = query.positive_integer("width")
        if query.action in (None, "leak"):
            return Finding(0.0, self.name, 80, note or "not modelled: 0", "constant", kind.source)
        if query.action not in ACCESSES:
            raise Declined(f"a DRAM has no action '{query.action}', only {', '.join(ACCESSES)} and leak")
        per_bit = f"{kind.picojoules_per_bit:g} pJ/bit"
        scaling = f"{per_bit} x {width} bits, the same at every node"
        value = kind.picojoules_per_bit * width
        row = f"{ROW_FILE}{'' if kind.line is None else f':{kind.line}'}"
        steps = (f"{digits(kind.picojoules_per_bit)} pJ/bit ({row})", f"x {width}: bits")
        return Finding(
            value, self.name, 80, note or per_bit, "constant", kind.source, scaling=scaling, steps=steps
        )
