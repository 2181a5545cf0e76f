"""The hypergeometric distribution: of ``total`` words ``marked`` are non-zero, ``drawn`` are looked at.

Timeloop takes it from Boost, which works in extended precision and rounds once. The figures here are
exact for small totals (whole-number arithmetic, rounded once) and otherwise made in extended precision, so
that they agree to the last digits; the whole numbers that are cut from them later depend on that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EXACT_UP_TO = 1754
_WIDE = np.longdouble


def probability(found: int, marked: int, drawn: int, total: int) -> float:
    """That exactly ``found`` of the drawn are marked."""
    if found == 0:
        return empty_probability(marked, drawn, total)
    if found < max(0, marked + drawn - total) or found > min(marked, drawn):
        return 0.0
    if total <= _EXACT_UP_TO:
        ways = math.comb(marked, found) * math.comb(total - marked, drawn - found)
        return ways / math.comb(total, drawn)
    first, values = support(marked, drawn, total)
    return float(values[found - first])


def empty_probability(marked: int, drawn: int, total: int) -> float:
    """That none of the drawn is marked."""
    if marked + drawn > total:
        return 0.0
    if total <= _EXACT_UP_TO:
        return math.comb(total - marked, drawn) / math.comb(total, drawn)
    fewer, more = sorted((marked, drawn))
    steps = np.arange(fewer, dtype=_WIDE)
    return float(np.prod((_WIDE(total - more) - steps) / (_WIDE(total) - steps)))


def empty_probabilities(marked: Sequence[int], drawn: int, total: int) -> Floats:
    """:func:`empty_probability` for each of ``marked``."""
    if total <= _EXACT_UP_TO or len(marked) < 8:
        return np.array([empty_probability(m, drawn, total) for m in marked])
    # One more marked word: P(m + 1) = P(m) (total - drawn - m) / (total - m).
    steps = np.arange(max(marked), dtype=_WIDE)
    left = np.maximum(_WIDE(total - drawn) - steps, _WIDE(0))
    running = np.concatenate([[_WIDE(1)], np.multiply.accumulate(left / (_WIDE(total) - steps))])
    found: Floats = running[np.asarray(marked)].astype(np.float64)
    return found


@lru_cache(maxsize=64)
def support(marked: int, drawn: int, total: int) -> tuple[int, Floats]:
    """The least number of marked words that may be drawn, and the probabilities from there on."""
    first, last = max(0, marked + drawn - total), min(marked, drawn)
    if total <= _EXACT_UP_TO:
        all_ways = math.comb(total, drawn)
        return first, np.array(
            [
                math.comb(marked, n) * math.comb(total - marked, drawn - n) / all_ways
                for n in range(first, last + 1)
            ]
        )
    peak = min(max((marked + 1) * (drawn + 1) // (total + 2), first), last)
    up = np.arange(peak, last, dtype=_WIDE)
    down = np.arange(peak, first, -1, dtype=_WIDE)
    rising = (_WIDE(marked) - up) * (_WIDE(drawn) - up)
    rising /= (up + 1) * (_WIDE(total - marked - drawn + 1) + up)
    falling = down * (_WIDE(total - marked - drawn) + down)
    falling /= (_WIDE(marked + 1) - down) * (_WIDE(drawn + 1) - down)
    above, below = np.multiply.accumulate(rising), np.multiply.accumulate(falling)
    shape = np.concatenate([below[::-1], [_WIDE(1)], above])
    return first, (shape / shape.sum()).astype(np.float64)


def quantile(confidence: float, marked: int, drawn: int, total: int) -> int:
    """The number of marked words that is not exceeded with ``confidence``, rounded away from the middle."""
    first, values = support(marked, drawn, total)
    last = first + len(values) - 1
    fudge = 1 + 2.0**-63 * (50 if total <= 104729 else 2 * total)
    if confidence <= 0.5:
        place, reached = 0, float(values[0])
        while reached < confidence and place + 1 < len(values):
            if reached + values[place + 1] / 2 > confidence:
                break
            place += 1
            reached += float(values[place])
        upwards = confidence >= 0.5 and reached < confidence * fudge
        downwards = confidence < 0.5 and confidence < reached * fudge
        found = first + place
        return min(found + 1, last) if upwards else max(found - 1, first) if downwards else found
    beyond, place, reached = 1 - confidence, len(values) - 1, 0.0
    while place > 0 and reached + values[place] / 2 < beyond:
        reached += float(values[place])
        place -= 1
    found = first + place
    # ``reached`` is what lies above ``found``.
    return found + 1 if beyond < reached * fudge and found != last else found
