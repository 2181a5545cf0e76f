"""What stands for several values of one key: a list, or a range with its ends, both included."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from harness.errors import did_you_mean

MOST_VALUES = 100_000
MOST_POWERS = 1_000
"""Of one key. The values of a key lie in memory, their combinations do not."""

_RANGE_KEYS = ("from", "to", "step", "times")


def is_several(given: object) -> bool:
    """Whether ``given`` makes an entry a grid, rather than a configuration."""
    return isinstance(given, list | tuple | range | Mapping)


def without_arrays(given: object) -> object:
    """NumPy's arrays and numbers, which a notebook may give, as Python's own."""
    to_list = getattr(given, "tolist", None)
    return given if to_list is None else to_list()


def value_list(given: object) -> tuple[object, ...]:
    """The values that ``given`` stands for, in order, not yet read as those of a parameter.

    Raises ValueError with what is wrong, in words that follow the name of the key.
    """
    if isinstance(given, Mapping):
        return _range(given)
    if not isinstance(given, list | tuple | range):
        return (given,)
    if not given:
        raise ValueError("has an empty list of values")
    if len(given) > MOST_VALUES:
        raise ValueError(f"has {len(given)} values, more than {MOST_VALUES}")
    for value in given:
        if is_several(value):
            raise ValueError("has a list or a range within its list; a list holds single values")
    return tuple(given)


def _range(given: Mapping[object, object]) -> tuple[object, ...]:
    for key in given:
        if key not in _RANGE_KEYS:
            hint = did_you_mean(str(key), _RANGE_KEYS)
            raise ValueError(f"has a range with the unknown key '{key}' ({hint})")
    numbers = {key: _exact(str(key), value) for key, value in given.items()}
    if "from" not in numbers or "to" not in numbers or ("step" in numbers) == ("times" in numbers):
        raise ValueError("has a range that is not {from, to, step} or {from, to, times}")
    first, last = numbers["from"], numbers["to"]
    if first > last:
        raise ValueError(
            f"has a range from {given['from']} down to {given['to']}; ranges go up, a list may have any order"
        )
    if "step" in numbers:
        values = _by_step(first, last, numbers["step"])
    else:
        values = _by_factor(first, last, numbers["times"])
    whole = all(isinstance(value, int) for value in given.values())
    return tuple(int(value) if whole else float(value) for value in values)


def _by_step(first: Fraction, last: Fraction, step: Fraction) -> list[Fraction]:
    if step <= 0:
        raise ValueError(f"has a range that never ends: its step must be more than 0, not {_plain(step)}")
    many = (last - first) // step + 1
    if many > MOST_VALUES:
        raise ValueError(f"has a range of {many} values, more than {MOST_VALUES}")
    return [first + k * step for k in range(many)]


def _by_factor(first: Fraction, last: Fraction, factor: Fraction) -> list[Fraction]:
    if factor <= 1:
        raise ValueError(f"has a range that never ends: 'times' must be more than 1, not {_plain(factor)}")
    if first <= 0:
        raise ValueError(f"has a range that never ends: 'from' must be more than 0, not {_plain(first)}")
    values: list[Fraction] = []
    value = first
    while value <= last:
        if len(values) == MOST_POWERS:
            raise ValueError(f"has a range with 'times' of more than {MOST_POWERS} values")
        values.append(value)
        value *= factor
    return values


def _exact(key: str, value: object) -> Fraction:
    """As written: 0.1 is a tenth, so that steps of it meet their end."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    raise ValueError(f"has a range whose '{key}' is not a number")


def _plain(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else repr(float(number))
