"""Parameters of an architecture template: what is declared, and reading the values that a user gives."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import Any, Literal

ParameterType = Literal["int", "float", "bool", "choice", "text"]
ParameterValue = int | float | bool | str | None

PARAMETER_TYPES: tuple[ParameterType, ...] = ("int", "float", "bool", "choice", "text")

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing about an architecture that a sweep may change.

    ``minimum`` and ``maximum`` (inclusive) bound numbers; ``choices`` lists the values of a choice;
    ``pattern`` is what a text must match as a whole. ``refused`` are (value, reason) pairs of values that
    make sense but that this architecture cannot do. A default of None means that the value follows from
    other parameters, as ``meaning`` says.
    """

    name: str
    type: ParameterType
    default: ParameterValue
    meaning: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words, for listings and errors."""
        if self.type == "bool":
            return "true or false"
        if self.type == "choice":
            return ", ".join(self.choices)
        if self.type == "text":
            return f"text like {self.pattern}" if self.pattern else "any text"
        bounds = [f"{_plain(b)}" if b is not None else "" for b in (self.minimum, self.maximum)]
        if bounds[0] and bounds[1]:
            return f"{bounds[0]} to {bounds[1]}"
        if bounds[0]:
            return f"{bounds[0]} or more"
        return f"{bounds[1]} or less" if bounds[1] else "any number"

    def read(self, given: Any) -> ParameterValue:
        """``given`` (a string of the command line, or a Python value) as a value of this parameter.

        Raises ValueError with the reason in words.
        """
        if given is None and self.default is None:
            return None
        value = self._converted(given)
        for refused, reason in self.refused:
            if str(value) == refused:
                raise ValueError(f"{self.name}={refused} is refused: {reason}")
        if self.type == "choice" and value not in self.choices:
            raise ValueError(f"{self.name} must be one of {self.allowed}, not '{value}'")
        if self.type == "text" and self.pattern and not re.fullmatch(self.pattern, str(value)):
            raise ValueError(f"{self.name} must be {self.allowed}, not '{value}'")
        if isinstance(value, int | float) and not isinstance(value, bool):
            low = self.minimum is not None and value < self.minimum
            high = self.maximum is not None and value > self.maximum
            if low or high:
                raise ValueError(f"{self.name} must be {self.allowed}, not {_plain(value)}")
        return value

    def _converted(self, given: Any) -> ParameterValue:
        if self.type == "int":
            return self._integer(given)
        if self.type == "float":
            return self._number(given)
        if self.type == "bool":
            return self._truth(given)
        if isinstance(given, str):
            return given.strip()
        raise ValueError(f"{self.name} must be {self.allowed}, not {given!r}")

    def _integer(self, given: Any) -> int:
        if isinstance(given, str) and re.fullmatch(r"\s*[-+]?[0-9][0-9_]*\s*", given):
            return int(given)
        number = given
        if isinstance(given, str):
            try:
                number = float(given)
            except ValueError:
                number = None
        if isinstance(number, float) and number.is_integer():
            return int(number)
        if number is not None and not isinstance(number, bool | float):
            try:
                return operator.index(number)
            except TypeError:
                pass
        raise ValueError(f"{self.name} must be a whole number, not {_shown(given)}")

    def _number(self, given: Any) -> float | int:
        """Whole numbers stay integers, so that 4 and 4.0 are the same configuration."""
        try:
            number = math.nan if isinstance(given, bool) else float(given)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{self.name} must be a finite number, not {_shown(given)}")
        return int(number) if number.is_integer() and abs(number) < 1e15 else number

    def _truth(self, given: Any) -> bool:
        if isinstance(given, bool):
            return given
        word = str(given).strip().lower() if isinstance(given, str | int) else ""
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError(f"{self.name} must be true or false, not {_shown(given)}")


def _shown(given: Any) -> str:
    text = f"'{given}'" if isinstance(given, str) else repr(given)
    return text if len(text) <= 40 else text[:37] + "..."


def _plain(number: float) -> str:
    if isinstance(number, int):
        # Python refuses to print numbers of thousands of digits.
        return str(number) if abs(number) < 10**40 else f"a number of {number.bit_length()} bits"
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
