"""Boxes of tensor words and their differences.

A box is a pair of corners ``(low, high)`` in the coordinates of a tensor's ranks, ``high`` exclusive.
A set of words is a tuple of disjoint boxes. Source of the rules: Timeloop
loop-analysis/point-set-aahr.cpp (MultiSubtract, Centroid) and point-set-multi-aahr.cpp (GetTranslation).
"""

from __future__ import annotations

from math import prod

Vector = tuple[int, ...]
Box = tuple[Vector, Vector]


def box_size(box: Box) -> int:
    return prod(high - low for low, high in zip(*box, strict=True))


def shifted(vector: Vector, by: Vector) -> Vector:
    return tuple([x + y for x, y in zip(vector, by, strict=True)])


def shifted_box(box: Box, by: Vector) -> Box:
    return shifted(box[0], by), shifted(box[1], by)


def difference(a: Vector, b: Vector) -> Vector:
    return tuple([x - y for x, y in zip(a, b, strict=True)])


def box_difference(a: Box, b: Box) -> tuple[Box, ...]:
    """``a`` without ``b`` as disjoint boxes, sliced rank by rank."""
    a_low, a_high = a
    b_low, b_high = b
    if any(ah <= bl or bh <= al for al, ah, bl, bh in zip(a_low, a_high, b_low, b_high, strict=True)):
        return (a,)
    pieces: list[Box] = []
    low, high = list(a_low), list(a_high)
    for rank in range(len(low)):
        if low[rank] < b_low[rank]:
            cut = high.copy()
            cut[rank] = b_low[rank]
            pieces.append((tuple(low), tuple(cut)))
            low[rank] = b_low[rank]
        if b_high[rank] < high[rank]:
            cut = low.copy()
            cut[rank] = b_high[rank]
            pieces.append((tuple(cut), tuple(high)))
            high[rank] = b_high[rank]
    return tuple(pieces)


def translation(a: Box, b: Box) -> Vector:
    """The movement from ``a`` to ``b``: difference of the centres, halves rounded away from zero."""
    moved = []
    for al, ah, bl, bh in zip(a[0], a[1], b[0], b[1], strict=True):
        doubled = (bl + bh) - (al + ah)
        half = (abs(doubled) + 1) // 2
        moved.append(half if doubled >= 0 else -half)
    return tuple(moved)


def canonical(boxes: tuple[Box, ...]) -> tuple[tuple[Box, ...], Vector]:
    """``boxes`` sorted and moved so that the first starts at the origin, and where the first started.

    Two sets are translations of each other (box by box) exactly when their canonical forms are equal.
    """
    ordered = sorted(boxes)
    anchor = ordered[0][0]
    back = tuple(-x for x in anchor)
    return tuple(shifted_box(b, back) for b in ordered), anchor
