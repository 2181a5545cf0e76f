"""DRAM: energy per bit times the width of an access."""

from __future__ import annotations

from collections.abc import Iterable

from harness.estimation.query import Declined, Finding, Query

PICOJOULES_PER_BIT: dict[str, float] = {
    "LPDDR4": 8.0,
    "LPDDR": 40.0,
    "DDR3": 70.0,
    "GDDR5": 14.0,
    "HBM2": 3.9,
    "HMC": 4.2,
}
"""The constants of Accelergy's CACTI plug-in (291018b)."""

ACCESSES = ("read", "write", "update")


class DramSource:
    """Read, write and update cost the same; no leakage, no area; the technology plays no role."""

    name = "dram"

    def classes(self) -> Iterable[str]:
        return ("DRAM",)

    def estimate(self, query: Query) -> Finding:
        if query.class_name != "DRAM":
            raise Declined("not a DRAM", knows_class=False)
        dram_type = query.attributes.get("type")
        note = ""
        if dram_type is None:
            dram_type, note = "LPDDR4", "no type given: LPDDR4"
        per_bit = PICOJOULES_PER_BIT.get(str(dram_type))
        if per_bit is None:
            raise Declined(f"DRAM type {dram_type!r} is not among {', '.join(PICOJOULES_PER_BIT)}")
        width = query.positive_integer("width")
        if query.action in (None, "leak"):
            return Finding(0.0, self.name, 80, note or "not modelled: 0")
        if query.action not in ACCESSES:
            raise Declined(f"a DRAM has no action '{query.action}', only {', '.join(ACCESSES)} and leak")
        return Finding(per_bit * width, self.name, 80, note or f"{per_bit:g} pJ/bit")
