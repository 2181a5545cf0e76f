"""The two little languages of constraints: factors (``D=16,E<=4``) and permutations (``CRS_KP``)."""

from __future__ import annotations

import re
from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec.constraints import FactorConstraint
from harness.spec.located import where
from harness.spec.problem import Problem


def parse_factors(text: Any, problem: Problem, place: Location | None) -> list[FactorConstraint]:
    """``"D=16, E<=4 L>=2"`` or a list of such strings, in the order written.

    ``D16`` and ``D 16`` mean ``D=16`` (Timeloop's parser takes them too); ``D=16,4`` gives the residual 4
    of an imperfect factor. Everything after ``#`` is a comment.
    """
    items = text if isinstance(text, list) else [text]
    found: list[FactorConstraint] = []
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise SpecError(
                f"factors must be text such as 'D=16,E<=4', not {item!r}", where(text, index) or place
            )
        found += _parse_factor_text(item.split("#")[0], problem, where(text, index) or place)
    return found


def _parse_factor_text(text: str, problem: Problem, place: Location | None) -> list[FactorConstraint]:
    known = "|".join(re.escape(d) for d in sorted(problem.dimensions, key=len, reverse=True))
    factor = re.compile(
        rf"\s*(?P<name>(?:{known})(?=[\s<>=\d])|[A-Za-z_]+)\s*(?P<relation><=|>=|==|=|)\s*(?P<value>\d+)"
        r"(?:\s*,\s*(?P<residual>\d+)(?=[\s,]|$))?[\s,]*"
    )
    found = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = factor.match(text, position)
        if match is None:
            raise SpecError(
                f"cannot read the factors '{text.strip()}' at '{text[position:].strip()}'",
                place,
                "write them as 'D=16,E<=4,L>=2'",
            )
        name, value = match["name"], int(match["value"])
        if name not in problem.dimensions:
            raise unknown_name("dimension", name, problem.dimensions, place)
        relation = match["relation"]
        if relation in ("<=", ">="):
            if value == 0:
                raise SpecError(f"the bound of '{name}{relation}' must be positive", place)
            found.append(FactorConstraint(name, "<=" if relation == "<=" else ">=", value, place))
        else:
            residual = int(match["residual"]) if match["residual"] else None
            found.append(FactorConstraint(name, "=", value, place, residual))
        position = match.end()
    return found


def parse_permutation(
    text: Any, problem: Problem, place: Location | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(prefix, suffix), each from the inner to the outer loop; ``_`` separates them.

    Letters are read one by one as Timeloop does; names longer than one letter must be separated by commas
    or spaces.
    """
    items = text if isinstance(text, list) else [text]
    tokens: list[str] = []
    for item in items:
        if not isinstance(item, str):
            raise SpecError(f"a permutation must be text such as 'CRS_KP', not {item!r}", place)
        for piece in re.split(r"[\s,]+", item.split("#")[0].strip()):
            tokens += [piece] if piece in problem.dimensions else list(piece)
    prefix: list[str] = []
    suffix: list[str] = []
    into = prefix
    for token in tokens:
        if token == "_":
            into = suffix
            continue
        if token not in problem.dimensions:
            raise unknown_name("dimension", token, problem.dimensions, place)
        if token in prefix or token in suffix:
            raise SpecError(f"dimension '{token}' occurs twice in the permutation", place)
        into.append(token)
    return tuple(prefix), tuple(suffix)
