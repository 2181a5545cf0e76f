"""Rounding to significant digits, the last step before a value enters a reference table."""

from __future__ import annotations

import math


def round_significant(value: float, digits: int | None) -> float:
    """``value`` with ``digits`` significant digits; unchanged for None, 0 and infinities.

    The rule of Accelergy's tables: Python's correctly rounded ``round`` on the double, so a decimal tie
    goes where the binary value lies (2.0953749999999998 becomes 2.09537).
    """
    if digits is None or value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - math.floor(math.log10(abs(value))) - 1)
