"""Which texts of a v4 tree are expressions, and what they see.

As in Timeloop's front end: texts under ``variables`` and ``attributes`` are expressions unless they stood in
quotes; elsewhere a text is one when it stands in parentheses, or where a number is expected. The entries
of a mapping see those written above them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import Location, SpecError
from harness.spec.expressions import evaluate_expression
from harness.spec.located import LocatedDict, where
from harness.spec.v4.keys import describe
from harness.spec.yaml_nodes import QuotedStr, scalar_value

Names = Mapping[str, Any]


def evaluate_all(node: LocatedDict, names: Names) -> LocatedDict:
    """All texts of ``node`` as expressions, from the first to the last; each sees those before it."""
    result = LocatedDict(location=node.location, tag=node.tag)
    result.key_locations = dict(node.key_locations)
    seen: dict[str, Any] = dict(names)
    for key, value in node.items():
        if is_expression(value):
            try:
                result[key] = evaluate_text(value, seen, where(node, key))
            except SpecError as error:
                raise _with_forward_reference(error, node, key) from None
        else:
            result[key] = value
        seen[key] = result[key]
    return result


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, QuotedStr) and value != ""


def evaluate_text(text: str, names: Names, place: Location | None) -> Any:
    """The value of an expression; text that comes out is not evaluated again."""
    value = evaluate_expression(text, names, place)
    return QuotedStr(value) if isinstance(value, str) else value


def evaluate_if_parenthesised(value: Any, names: Names, place: Location | None) -> Any:
    if is_expression(value) and value.startswith("(") and value.endswith(")"):
        return evaluate_text(value, names, place)
    return value


def integer(value: Any, names: Names, what: str, place: Location | None, least: int | None = None) -> int:
    """A whole number, or an expression that yields one."""
    value = _evaluated(value, names, place)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(f"{what} must be a whole number, not {describe(value)}", place)
    if least is not None and value < least:
        raise SpecError(f"{what} must be at least {least}, not {value}", place)
    return value


def number(value: Any, names: Names, what: str, place: Location | None) -> float | int:
    """A number, or an expression that yields one."""
    value = _evaluated(value, names, place)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpecError(f"{what} must be a number, not {describe(value)}", place)
    return value


def truth(value: Any, names: Names, what: str, place: Location | None) -> bool:
    """True or false, or an expression that yields one. Words such as ``yes`` are plain text in YAML 1.2."""
    if not (isinstance(value, str) and value.lower() in ("yes", "no", "on", "off")):
        value = _evaluated(value, names, place)
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise SpecError(f"{what} must be true or false, not {describe(value)}", place)


def _evaluated(value: Any, names: Names, place: Location | None) -> Any:
    """The value of an expression; text in quotes is none, but may spell a number."""
    if isinstance(value, QuotedStr):
        return scalar_value(str(value)) if value else value
    return evaluate_text(value, names, place) if is_expression(value) else value


def _with_forward_reference(error: SpecError, node: LocatedDict, key: str) -> SpecError:
    """Say so when an undefined name is written further down, or is the entry itself."""
    start = error.message.rfind("undefined name '")
    if start < 0:
        return error
    name = error.message[start + len("undefined name '") :].rstrip("'")
    if name == key:
        return SpecError(error.message, error.location, f"'{key}' is defined by itself")
    if name in node:
        place = where(node, name)
        line = f" in line {place.line}" if place is not None and place.line else ""
        return SpecError(
            error.message, error.location, f"'{name}' is defined further down{line}; entries see those above"
        )
    return error
