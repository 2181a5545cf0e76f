"""How far a figure of ``stats.txt`` may be from the one behind it, by the digits that Timeloop prints.

Energies of levels are printed in pJ and areas in um^2 with two decimals, the total in uJ with two, the EDP
with three digits, the utilisation in percent with two decimals (NVlabs/timeloop 4cf6d4c: buffer.cpp,
arithmetic.cpp, network-legacy.cpp, topology.cpp). The XML file beside it has the energies of all accesses
with 17 digits, but neither leakage nor areas of storage: those are printed ones in any case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Precision = Literal["full", "printed"]

_HALF_OF_LAST = 0.5000001
"""Of the last digit: what printing rounds away, and the error of reading the decimals as binary."""

_TWO_DECIMALS = 0.01
_OF_WHOLE = {"energy_pj": 1e6 * _TWO_DECIMALS, "utilization": _TWO_DECIMALS / 100}
_EDP_DIGITS = 3

_PRINTED_ENERGIES = 3
"""Of a data space: storage, temporal reduction, address generation, each rounded by itself."""


_JOULE_PER_PJ = 1e-12
_NEVER_IN_XML = ("leakage_pj", "area_um2")


@dataclass(frozen=True)
class Rounding:
    """Whose figures were rounded: of the whole, of a level's or network's record, of a data space.

    ``precision`` "full" are figures of the XML file as far as it has them. ``spaces`` is the number of data
    spaces whose printed energies a record's is the sum of; ``instances`` are the level's, whose area is
    printed for one of them; ``levels`` is the number of levels, whose leakages are part of the whole energy,
    and ``cycles`` those of the run, by which that is multiplied to the EDP.
    """

    of: Literal["whole", "record", "space"]
    precision: Precision
    spaces: int = 1
    instances: int = 1
    levels: int = 1
    cycles: int = 0

    def slack(self, name: str, printed: float) -> float:
        """The largest distance between the printed figure and its origin that rounding explains."""
        if self.precision == "full":
            return _HALF_OF_LAST * _TWO_DECIMALS * self._beside_xml(name)
        if self.of == "whole":
            if name == "edp_j_cycles":
                return _HALF_OF_LAST * _last_digit(printed, _EDP_DIGITS)
            return _HALF_OF_LAST * _OF_WHOLE.get(name, _TWO_DECIMALS)
        return _HALF_OF_LAST * _TWO_DECIMALS * self._roundings(name)

    def _beside_xml(self, name: str) -> float:
        """How many printed figures are within one that otherwise is of the XML file."""
        if name in _NEVER_IN_XML:
            return self._roundings(name)
        if self.of == "whole":
            weight = {"energy_pj": 1.0, "edp_j_cycles": self.cycles * _JOULE_PER_PJ}
            return self.levels * weight.get(name, 0.0)
        return 1 if name == "energy_pj" and self.of == "record" else 0

    def _roundings(self, name: str) -> int:
        """How many printed figures were added up, or how often one of them counts."""
        if name == "area_um2":
            return self.instances
        if name != "energy_pj":
            return 1
        return _PRINTED_ENERGIES if self.of == "space" else _PRINTED_ENERGIES * self.spaces + 1


def _last_digit(value: float, digits: int) -> float:
    """What one unit of the last of so many significant digits is worth."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(10.0 ** (math.floor(math.log10(abs(value))) - digits + 1))
