"""The energies and areas of an architecture, component by component, each with what stands behind it.

What a run works out before it maps anything, for those who want to see just that. Tables that were handed
in come in the same form: their figures are given, and the file is where they come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.engines.job import Job
from harness.estimation import Answer, EstimationOptions, estimate
from harness.estimation.answers import Contribution
from harness.estimation.parts import components_of
from harness.estimation.query import Finding, Fit, parse_technology
from harness.model.component_energy import last_name
from harness.spec.architecture import Architecture
from harness.spec.energy import ActionEnergy, AreaReferenceTable, EnergyReferenceTable
from harness.spec.located import where

GIVEN: Fit = "given"
LEAK = "leak"
_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]$")


@dataclass(frozen=True)
class Line:
    """One figure: ``value`` as the table has it (rounded), ``answer`` with what stands behind it.

    pJ per action, pJ per cycle for ``leak``, um^2 where the action is None; of one instance.
    """

    value: float
    answer: Answer

    @property
    def action(self) -> str | None:
        return self.answer.action

    @property
    def unit(self) -> str:
        return "um^2" if self.action is None else "pJ/cycle" if self.action == LEAK else "pJ"

    @property
    def hardware(self) -> bool:
        """False for lines of what stands for nothing that is built: spatial fan-out, placeholders."""
        return bool(self.answer.parts)


@dataclass(frozen=True)
class ComponentFigures:
    """All lines of a component. ``name`` is the short one; there are ``instances`` of it."""

    name: str
    full_name: str
    class_name: str
    instances: int
    lines: tuple[Line, ...]

    @property
    def area(self) -> Line | None:
        return next((line for line in self.lines if line.action is None), None)

    @property
    def leak(self) -> Line | None:
        return next((line for line in self.lines if line.action == LEAK), None)

    @property
    def hardware(self) -> bool:
        return any(line.hardware or line.value for line in self.lines)


@dataclass(frozen=True)
class EnergyTables:
    """``estimator`` says in words who was asked, or that the tables were given. ``cycle_seconds`` and
    ``technology`` (its nodes) are the architecture's, None where it states none.
    """

    architecture: str
    parameters: Mapping[str, Any]
    estimator: str
    cycle_seconds: float | None
    technology: str | None
    components: tuple[ComponentFigures, ...]
    ert: EnergyReferenceTable
    art: AreaReferenceTable | None
    options: EstimationOptions = field(default_factory=EstimationOptions)

    @cached_property
    def area_um2(self) -> float:
        """Of all instances of all components, those included that Timeloop's total leaves out."""
        return sum(c.area.value * c.instances for c in self.components if c.area is not None)

    @cached_property
    def leak_pj_per_cycle(self) -> float:
        """Of all instances of all components, were nothing ever switched off."""
        return sum(c.leak.value * c.instances for c in self.components if c.leak is not None)

    @property
    def leak_watts(self) -> float | None:
        return self.watts(self.leak_pj_per_cycle)

    def watts(self, pj_per_cycle: float) -> float | None:
        """None without a clock."""
        return None if not self.cycle_seconds else pj_per_cycle * 1e-12 / self.cycle_seconds

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Each once, with the components that it is about."""
        about: dict[str, dict[str, None]] = {}
        for component in self.components:
            for line in component.lines:
                for warning in line.answer.warnings:
                    about.setdefault(warning, {})[component.name] = None
        return tuple(f"{', '.join(names)}: {warning}" for warning, names in about.items())


def energy_tables(job: Job) -> EnergyTables:
    """The tables with which ``job`` would be run. Raises HarnessError where nobody can estimate."""
    specification = job.specification
    architecture = specification.architecture
    if architecture.ert is not None:
        answers = _given_answers(architecture, specification.tree)
        ert, art = architecture.ert, architecture.art
        estimator = "none, the ERT was given"
    else:
        made = estimate(architecture, specification.compound_components, job.estimation)
        answers, ert, art = made.answers, made.ert, made.art
        estimator = job.estimation.estimator
        if job.estimation.legacy_action_share:
            estimator += ", action_share ignored"
    clock = architecture.arithmetic.attributes.get("global_cycle_seconds")
    return EnergyTables(
        architecture=job.architecture,
        parameters=job.parameters,
        estimator=estimator,
        cycle_seconds=clock if isinstance(clock, float) and clock > 0 else None,
        technology=_technology(architecture),
        components=_components(architecture, answers, ert, art),
        ert=ert,
        art=art,
        options=job.estimation,
    )


def _technology(architecture: Architecture) -> str | None:
    """The node, or all nodes that occur; kinds of cells and placeholders are none."""
    nodes = {
        f"{node:g} nm": None
        for component in components_of(architecture)
        if (node := parse_technology(component.attributes.get("technology"))) is not None
    }
    return ", ".join(nodes) or None


def _components(
    architecture: Architecture,
    answers: tuple[Answer, ...],
    ert: EnergyReferenceTable,
    art: AreaReferenceTable | None,
) -> tuple[ComponentFigures, ...]:
    instances = {level.full_name: level.instances for level in architecture.storage}
    instances[architecture.arithmetic.full_name] = architecture.arithmetic.instances
    energies = {
        (component.name, line.action, line.arguments): line.energy_pj
        for component in ert.components
        for line in component.actions
    }
    areas = {} if art is None else art.by_name
    found: dict[str, list[Line]] = {}
    classes: dict[str, str] = {}
    for answer in answers:
        name = answer.component
        if answer.action is None:
            value = areas.get(name, answer.value)
        else:
            value = energies.get((name, answer.action, answer.arguments), answer.value)
        found.setdefault(name, []).append(Line(value, answer))
        classes.setdefault(name, answer.class_name)
    return tuple(
        ComponentFigures(
            last_name(name), name, classes[name], instances.get(name) or _instances_in(name), tuple(lines)
        )
        for name, lines in found.items()
    )


def _instances_in(name: str) -> int:
    """``Sys.NoC[1..4]`` are four."""
    found = _RANGE.search(name)
    return 1 if found is None else max(1, int(found[2]) - int(found[1]) + 1)


def _given_answers(architecture: Architecture, tree: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The lines of tables that were handed in, in their order; an area without energies comes last."""
    classes = {component.name: component.class_name for component in components_of(architecture)}
    assert architecture.ert is not None
    areas = {} if architecture.art is None else dict(architecture.art.areas)
    found: list[Answer] = []
    for component in architecture.ert.components:
        of = (component.name, classes.get(component.name, ""))
        for line in component.actions:
            found.append(_given(*of, line, line.energy_pj, _place(tree, "ERT")))
        if component.name in areas:
            found.append(_given(*of, None, areas.pop(component.name), _place(tree, "ART")))
    for name, area in areas.items():
        found.append(_given(name, classes.get(name, ""), None, area, _place(tree, "ART")))
    return tuple(found)


def _place(tree: Mapping[str, Any], key: str) -> str:
    for name in (key, f"{key}_summary"):
        if name in tree:
            return str(where(tree, name) or "the specification")
    return "the specification"


def _given(component: str, class_name: str, line: ActionEnergy | None, value: float, place: str) -> Answer:
    """A line of the ERT; None for the area."""
    action, arguments = (None, ()) if line is None else (line.action, line.arguments)
    finding = Finding(value, GIVEN, 100, fit=GIVEN, citation=place)
    part = Contribution(component, class_name, action, 1.0, finding)
    return Answer(component, class_name, action, arguments, value, GIVEN, 100, "", (part,))
