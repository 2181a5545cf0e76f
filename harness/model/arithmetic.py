"""Sums and rounding as the reference's C++ makes them: a later ``ceil`` shows the last bit."""

from __future__ import annotations

import math
from collections.abc import Iterable


def running_sum(values: Iterable[float]) -> float:
    """Sum in order with ordinary rounding. (Python's ``sum`` compensates rounding errors of floats.)"""
    total = 0.0
    for value in values:
        total += value
    return total


def rounded(value: float) -> int:
    """Nearest whole number, halves away from zero (``std::round``)."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(-value + 0.5)


def unsigned(value: int) -> int:
    """``value`` as the reference's unsigned 64-bit counters hold it: modulo 2^64."""
    return value % 2**64
