"""What a manifest declares about the rows of a class: the keys, and in which columns they may be stretched.

``interpolate`` names columns in which an answer may lie between rows, ``scale`` those in which a row may be
multiplied. Whatever is not declared must be equal. ``implied`` says what all rows are for without a column:
one port, a width, a rate. Who asks for another does not mean them; who says nothing means just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from harness.errors import EstimationError, Location, did_you_mean
from harness.estimation.query import finite_number, shorten
from harness.estimation.tables.quantities import TECHNOLOGY, VOLTAGE
from harness.spec.located import where

Figure = Literal["energy", "leak", "area"]
FIGURES: tuple[Figure, ...] = ("energy", "leak", "area")
Curve = Literal["linear", "log-log"]
CURVES: tuple[Curve, ...] = ("linear", "log-log")
Law = float | Literal["cmos", "cmos-lp"]
"""An exponent, or the laws between process nodes and voltages of ``harness.estimation.scaling``."""

_EXPONENTS = {"none": 0.0, "root": 0.5, "linear": 1.0, "quadratic": 2.0, "cubic": 3.0, "inverse": -1.0}
_CMOS: tuple[Literal["cmos"], Literal["cmos-lp"]] = ("cmos", "cmos-lp")
LARGEST_EXPONENT = 8.0


@dataclass(frozen=True)
class Rules:
    """Of one class. ``keys`` None: every column that can be one. ``scale``: a law for each figure."""

    keys: tuple[str, ...] | None = None
    interpolate: Mapping[str, Curve] = field(default_factory=dict)
    scale: Mapping[str, Mapping[Figure, Law]] = field(default_factory=dict)
    implied: Mapping[str, str] = field(default_factory=dict)
    """Columns that the file lacks, with the cell that stands in each row."""
    uncertainty: float | None = None
    places: Mapping[str, Location] = field(default_factory=dict)
    """Where the manifest names each column."""


def class_rules(
    name: str, sections: Mapping[str, dict[str, Any]], uncertainty: float | None, place: Location
) -> Rules:
    """The rules of class ``name`` from the sections of the manifest that go by class."""
    keys, places = _keys(sections["keys"], name, place)
    implied = _columns(sections["implied"], name, "implied", place, "value")
    for column in implied:
        places.setdefault(column, where(implied, column) or place)
    curves = _columns(sections["interpolate"], name, "interpolate", place)
    laws = _columns(sections["scale"], name, "scale", place)
    for column in (*curves, *laws):
        own = curves if column in curves else laws
        places.setdefault(column, where(own, column) or place)
        if column in curves and column in laws:
            raise EstimationError(
                f"column '{column}' of '{name}' is declared under interpolate and under scale",
                where(laws, column) or place,
                "declare one of the two",
            )
    return Rules(
        keys=keys,
        interpolate={c: _curve(c, v, where(curves, c) or place) for c, v in curves.items()},
        scale={c: _laws(c, v, where(laws, c) or place) for c, v in laws.items()},
        implied={c: _cell(c, v, where(implied, c) or place) for c, v in implied.items()},
        uncertainty=uncertainty,
        places=places,
    )


def uncertainty_of(stated: object, place: Location) -> float | None:
    """A relative +- from "15%", "15 %" or 0.15; None where nothing is stated."""
    if stated is None or stated == "":
        return None
    text = str(stated).strip() if isinstance(stated, str) else ""
    share, value = 1.0, finite_number(stated)
    try:
        if text:
            share = 0.01 if text.endswith("%") else 1.0
            value = finite_number(float(text.removesuffix("%")))
    except ValueError:
        value = None
    if value is None or value < 0:
        raise EstimationError(f"uncertainty is {shorten(stated)}, not a share such as 15% or 0.15", place)
    if share == 1.0 and value > 1:
        raise EstimationError(f"uncertainty is {shorten(stated)}", place, f"write {value:g}% for per cent")
    return value * share


def _keys(
    section: dict[str, Any], name: str, place: Location
) -> tuple[tuple[str, ...] | None, dict[str, Location]]:
    if name not in section:
        return None, {}
    stated, at = section[name], where(section, name) or place
    if not isinstance(stated, list) or not all(isinstance(c, str) for c in stated):
        raise EstimationError(f"the keys of '{name}' must be a list of columns", at)
    columns = tuple(dict.fromkeys(str(column) for column in stated))
    return columns, dict.fromkeys(columns, at)


def _cell(column: str, stated: object, place: Location) -> str:
    if isinstance(stated, bool) or not isinstance(stated, int | float | str) or not str(stated).strip():
        raise EstimationError(f"implied '{column}' is {shorten(stated)}, not a number or a text", place)
    if not isinstance(stated, str) and finite_number(stated) is None:
        raise EstimationError(f"implied '{column}' is {shorten(stated)}, not a finite number", place)
    return str(stated).strip()


def _columns(
    section: dict[str, Any], name: str, what: str, place: Location, to: str = "law"
) -> dict[str, Any]:
    stated = section.get(name)
    if stated is None:
        return {}
    if not isinstance(stated, dict):
        raise EstimationError(
            f"'{what}' of '{name}' must map columns to their {to}", where(section, name) or place
        )
    return stated


def _curve(column: str, stated: object, place: Location) -> Curve:
    if stated not in CURVES:
        shown = str(stated) if isinstance(stated, str) else shorten(stated)
        raise EstimationError(
            f"unknown interpolation '{shown}' of column '{column}'", place, did_you_mean(shown, CURVES)
        )
    return stated


def _laws(column: str, stated: object, place: Location) -> dict[Figure, Law]:
    """One law for every figure, or one for each that the mapping names.

    One word for the voltage is the law of the energy: leakage then goes linearly with it, and no area does.
    """
    if isinstance(stated, dict):
        for name in stated:
            if name not in FIGURES:
                hint = did_you_mean(name, FIGURES)
                raise EstimationError(f"unknown figure '{name}' to scale", where(stated, name) or place, hint)
        return {cast(Figure, f): _law(column, v, where(stated, f) or place) for f, v in stated.items()}
    law = _law(column, stated, place)
    if column == VOLTAGE:
        return {"energy": law, "leak": law if law in _CMOS else 1.0, "area": 0.0}
    return dict.fromkeys(FIGURES, law)


def _law(column: str, stated: object, place: Location) -> Law:
    if stated in _CMOS:
        if column not in (TECHNOLOGY, VOLTAGE):
            raise EstimationError(
                f"column '{column}' cannot be scaled by '{stated}', which is for technology and voltage",
                place,
            )
        return _CMOS[_CMOS.index(cast(Any, stated))]
    if isinstance(stated, str) and stated in _EXPONENTS:
        return _EXPONENTS[stated]
    exponent = finite_number(stated)
    if exponent is None or abs(exponent) > LARGEST_EXPONENT:
        shown = str(stated) if isinstance(stated, str) else shorten(stated)
        raise EstimationError(
            f"unknown scaling '{shown}' of column '{column}'",
            place,
            did_you_mean(shown, (*_EXPONENTS, *_CMOS)) if isinstance(stated, str) else "give an exponent",
        )
    return float(exponent)
