"""The factors by which a row is multiplied where the manifest declares scaling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.estimation.query import Declined, Query
from harness.estimation.tables.quantities import TECHNOLOGY, VOLTAGE, number_of
from harness.estimation.tables.rows import Entry
from harness.estimation.tables.rules import Figure, Law, Rules

if TYPE_CHECKING:
    from harness.estimation.scaling.nodes import Flavour

FAR = 4.0
"""A row that is stretched further than this, either way, is answered with a warning."""

_SHOWN_UNITS = {TECHNOLOGY: " nm", VOLTAGE: " V"}


@dataclass(frozen=True)
class Factor:
    """The product of all factors, and in words each with its number."""

    value: float
    words: tuple[str, ...]
    warnings: tuple[str, ...]


def distance(asked: Mapping[str, float], row: Mapping[str, float]) -> float | None:
    """How far a row would be stretched; None where it cannot, because a zero is no measure."""
    total = 0.0
    for column, x in asked.items():
        at = row[column]
        if at == x:
            continue
        if at <= 0 or x <= 0:
            return None
        total += abs(math.log(x / at))
    return total


def factor(query: Query, entry: Entry, rules: Rules, figure: Figure, asked: Mapping[str, float]) -> Factor:
    """From the row of ``entry`` to the ``asked`` numbers of the scaled columns.

    :class:`Declined` where the manifest has no law for this figure.
    """
    value, words, warnings = 1.0, [], []
    stretched = {c: x for c, x in asked.items() if entry.numbers[c] != x}
    for column, x in stretched.items():
        law = rules.scale[column].get(figure)
        if law is None:
            declared = ", ".join(rules.scale[column])
            raise Declined(
                f"the manifest declares how {declared} goes with {column}, not {figure}"
                f" (nearest row {entry.place})"
            )
        if isinstance(law, str):
            continue
        at = entry.numbers[column]
        if law == 0:
            continue
        share = (x / at) ** law
        value *= share
        unit = _SHOWN_UNITS.get(column, "")
        words.append(f"{column} {at:g} -> {x:g}{unit} {_law_in_words(law)}x{share:.4g}")
        if not 1 / FAR <= x / at <= FAR:
            warnings.append(f"{column} {x:g} is far from the {at:g} of the nearest row, {entry.place}")
    by_cmos = _cmos(query, entry, rules, figure, stretched)
    return Factor(value * by_cmos.value, (*words, *by_cmos.words), (*warnings, *by_cmos.warnings))


def _cmos(query: Query, entry: Entry, rules: Rules, figure: Figure, stretched: Mapping[str, float]) -> Factor:
    """Node and voltage by the laws of ``harness.estimation.scaling``, together where both are so declared."""
    columns = [c for c in stretched if isinstance(rules.scale[c].get(figure), str)]
    if not columns:
        return Factor(1.0, (), ())
    from harness.estimation.scaling import area_factor, energy_factor, leak_factor  # noqa: PLC0415

    law = rules.scale[columns[0]][figure]
    flavour: Flavour = "lp" if law == "cmos-lp" else "hp"
    from_nm, to_nm = _nodes(query, entry, columns)
    from_v, to_v = None, None
    if VOLTAGE in columns:
        from_v, to_v = entry.numbers[VOLTAGE], stretched[VOLTAGE]
    if figure == "area":
        found = area_factor(from_nm, to_nm)
    else:
        between = energy_factor if figure == "energy" else leak_factor
        found = between(from_nm, to_nm, from_v, to_v, flavour)
    return Factor(found.factor, (found.words,), tuple(found.warnings))


def _nodes(query: Query, entry: Entry, columns: Sequence[str]) -> tuple[float, float]:
    row = number_of(TECHNOLOGY, entry.cells.get(TECHNOLOGY))
    asked = query.technology_nm
    if row is None:
        raise Declined(f"the row {entry.place} states no node, which scaling by cmos needs")
    return (row, asked) if TECHNOLOGY in columns else (asked, asked)


def _law_in_words(law: Law) -> str:
    known = {1.0: "linear ", 2.0: "quadratic "}
    return known.get(float(law), f"^{float(law):g} ")
