"""Values between the points of a table: one column after the other, linear or log-log, never beyond them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.estimation.query import digits
from harness.estimation.tables.rules import Curve

Point = tuple[float, ...]


@dataclass(frozen=True)
class Blend:
    """A value, the points that it lies between, and for each column that lay between two its lowest and
    highest number among them. ``made_of`` is the arithmetic: sums and products, powers as ^."""

    value: float
    points: tuple[Point, ...]
    spans: tuple[tuple[int, float, float], ...] = ()
    made_of: str = ""


class OutOfRange(Exception):
    """``column`` (by index) is asked beyond ``low`` to ``high``, its numbers where the others fit."""

    def __init__(self, column: int, low: float, high: float) -> None:
        super().__init__(column, low, high)
        self.column = column
        self.low = low
        self.high = high


class NoCurve(Exception):
    """Logarithms of zero."""

    def __init__(self, column: int, what: str) -> None:
        super().__init__(column, what)
        self.column = column
        self.what = what


def between(
    points: Sequence[Point],
    asked: Point,
    curves: Sequence[Curve],
    value_of: Callable[[Point], float],
    text_of: Callable[[Point], str] | None = None,
) -> Blend:
    """The value at ``asked``, from those of the nearest points around it.

    The points need be no complete grid: where a line of it ends too early, the next line counts. Raises
    :class:`OutOfRange` where no points lie around, :class:`NoCurve` for a logarithm of zero, and what
    ``value_of`` raises. ``text_of`` is asked after ``value_of``: the value of a point in numbers.
    """

    def along(column: int, members: Sequence[Point]) -> Blend:
        if column == len(curves):
            value = value_of(members[0])
            return Blend(value, (members[0],), made_of=text_of(members[0]) if text_of else digits(value))

        def at(level: float) -> Blend:
            return along(column + 1, [m for m in members if m[column] == level])

        x = asked[column]
        levels = sorted({m[column] for m in members})
        if not levels[0] <= x <= levels[-1]:
            raise OutOfRange(column, levels[0], levels[-1])
        refused: OutOfRange | None = None
        if x in levels:
            try:
                return at(x)
            except OutOfRange as error:
                refused = error
        low = _first(reversed([level for level in levels if level < x]), at)
        high = _first([level for level in levels if level > x], at)
        if low is None or high is None:
            raise refused or _ends_early(column, x, levels, at)
        (x0, left), (x1, right) = low, high
        value = _on_curve(column, curves[column], (x0, left.value), (x1, right.value), x)
        made_of = _made_of(curves[column], (x0, left), (x1, right), x)
        inner = _joined((*left.spans, *right.spans))
        points_used = tuple(dict.fromkeys((*left.points, *right.points)))
        return Blend(value, points_used, ((column, x0, x1), *inner), made_of)

    return along(0, points)


def _first(levels: Iterable[float], at: Callable[[float], Blend]) -> tuple[float, Blend] | None:
    for level in levels:
        try:
            return level, at(level)
        except OutOfRange:
            continue
    return None


def _ends_early(column: int, x: float, levels: Sequence[float], at: Callable[[float], Blend]) -> OutOfRange:
    """Why no line on one side answers: that of the nearest line that does not reach far enough."""
    for level in sorted(levels, key=lambda one: abs(one - x)):
        try:
            at(level)
        except OutOfRange as error:
            return error
    return OutOfRange(column, levels[0], levels[-1])


def _on_curve(
    column: int, curve: Curve, low: tuple[float, float], high: tuple[float, float], x: float
) -> float:
    (x0, y0), (x1, y1) = low, high
    if y0 == y1:
        return y0
    if curve == "linear":
        share = (x - x0) / (x1 - x0)
        value = y0 * (1 - share) + y1 * share
    else:
        if x0 <= 0:
            raise NoCurve(column, f"{x0:g}")
        if min(y0, y1) <= 0:
            raise NoCurve(column, "a figure of 0")
        share = math.log(x / x0) / math.log(x1 / x0)
        value = math.exp(math.log(y0) * (1 - share) + math.log(y1) * share)
    return min(max(value, min(y0, y1)), max(y0, y1))


def _made_of(curve: Curve, low: tuple[float, Blend], high: tuple[float, Blend], x: float) -> str:
    """What :func:`_on_curve` works out, as it can be typed into a calculator."""
    (x0, left), (x1, right) = low, high
    if left.value == right.value:
        return left.made_of
    a, b = _bracketed(left.made_of), _bracketed(right.made_of)
    if curve == "linear":
        share = (x - x0) / (x1 - x0)
        return f"{digits(1 - share)} x {a} + {digits(share)} x {b}"
    share = math.log(x / x0) / math.log(x1 / x0)
    return f"{a}^{digits(1 - share)} x {b}^{digits(share)}"


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text


def _joined(spans: Iterable[tuple[int, float, float]]) -> tuple[tuple[int, float, float], ...]:
    found: dict[int, tuple[float, float]] = {}
    for column, low, high in spans:
        first = found.get(column, (low, high))
        found[column] = (min(low, first[0]), max(high, first[1]))
    return tuple((column, *ends) for column, ends in found.items())
