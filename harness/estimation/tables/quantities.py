"""Cells and attributes as values: equal as text or as numbers, a node as its nanometres."""

from __future__ import annotations

import re
from functools import lru_cache

from harness.estimation.query import AttributeValue, finite_number, parse_technology

Quantity = tuple[float, str] | str
"""A number with its unit ("" for none), or a text."""

TECHNOLOGY = "technology"
VOLTAGE = "voltage"
_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z%]*)\s*")
_IMPLIED_UNITS = {TECHNOLOGY: "nm", VOLTAGE: "V"}


def quantity(column: str, value: AttributeValue) -> Quantity:
    """``value`` of a column: "45nm", "45" and 45 are one node, "0.8V" and 0.8 one voltage; "5ns" is not 5."""
    if isinstance(value, str):
        return _parsed(column, value)
    number = finite_number(value)
    if number is not None:
        return (float(number), "")
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python prints
        return "a huge number"


@lru_cache(maxsize=65_536)
def _parsed(column: str, text: str) -> Quantity:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text.strip()
    unit = match.group(2)
    number = finite_number(float(match.group(1)))
    if number is None or unit.lower() in ("nan", "inf", "infinity"):
        return text.strip()
    return (number, "" if unit == _IMPLIED_UNITS.get(column) else unit)


def same(column: str, value: AttributeValue, cell: str) -> bool:
    """Whether a component's ``value`` is the one that the cell states."""
    return quantity(column, value) == quantity(column, cell)


def number_of(column: str, value: AttributeValue) -> float | None:
    """The number of a column in which rows are interpolated or scaled; None for anything else."""
    if column == TECHNOLOGY:
        node = parse_technology(value)
        if node is not None:
            return node
    found = quantity(column, value)
    return found[0] if isinstance(found, tuple) and not found[1] else None
