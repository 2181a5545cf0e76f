"""The hypergeometric distribution: of ``total`` words ``marked`` are non-zero, ``drawn`` are looked at.

Timeloop takes it from Boost, which works in extended precision and rounds once. The figures here are
exact for small totals (whole-number arithmetic, rounded once) and otherwise made in extended precision, so
that they agree to the last digits; the whole numbers that are cut from them later depend on that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EXACT_UP_TO = 1754
_WIDE = np.longdouble
_Wide = npt.NDArray[np.longdouble]

_AT_ONCE = 1 << 22
"""Steps of a product made at a time; after these it is looked whether anything is left of it."""
_NOTHING = _WIDE(2) ** -1100
"""Rounds to 0 as a double, and so does what follows in a falling product."""


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
    return float(values[found - first]) if 0 <= found - first < len(values) else 0.0


def empty_probability(marked: int, drawn: int, total: int) -> float:
    """That none of the drawn is marked."""
    if marked + drawn > total:
        return 0.0
    if total <= _EXACT_UP_TO:
        return math.comb(total - marked, drawn) / math.comb(total, drawn)
    fewer, more = sorted((marked, drawn))
    product = _WIDE(1)
    for steps in _stretches(0, fewer):
        product *= np.prod((_WIDE(total - more) - steps) / (_WIDE(total) - steps))
        if product < _NOTHING:
            return 0.0
    return float(product)


def empty_probabilities(marked: Sequence[int], drawn: int, total: int) -> Floats:
    """:func:`empty_probability` for each of ``marked``."""
    if total <= _EXACT_UP_TO or len(marked) < 8:
        return np.array([empty_probability(m, drawn, total) for m in marked])
    # One more marked word: P(m + 1) = P(m) (total - drawn - m) / (total - m).
    first = min(marked) if max(marked) > _AT_ONCE else 0
    start = _WIDE(empty_probability(first, drawn, total)) if first else _WIDE(1)

    def ratio(steps: _Wide) -> _Wide:
        ratios: _Wide = np.maximum(_WIDE(total - drawn) - steps, _WIDE(0)) / (_WIDE(total) - steps)
        return ratios

    running = np.concatenate([[start], start * _falling(ratio, first, max(marked))])
    places = np.asarray(marked) - first
    within = places < len(running)
    found: Floats = np.where(within, running[np.where(within, places, 0)], _WIDE(0)).astype(np.float64)
    return found


def _stretches(start: int, end: int) -> Iterator[_Wide]:
    """The numbers from ``start`` to before ``end``, up or down, some at a time."""
    step = _AT_ONCE if start <= end else -_AT_ONCE
    for here in range(start, end, step):
        there = min(here + step, end) if step > 0 else max(here + step, end)
        yield np.arange(here, there, 1 if step > 0 else -1, dtype=_WIDE)


def _falling(ratio: Callable[[_Wide], _Wide], start: int, end: int) -> _Wide:
    """The products of the ratios from ``start`` on, as far as anything is left of them."""
    parts: list[_Wide] = []
    for steps in _stretches(start, end):
        ratios = ratio(steps)
        if parts:
            ratios[0] *= parts[-1][-1]
        parts.append(np.multiply.accumulate(ratios))
        if parts[-1][-1] < _NOTHING:
            break
    return np.concatenate(parts) if parts else np.empty(0, dtype=_WIDE)


@lru_cache(maxsize=64)
def support(marked: int, drawn: int, total: int) -> tuple[int, Floats]:
    """The least number of marked words that may be drawn, and the probabilities from there on. Of many,
    those that are 0 as doubles are left out at both ends.
    """
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

    def rising(up: _Wide) -> _Wide:
        ratios: _Wide = (_WIDE(marked) - up) * (_WIDE(drawn) - up)
        ratios /= (up + 1) * (_WIDE(total - marked - drawn + 1) + up)
        return ratios

    def sinking(down: _Wide) -> _Wide:
        ratios: _Wide = down * (_WIDE(total - marked - drawn) + down)
        ratios /= (_WIDE(marked + 1) - down) * (_WIDE(drawn + 1) - down)
        return ratios

    above, below = _falling(rising, peak, last), _falling(sinking, peak, first)
    shape = np.concatenate([below[::-1], [_WIDE(1)], above])
    values: Floats = (shape / shape.sum()).astype(np.float64)
    if len(values) <= _AT_ONCE:
        return first, values
    some = np.flatnonzero(values)
    return peak - len(below) + int(some[0]), values[some[0] : some[-1] + 1].copy()


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
