"""The energies and areas of an architecture, component by component, each with what stands behind it.

What a run works out before it maps anything, for those who want to see just that. Tables that were handed
in come in the same form: their figures are given, and the file is where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.engines.area import instances_in
from harness.engines.built_in import remarks_on_given
from harness.engines.given_answers import given_answers
from harness.engines.job import Job
from harness.estimation import Answer, EstimationOptions, estimate
from harness.estimation.parts import components_of
from harness.estimation.query import Declined, Query, parse_technology
from harness.model.compat import Compat, artefacts
from harness.spec.architecture import Architecture
from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable, last_name

LEAK = "leak"


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
    charged: frozenset[str] = frozenset()
    """Full names of the components whose leakage a run counts."""
    remarks: tuple[str, ...] = ()
    """On choices of parameters, and on what tables that were given lack."""

    @cached_property
    def area_um2(self) -> float | None:
        """Of all instances of all components, those included that Timeloop's total leaves out; None where no
        area was given.
        """
        areas = [c.area.value * c.instances for c in self.components if c.area is not None]
        return sum(areas) if areas or self.art is not None else None

    @cached_property
    def leak_pj_per_cycle(self) -> float:
        """Of all instances of all components, were nothing ever switched off."""
        return sum(c.leak.value * c.instances for c in self.components if c.leak is not None)

    @cached_property
    def uncharged(self) -> tuple[str, ...]:
        """Components that leak and whose leakage no run counts: the model charges that of levels only, and
        that of the arithmetic not with ``compat="timeloop-v4"`` (docs/model.md).
        """
        return tuple(
            c.name
            for c in self.components
            if c.leak is not None and c.leak.value > 0 and c.full_name not in self.charged
        )

    @cached_property
    def charged_leak_pj_per_cycle(self) -> float:
        """What a run counts of the leakage, were nothing ever switched off."""
        return sum(
            c.leak.value * c.instances
            for c in self.components
            if c.leak is not None and c.full_name in self.charged
        )

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
        told = (f"{', '.join(names)}: {warning}" for warning, names in about.items())
        return (*self.remarks, *told)


def energy_tables(job: Job) -> EnergyTables:
    """The tables with which ``job`` would be run. Raises HarnessError where nobody can estimate."""
    specification = job.specification
    architecture = specification.architecture
    remarks = job.remarks
    if architecture.ert is not None:
        remarks += remarks_on_given(architecture)
        answers = given_answers(architecture, specification.tree)
        ert, art = architecture.ert, architecture.art
        estimator = "none, the ERT was given"
    else:
        made = estimate(architecture, specification.compound_components, job.estimation)
        answers, ert, art = made.answers, made.ert, made.art
        estimator = job.estimation.in_words()
    clock = _clock(architecture)
    return EnergyTables(
        architecture=job.architecture,
        parameters=job.parameters,
        estimator=estimator,
        cycle_seconds=clock,
        technology=_technology(architecture),
        components=_components(architecture, answers, ert, art),
        ert=ert,
        art=art,
        options=job.estimation,
        charged=_charged(architecture, job.compat),
        remarks=remarks,
    )


def _charged(architecture: Architecture, compat: Compat) -> frozenset[str]:
    """Where leakage is counted: levels, unless they state an energy for every access; the arithmetic."""
    names = [level.full_name for level in architecture.storage if level.vector_access_energy is None]
    if not artefacts(compat).compute_does_not_leak:
        names.append(architecture.arithmetic.full_name)
    return frozenset(names)


def _clock(architecture: Architecture) -> float | None:
    unit = architecture.arithmetic
    try:
        return Query(unit.full_name, unit.class_name, unit.attributes).cycle_seconds
    except Declined:
        return None


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
            last_name(name), name, classes[name], instances.get(name) or instances_in(name), tuple(lines)
        )
        for name, lines in found.items()
    )
