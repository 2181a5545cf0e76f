"""Numbers as Timeloop's C++ streams print them: fixed with two decimals, and single-precision quotients.

Parsers of ``stats.txt`` exist in the wild, so the text has to be Timeloop's to the last digit, including
the few figures that the reference computes in single precision (src/model/topology.cpp).
"""

from __future__ import annotations

import math
import struct


def fixed(value: float) -> str:
    """``std::fixed`` with precision 2. Division of nothing by nothing prints ``-nan`` on x86."""
    if math.isnan(value):
        return "-nan"
    return f"{value:.2f}"


def optional_fixed(value: float | None) -> str:
    """As :func:`fixed`; an attribute that was never specified prints as a dash."""
    return "-" if value is None else fixed(value)


def optional_integer(value: int | None) -> str:
    return "-" if value is None else str(value)


def percent(fraction: float) -> str:
    return f"{fixed(fraction * 100.0)}%"


def scientific(value: float) -> str:
    """``std::scientific`` with precision 2; the exponent has at least two digits in C++ as in Python."""
    return f"{value:.2e}"


def single(value: float) -> float:
    """``value`` rounded to single precision, as a C++ ``float`` holds it."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def single_quotient(dividend: int, divisor: int) -> float:
    """``float(dividend) / divisor`` in single precision; infinite when the divisor is zero."""
    if divisor == 0:
        return math.inf
    return single(single(dividend) / single(divisor))


def quotient(dividend: float, divisor: float) -> float:
    """Double-precision division under IEEE rules: no exception for a zero divisor."""
    if divisor == 0:
        return math.nan if dividend == 0 else math.copysign(math.inf, dividend)
    return dividend / divisor
