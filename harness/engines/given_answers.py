"""The lines of tables that were handed in, in the form of estimated ones, with the lines of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engines.built_in import CITATION, TIMELOOP, BuiltIn, built_ins
from harness.estimation import Answer
from harness.estimation.answers import Contribution
from harness.estimation.parts import components_of
from harness.estimation.query import Finding, Fit
from harness.spec.architecture import Architecture
from harness.spec.energy import ActionEnergy, last_name
from harness.spec.located import where

GIVEN: Fit = "given"


def given_answers(architecture: Architecture, tree: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The lines in their order; an area without energies comes last.

    What the ERT lacks follows with the component's other lines, with Timeloop's built-in estimate, which is
    what a run counts.
    """
    classes = {component.name: component.class_name for component in components_of(architecture)}
    assert architecture.ert is not None
    areas = {} if architecture.art is None else dict(architecture.art.areas)
    in_ert, in_art = _places(tree, "ERT"), _places(tree, "ART")
    left_open: dict[str, list[BuiltIn]] = {}
    for entry in built_ins(architecture):
        left_open.setdefault(last_name(entry.component), []).append(entry)
    found: list[Answer] = []
    for component in architecture.ert.components:
        name = component.name
        of = (name, classes.get(name, ""))
        for position, line in enumerate(component.actions):
            found.append(_given(*of, line, line.energy_pj, in_ert.of(name, position)))
        found += [_built_in(*of, entry) for entry in left_open.pop(last_name(name), ())]
        if name in areas:
            found.append(_given(*of, None, areas.pop(name), in_art.of(name)))
    for entries in left_open.values():
        found += [_built_in(e.component, classes.get(e.component, ""), e) for e in entries]
    for name, area in areas.items():
        found.append(_given(name, classes.get(name, ""), None, area, in_art.of(name)))
    return tuple(found)


class _Places:
    """Where each line of a table stands: "tables.yaml; tables.yaml:12", the file being the source."""

    def __init__(self, node: Any) -> None:
        self._whole = where(node)
        self._found: dict[tuple[str, int | None], Any] = {}
        tables = node.get("tables") if isinstance(node, Mapping) else None
        for table in tables if isinstance(tables, list) else ():
            if not isinstance(table, Mapping):
                continue
            name = str(table.get("name"))
            self._found.setdefault((name, None), where(table, "area") or where(table))
            actions = table.get("actions")
            for position, action in enumerate(actions if isinstance(actions, list) else ()):
                self._found.setdefault((name, position), where(action, "energy") or where(action))

    def of(self, name: str, position: int | None = None) -> str:
        place = self._found.get((name, position)) or self._whole
        if place is None:
            return "the specification"
        return place.file if place.line is None else f"{place.file}; {place.file}:{place.line}"


def _places(tree: Mapping[str, Any], key: str) -> _Places:
    return _Places(tree.get(key, tree.get(f"{key}_summary")))


def _given(component: str, class_name: str, line: ActionEnergy | None, value: float, place: str) -> Answer:
    """A line of the ERT; None for the area."""
    action, arguments = (None, ()) if line is None else (line.action, line.arguments)
    finding = Finding(value, GIVEN, 100, fit=GIVEN, citation=place)
    part = Contribution(component, class_name, action, 1.0, finding)
    return Answer(component, class_name, action, arguments, value, GIVEN, 100, "", (part,))


def _built_in(component: str, class_name: str, entry: BuiltIn) -> Answer:
    note = "the ERT lacks it, so Timeloop's built-in estimate counts"
    finding = Finding(entry.energy_pj, TIMELOOP, 0, note, entry.fit, CITATION[entry.fit])
    part = Contribution(component, class_name, entry.action, 1.0, finding)
    return Answer(component, class_name, entry.action, (), entry.energy_pj, TIMELOOP, 0, note, (part,))
