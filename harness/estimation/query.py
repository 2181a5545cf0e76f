"""The one question that every source of energies and areas answers, and the shape of its answer."""

from __future__ import annotations

import math
import re
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

AttributeValue = object
"""A number, a string, a boolean or None, as attributes of a component carry them."""

Attributes = Mapping[str, AttributeValue]

CLOCK_ARGUMENTS = ("global_cycle_seconds", "action_latency_cycles")
"""Arguments that Accelergy writes beside every action of a primitive component; they tell no lines apart."""

LARGEST_NODE_NM = 1e6
_NANOMETRES = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*nm\s*$")


class Declined(Exception):
    """A source does not answer. ``reason`` is a phrase that can stand in an error message.

    ``knows_class`` tells a refusal of this very query (a missing attribute, a value outside the range)
    from "never heard of that class": only the former are worth telling the user.
    """

    def __init__(self, reason: str, knows_class: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.knows_class = knows_class


class AttributeFault(Declined):
    """An attribute that the source needs is missing or unusable: what the user can mend."""


class NoRow(Declined):
    """A table has rows for the class, but none for these attributes: it never could answer this."""


@dataclass(frozen=True)
class Query:
    """What one action of one primitive component costs; with ``action`` None, what area it takes.

    ``component`` names the component for messages only. ``attributes`` are those of the component,
    ``arguments`` those of the action.
    """

    component: str
    class_name: str
    attributes: Attributes
    action: str | None = None
    arguments: Attributes = field(default_factory=dict)

    @property
    def asked(self) -> str:
        return "area" if self.action is None else f"energy of action '{self.action}'"

    def number(self, name: str, default: float | None = None) -> float:
        """The attribute as a number; :class:`Declined` when it is missing (without default) or not one."""
        value = self.attributes.get(name)
        if value is None:
            if default is None:
                raise AttributeFault(f"attribute '{name}' is missing")
            return default
        number = finite_number(_number_in(value) if isinstance(value, str) else value)
        if number is None:
            raise AttributeFault(f"attribute '{name}' is {shorten(value)}, not a number")
        return number

    def positive_integer(self, name: str, default: int | None = None) -> int:
        value = self.number(name, default)
        if value != int(value) or value <= 0:
            raise AttributeFault(f"attribute '{name}' is {value:g}, it must be an integer above 0")
        return int(value)

    @property
    def cycle_seconds(self) -> float:
        """The length of a clock cycle, from ``global_cycle_seconds``."""
        value = self.number("global_cycle_seconds")
        if value <= 0:
            raise AttributeFault(f"attribute 'global_cycle_seconds' is {value:g}, it must be above 0")
        return value

    @property
    def technology_nm(self) -> float:
        """The node in nm from ``technology`` (32, 32.0 or "32nm")."""
        value = self.attributes.get("technology")
        if value is None:
            raise AttributeFault("attribute 'technology' is missing")
        nanometres = parse_technology(value)
        if nanometres is None:
            raise AttributeFault(f"technology {shorten(value)} is not a node like 32nm")
        return nanometres


def parse_technology(value: AttributeValue) -> float | None:
    """Nanometres of a technology attribute, None for one that is not a process node ("free")."""
    if not isinstance(value, str):
        number = finite_number(value)
        return number if number is not None and 0 < number < LARGEST_NODE_NM else None
    match = _NANOMETRES.match(value)
    return float(match.group(1)) if match and 0 < float(match.group(1)) < LARGEST_NODE_NM else None


def finite_number(value: AttributeValue) -> float | None:
    """``value`` if it is a number that a double can hold; an integer stays one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def shorten(value: AttributeValue) -> str:
    """``value`` as an error message shows it, in one short line."""
    try:
        shown = repr(value)
    except ValueError:  # an integer with more digits than Python prints
        return "a huge number"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _number_in(value: str) -> float | None:
    """The number that a string like "1e-9" spells (YAML 1.1 reads it as a string)."""
    try:
        return float(value)
    except ValueError:
        return None


def digits(value: float) -> str:
    """A number of a derivation: enough digits to follow it to the last one that is printed."""
    return f"{value:.12g}"


Fit = Literal["given", "free", "row", "interpolated", "scaled", "model", "constant"]

FITS: Mapping[Fit, str] = {
    "given": "from an ERT or ART that was handed in",
    "free": "costs nothing by definition",
    "row": "a row of a table, equal in every key that is stated",
    "interpolated": "between rows of a table, as it declares",
    "scaled": "a row times declared factors (width, node, voltage)",
    "model": "worked out by a model (CACTI, NeuroSim, ADC survey, a plug-in)",
    "constant": "one number per bit or circuit, whatever else",
}
"""The accuracy classes of a figure, from the most direct on: how it came about, which is known, not how far
it is off, which mostly is not. A row may itself be the answer of a model, as its citation says."""


_PLACES: Mapping[str, int] = {fit: place for place, fit in enumerate(FITS)}


def weakest(fits: Iterable[Fit], default: Fit = "free") -> Fit:
    """The accuracy class of what is made of figures of these."""
    return max(fits, key=_PLACES.__getitem__, default=default)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a source: pJ per action (leak: pJ per cycle) or um^2, unrounded.

    ``estimator`` names who answered, ``accuracy`` is its claim in percent on Accelergy's scale (100 a
    table row that matches), ``note`` how the answer came about where that is not obvious. ``fit`` is the
    accuracy class, ``citation`` where the figures come from (paper, file, package and version),
    ``attributes`` what of the component was really used, ``scaling`` the factors applied, in words.
    ``uncertainty`` is a relative +- (0.15 for 15 %) where the source states one; ``warnings`` say where it
    was used beyond what it was made for, ``passed_over`` which sources that know the class were asked before
    and why they did not answer. ``needs_cacti``: the figure depends on which CACTI can be run here, if any;
    one from the table in its place does as well. ``steps`` are the arithmetic that leads to ``value``, so
    that a reader can do it again: first what it begins with ("12.68 pJ (logic.csv:7)", or a sum in numbers),
    then a line for each factor ("x 0.25: width 8 of 32, linear"), all numbers as :func:`digits` writes them.
    """

    value: float
    estimator: str
    accuracy: float
    note: str = ""
    fit: Fit = "model"
    citation: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    scaling: str = ""
    uncertainty: float | None = None
    warnings: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    needs_cacti: bool = False
    steps: tuple[str, ...] = ()


class ReadAttributes(Mapping[str, AttributeValue]):
    """Attributes that remember which of them were looked up by name and were there."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._read: dict[str, None] = {}

    def __getitem__(self, name: str) -> AttributeValue:
        value = self._attributes[name]
        self._read[name] = None
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def items(self) -> ItemsView[str, AttributeValue]:
        """Going through all of them uses none."""
        return self._attributes.items()

    def used(self) -> tuple[tuple[str, str], ...]:
        return tuple((n, str(self._attributes[n])) for n in self._read if self._attributes[n] is not None)


class Source(Protocol):
    """A source of energies and areas. Asked in order; the first that does not decline is believed."""

    name: str

    def estimate(self, query: Query) -> Finding:
        """The answer, or :class:`Declined` with the reason."""
        ...

    def classes(self) -> Iterable[str]:
        """Class names this source can answer, for nearest-name hints. Must be cheap."""
        ...


def checked(finding: Finding, query: Query) -> Finding:
    """``finding`` for all ``n_instances`` of the component, as Accelergy counts leakage and area.

    Dynamic actions happen in one instance and are not multiplied.
    """
    if query.action not in (None, "leak"):
        return finding
    instances = query.number("n_instances", 1)
    if instances == 1:
        return finding
    scaling = "; ".join(part for part in (finding.scaling, f"{instances:g} instances") if part)
    steps = (*finding.steps, f"x {digits(instances)}: instances") if finding.steps else ()
    return replace(finding, value=finding.value * instances, scaling=scaling, steps=steps)
