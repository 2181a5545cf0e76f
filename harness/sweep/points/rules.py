"""Expressions over the parameters of a configuration: values that follow from others, and coupling rules."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import SpecError, did_you_mean
from harness.spec.expressions import CONSTANTS, FUNCTIONS, MAX_LENGTH, evaluate_expression

ARCHITECTURE_NAME = "arch"
"""Bound to the name of the architecture in every formula."""


@dataclass(frozen=True)
class Formula:
    """An expression; ``names`` are all that it mentions, ``bound`` those that it binds itself."""

    text: str
    names: tuple[str, ...]
    bound: tuple[str, ...] = ()

    def value(self, names: Mapping[str, Any]) -> Any:
        """Raises SpecError with the reason."""
        return evaluate_expression(self.text, names)


@dataclass(frozen=True)
class Rule:
    """Points for which ``formula`` is not true are none. ``origin`` says where it was given."""

    formula: Formula
    origin: str = ""

    @property
    def described(self) -> str:
        return f"{self.origin}rule '{self.formula.text}'"

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Raises SpecError when it has no truth for these values."""
        try:
            truth = self.formula.value(names)
        except SpecError as error:
            words = f"{error.message} ({error.hint})" if error.hint else error.message
            raise SpecError(f"{self.described}: {words}{self._values(names)}") from error
        if not isinstance(truth, bool):
            raise SpecError(f"{self.described}: it must be true or false, not {truth!r}{self._values(names)}")
        return truth

    def _values(self, names: Mapping[str, Any]) -> str:
        values = ", ".join(f"{name}={names[name]}" for name in self.formula.names if name in names)
        return f", for {values}" if values else ""


def formula(text: object) -> Formula:
    """Raises ValueError with the reason for what is not an expression at all."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an expression")
    line = " ".join(text.split())
    if len(line) > MAX_LENGTH:
        raise ValueError(f"an expression of more than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(line, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        hint = " (to compare, write '==')" if "=" in line and "==" not in line else ""
        raise ValueError(f"'{line}' is not an expression{hint}") from error
    read: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return Formula(line, tuple(sorted(read)), tuple(sorted(bound)))


def unknown_names(formula: Formula, parameters: Collection[str]) -> str | None:
    """What to say when ``formula`` reads what is no parameter; None when all is known."""
    known = {*parameters, ARCHITECTURE_NAME}
    wrong = [n for n in outer_names(formula) if n not in known]
    if not wrong:
        return None
    hints = ((name, did_you_mean(name, (*known, *FUNCTIONS))) for name in wrong)
    return ", ".join(f"unknown name '{name}'" + (f" ({hint})" if hint else "") for name, hint in hints)


def outer_names(formula: Formula) -> tuple[str, ...]:
    """What must be a parameter, unless a parameter shares its name with a function."""
    others = {*formula.bound, *FUNCTIONS, *CONSTANTS}
    return tuple(name for name in formula.names if name not in others)
