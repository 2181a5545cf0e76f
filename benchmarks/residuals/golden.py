"""Every figure of the reference's tables beside ours.

``tests/golden/residuals.json`` names the distinct tables behind the reference programs' evaluations (how many
evaluations used each), with the architectures that ``ert.json`` does not hold already, and the figures of a
run of Accelergy that somebody else made (``accelergy_check``, ``plug_in_drift``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks.residuals.reasons import (
    ACTION_SHARE,
    BETWEEN_ROWS,
    BY_HAND,
    LIBRARY_2024,
    NO_ESTIMATOR,
    TABLES,
    UNDOING,
    UNEXPLAINED,
)
from harness.errors import EstimationError
from harness.estimation import EstimationOptions
from harness.estimation.estimator import estimated
from harness.estimation.parts import Component, components_of
from harness.estimation.query import CLOCK_ARGUMENTS
from harness.estimation.rounding import round_significant
from harness.spec.flattened import read_architecture

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"
CLOCK_OF_THE_HAND_WRITTEN = 1e-9
"""Their architectures state none; leakage needs one."""


@dataclass(frozen=True)
class Line:
    """One figure: pJ per action, pJ per cycle for ``leak``, um^2 for ``area``; None where there is none."""

    table: str
    component: str
    what: str
    theirs: float | None
    ours: float | None
    reason: str = ""

    @property
    def equal(self) -> bool:
        return self.theirs is not None and self.theirs == self.ours

    @property
    def difference(self) -> float | None:
        """Ours against theirs, relative."""
        if self.theirs is None or self.ours is None or self.theirs == 0:
            return None
        return self.ours / self.theirs - 1


@dataclass(frozen=True)
class Table:
    """``evaluations``: how many of the reference's golden evaluations used these energies and areas."""

    name: str
    evaluations: int
    lines: tuple[Line, ...]


@lru_cache(maxsize=1)
def _content() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    residuals = json.loads((GOLDEN / "residuals.json").read_text())
    return residuals, json.loads((GOLDEN / "ert.json").read_text()), residuals["cases"]


@lru_cache(maxsize=8)
def _classes(groups: tuple[str, ...], generator: str) -> Any:
    text = (GOLDEN / "ert_classes.yaml").read_text().replace("address_generator_class", generator)
    known = yaml.safe_load(text)
    return tuple(entry for group in groups for entry in known[group])


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    """All of the golden evaluations' tables."""
    _, known, cases = _content()
    return tuple(
        Table(name, case["cases"], tuple(_lines(name, {**known.get(name, {}), **case})))
        for name, case in cases.items()
    )


def _lines(name: str, case: Mapping[str, Any]) -> Iterator[Line]:
    by_hand = case.get("hand_written", False)
    ours = figures(case, TABLES, CLOCK_OF_THE_HAND_WRITTEN if by_hand else None)
    undone = {} if by_hand else {reason: figures(case, options) for reason, options in UNDOING.items()}
    for key, value in _theirs(case).items():
        # A class may leave out the update: then it costs what a write does.
        found = ours.get(key) or (ours.get((key[0], "write")) if key[1] == "update" else None)
        line = Line(name, *key, value, None if found is None else found.value)
        if not line.equal:
            then = {reason: _value(figures_then, key) for reason, figures_then in undone.items()}
            reason = BY_HAND if by_hand else _reason(line, found, then)
            line = replace(line, reason=reason)
        yield line


def _reason(line: Line, found: Figure | None, undone: Mapping[str, float | None]) -> str:
    for reason, value in undone.items():
        if value == line.theirs:
            return reason
    return BETWEEN_ROWS if found is not None and found.between_rows else UNEXPLAINED


Key = tuple[str, str]
"""The component as the table names it, and the action with its arguments, or "area"."""


@dataclass(frozen=True)
class Figure:
    """``between_rows``: at least a part of it was interpolated."""

    value: float
    between_rows: bool = False


def _value(figures: Mapping[Key, Figure], key: Key) -> float | None:
    figure = figures.get(key)
    return None if figure is None else figure.value


def _theirs(case: Mapping[str, Any]) -> dict[Key, float]:
    found = {}
    for component, actions in case["ert"].items():
        for action, arguments, energy in actions:
            found[component, _action(action, arguments)] = float(energy)
    for component, area in case["art"].items():
        found[component, "area"] = float(area)
    return found


def _action(name: str, arguments: Mapping[str, Any]) -> str:
    """Clock and latency stand beside every action of a primitive component and tell nothing."""
    telling = [f"{k}={v}" for k, v in arguments.items() if k not in CLOCK_ARGUMENTS]
    return f"{name}({', '.join(telling)})" if telling else name


def figures(
    case: Mapping[str, Any], options: EstimationOptions, clock: float | None = None
) -> dict[Key, Figure]:
    """Ours, component by component: one that cannot be estimated leaves the others as they are."""
    classes = _classes(tuple(case["classes"]), case["address_generator"])
    found: dict[Key, Figure] = {}
    for component in _components(case, clock):
        try:
            made = estimated([component], classes, options)
        except EstimationError:
            continue
        between = {a.action for a in made.answers if any(p.finding.fit == "interpolated" for p in a.parts)}
        for row in made.ert.components:
            for action in row.actions:
                key = (row.name, _action(action.action, dict(action.arguments)))
                found[key] = Figure(action.energy_pj, action.action in between)
        for name, area in made.art.areas:
            found[name, "area"] = Figure(area, None in between)
    return found


def _components(case: Mapping[str, Any], clock: float | None) -> tuple[Component, ...]:
    tree = case["architecture"]
    if clock is not None:
        tree = {**tree, "attributes": {"global_cycle_seconds": clock, **tree.get("attributes", {})}}
    return components_of(read_architecture({"architecture": {"subtree": [tree]}}))


@lru_cache(maxsize=1)
def checked_values() -> tuple[Line, ...]:
    """Figures of somebody else's run of Accelergy (``accelergy_check``)."""
    residuals, known, _ = _content()
    listed = residuals["accelergy_check"]
    now = {name: figures(known[name], TABLES) for name, *_ in listed}
    then = {name: figures(known[name], UNDOING[ACTION_SHARE]) for name, *_ in listed}
    lines = []
    for name, component, what, value, *_ in listed:
        line = Line(name, component, what, value, _named(now[name], component, what))
        if not line.equal:
            undone = _named(then[name], component, what)
            line = replace(line, reason=ACTION_SHARE if undone == value else UNEXPLAINED)
        lines.append(line)
    # Accelergy gave no table for these two; ours are those of the golden evaluations.
    lines += [Line(name, "all", "all", None, None, NO_ESTIMATOR) for name in ("eyeriss", "simba")]
    return tuple(lines)


def _named(found: Mapping[Key, Figure], component: str, what: str) -> float | None:
    """By the component's short name; of several argument values, the first."""
    for (name, action), figure in found.items():
        if name.split("[")[0].split(".")[-1] == component and action.split("(")[0] == what:
            return figure.value
    return None


def drifted_values() -> tuple[Line, ...]:
    """One MAC of two adders, by two versions of Accelergy's library (``plug_in_drift``)."""
    residuals, _, _ = _content()
    lines = []
    for name, multiplier, adder, node, version, value in residuals["plug_in_drift"]:
        ours = mac_of_two_adders(multiplier, adder, node)
        line = Line(name, f"MAC {multiplier} x {multiplier} + {adder} bits, {node}", version, value, ours)
        if not line.equal:
            as_then = ours * library_of_2024(float(node.removesuffix("nm")))
            half_a_digit = 0.51 * 10.0 ** -len(str(value).split(".")[1])
            reason = LIBRARY_2024 if abs(as_then - value) <= half_a_digit else UNEXPLAINED
            line = replace(line, reason=reason)
        lines.append(line)
    return tuple(lines)


def mac_of_two_adders(multiplier: int, adder: int, node: str) -> float:
    """The reference's integer MAC, whose multiplier is an adder of 32 bits whatever its width."""
    widths = {"multiplier_width": multiplier, "adder_width": adder}
    return round_significant(_energy("intmac", "compute", {"technology": node, **widths}), 6)


def library_of_2024(node: float) -> float:
    """What the library said before its rows moved from 45 to 40 nm, relative to what it says now."""
    as_now, as_then = (_adder(node) / _adder(own) for own in (40.0, 45.0))
    return as_then / as_now


def _adder(node: float) -> float:
    """At a node as a number; the text "40nm" would be the library's own and bypass its factors."""
    return _energy("aladdin_adder", "add", {"technology": node, "width": 32})


def _energy(class_name: str, action: str, attributes: Mapping[str, object]) -> float:
    """Unrounded."""
    component = Component("it", class_name, {"global_cycle_seconds": 1e-9, **attributes}, (action,))
    made = estimated([component], _classes(("two_adders",), "aladdin_adder"), TABLES)
    return next(a.value for a in made.answers if a.action == action)
