"""What the texts of a class file mean: numbers, names, expressions, ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from harness.errors import EstimationError, Location, SpecError
from harness.estimation.component_classes import IndexRange
from harness.estimation.query import Attributes, AttributeValue, finite_number, shorten
from harness.spec.expressions import evaluate_expression

_PLAIN_WORD = re.compile(r"[A-Za-z_]\w*")
_WITH_UNIT = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*[A-Za-z]+")


def value_of(raw: object, names: Attributes, what: str, place: Location | None) -> AttributeValue:
    """The value that a class file means by ``raw``.

    Text in quotes is text. Otherwise text is a name or an expression; a single word that is no known
    name (SAR), or a number with a unit (32nm), is text too.
    """
    if not isinstance(raw, str) or type(raw) is not str:
        return raw
    text = raw.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        pass
    if _PLAIN_WORD.fullmatch(text):
        if text in ("True", "False"):
            return text == "True"
        return names.get(text, text)
    if _WITH_UNIT.fullmatch(text):
        return text
    try:
        return cast(AttributeValue, evaluate_expression(text, names, place))
    except SpecError as error:
        raise EstimationError(f"{what}: {error.message}", error.location or place, error.hint) from None


def arguments_of(
    pairs: Sequence[tuple[str, object]], names: Attributes, what: str, place: Location | None
) -> dict[str, AttributeValue]:
    """The arguments of an action, each seeing those before it."""
    values: dict[str, AttributeValue] = {}
    for name, raw in pairs:
        values[name] = value_of(raw, {**names, **values}, f"{what}: argument '{name}'", place)
    return values


def scale_of(raw: object, names: Attributes, what: str, place: Location | None) -> float:
    """A factor, which cannot be negative."""
    value = value_of(raw, names, what, place)
    number = finite_number(value)
    if number is None:
        raise EstimationError(f"{what} is {shorten(value)}, not a number", place)
    if number < 0:
        raise EstimationError(f"{what} is {number:g}, it cannot be negative", place)
    return number


def count_of(index: IndexRange | None, names: Attributes, what: str, place: Location | None) -> int:
    """How many a range has; one thing has none."""
    if index is None or index.last is None:
        return 1
    first, last = bounds_of(index, names, what, place)
    return last - first + 1


def bounds_of(index: IndexRange, names: Attributes, what: str, place: Location | None) -> tuple[int, int]:
    bounds = []
    for text in (index.first, index.last or index.first):
        value = value_of(text, names, what, place)
        number = finite_number(value)
        if number is None:
            raise EstimationError(f"{what}: the bound '{text}' is {shorten(value)}, not a number", place)
        if number != int(number) or number < 0:
            raise EstimationError(f"{what}: the bound '{text}' is {number:g}, not a whole number", place)
        bounds.append(int(number))
    if bounds[1] < bounds[0]:
        raise EstimationError(f"{what}: the range {bounds[0]}..{bounds[1]} is empty", place)
    return bounds[0], bounds[1]
