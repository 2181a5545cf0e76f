"""Reads the summary of a ``stats.txt``, ours or Timeloop's, of today (fJ/Compute) or of 2024 (pJ/Compute).

For result folders of the prior harness and for comparing files; this package's own results are read from
``result.json``, which has every figure in full precision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import Location, SpecError
from harness.timeloop_outputs.sections import UNITS_IN_PJ

_FIELDS = {
    "gflops": re.compile(r"^GFLOPs \(@1GHz\): (\S+)"),
    "utilization": re.compile(r"^Utilization: (\S+?)%?$"),
    "cycles": re.compile(r"^Cycles: (\d{1,19})\b"),
    "energy": re.compile(r"^Energy: (\S+) (\w+)"),
    "edp": re.compile(r"^EDP\(J\*cycle\): (\S+)"),
    "area": re.compile(r"^Area: (\S+) mm\^2"),
    "algorithmic": re.compile(r"^Algorithmic Computes = (\d{1,19})\b"),
    "computes": re.compile(r"^(?:Actual )?Computes = (\d{1,19})\b"),
}
_UNIT_LINE = re.compile(r"^\s*([fpn]J)/Compute\s*$")
_SHARE = re.compile(r"^\s+(\S.*?)\s*=\s*(\S+)\s*$")


@dataclass(frozen=True, slots=True)
class StatsSummary:
    """The summary as printed, so with the two decimals of the text; energies in pJ.

    ``energy_per_compute_pj`` are (level or network, pJ per compute) in the order of the file, with
    "Total" last. ``energy_unit`` is the unit of that table in the file.
    """

    cycles: int
    energy_pj: float
    edp_j_cycles: float
    utilization: float
    computes: int
    algorithmic_computes: int
    area_mm2: float | None
    gflops: float | None
    energy_unit: str
    energy_per_compute_pj: tuple[tuple[str, float], ...]

    def level_energy_pj(self, name: str) -> float:
        """Total energy of one level or network, recovered from its share per compute."""
        return dict(self.energy_per_compute_pj)[name] * self.computes


def parse_stats(text: str, file: str = "stats.txt") -> StatsSummary:
    """The summary of ``text``. SpecError when the file is empty or lacks a figure."""
    found: dict[str, re.Match[str]] = {}
    unit: str | None = None
    shares: list[tuple[str, float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        unit_line = _UNIT_LINE.match(line)
        if unit_line:
            unit = unit_line[1]
            continue
        if unit is not None:
            share = _SHARE.match(line)
            if share:
                per_compute = _number(share[2], file, number) * UNITS_IN_PJ[unit]
                shares.append((share[1], per_compute))
            continue
        for name, pattern in _FIELDS.items():
            match = pattern.match(line)
            if match:
                found[name] = match
    missing = [name for name in ("cycles", "energy", "edp", "utilization", "computes") if name not in found]
    if missing or unit is None:
        what = ", ".join(missing) or "the energy per compute"
        raise SpecError(f"no complete summary in this stats file, missing: {what}", Location(file))
    energy_unit = found["energy"][2]
    if energy_unit not in UNITS_IN_PJ:
        raise SpecError(f"unknown energy unit '{energy_unit[:40]}'", Location(file))
    return StatsSummary(
        cycles=int(found["cycles"][1]),
        energy_pj=_number(found["energy"][1], file, None) * UNITS_IN_PJ[energy_unit],
        edp_j_cycles=_number(found["edp"][1], file, None),
        utilization=_number(found["utilization"][1], file, None) / 100,
        computes=int(found["computes"][1]),
        algorithmic_computes=int(found.get("algorithmic", found["computes"])[1]),
        area_mm2=_number(found["area"][1], file, None) if "area" in found else None,
        gflops=_number(found["gflops"][1], file, None) if "gflops" in found else None,
        energy_unit=unit,
        energy_per_compute_pj=tuple(shares),
    )


def _number(text: str, file: str, line: int | None) -> float:
    try:
        return float(text)
    except ValueError:
        raise SpecError(f"'{text[:40]}' is not a number", Location(file, line)) from None
