"""From the answers of the sources to energy and area reference tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.errors import EstimationError, did_you_mean
from harness.estimation.answers import Answer, Contribution, Estimate, EstimationOptions
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain, sources_for
from harness.estimation.component_classes import CompoundClass, read_component_classes
from harness.estimation.compound import Ask, CompoundComponent
from harness.estimation.parts import STORAGE_ACTIONS, Component
from harness.estimation.query import Declined, Finding, Query
from harness.estimation.rounding import round_significant
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable

DUMMY_CLASS = "dummy_storage"


def estimated(
    components: Iterable[Component], compound_components: Iterable[object], options: EstimationOptions
) -> Estimate:
    """The answer to :func:`harness.estimation.estimate`, worked out."""
    components = tuple(components)
    classes = read_component_classes(compound_components)
    chain = Chain(sources_for(options), classes, cacti_for(options.cache_folder, options.use_cache))
    foreseeing = Estimator(classes, options, chain.foresee)
    for component in components:
        foreseeing.component(component)
    chain.run_foreseen()
    estimator = Estimator(classes, options, chain.ask)
    rows = [estimator.component(c) for c in components]
    return Estimate(
        EnergyReferenceTable(tuple(ComponentEnergy(r.name, r.actions) for r in rows if r.actions)),
        AreaReferenceTable(tuple((r.name, r.area_um2) for r in rows if r.area_um2 is not None)),
        tuple(answer for r in rows for answer in r.answers),
    )


@dataclass(frozen=True)
class _Row:
    name: str
    actions: tuple[ActionEnergy, ...]
    area_um2: float | None
    answers: tuple[Answer, ...] = field(default=())


class Estimator:
    """Takes components apart into questions, and puts the answers together; ``ask`` is the chain's."""

    def __init__(self, classes: Mapping[str, CompoundClass], options: EstimationOptions, ask: Ask) -> None:
        self._classes = classes
        self._options = options
        self._ask = ask

    def component(self, component: Component) -> _Row:
        """All lines of one component."""
        if stands_for_fanout(component):
            return self._fanout(component)
        if component.class_name in self._classes:
            return self._row(component, *self._compound(component))
        if component.class_name == DUMMY_CLASS:
            return self._placeholder(component, 0.0, 0.0, STORAGE_ACTIONS, "a placeholder without hardware")
        return self._row(component, *self._primitive(component))

    def _row(self, component: Component, energies: Sequence[Answer], area: Answer) -> _Row:
        """The lines of the tables from answers, with the scales of the component."""
        energies = [_scaled(answer, component.energy_scale) for answer in energies]
        area = _scaled(area, component.area_scale)
        actions = (
            ActionEnergy(str(a.action), self._rounded(component, a.value), a.arguments) for a in energies
        )
        return _Row(component.name, tuple(actions), self._rounded(component, area.value), (*energies, area))

    def _rounded(self, component: Component, value: float) -> float:
        if not 0 <= value < math.inf:
            raise EstimationError(f"{component.name}: an energy or area of {value:g} makes no sense")
        return round_significant(value, self._options.significant_digits)

    def _primitive(self, component: Component) -> tuple[list[Answer], Answer]:
        attributes = component.attributes
        shown = _clock_arguments(component)
        arguments = dict(shown)
        answers = []
        for action in component.required_actions:
            query = Query(component.name, component.class_name, attributes, action, arguments)
            finding = self._ask(query)
            answers.append(_answer(component, action, shown, finding))
        area = self._ask(Query(component.name, component.class_name, attributes))
        return answers, _answer(component, None, (), area)

    def _compound(self, component: Component) -> tuple[list[Answer], Answer]:
        compound = CompoundComponent(
            component.name,
            component.class_name,
            component.attributes,
            self._classes,
            self._options.legacy_action_share,
        )
        for action in component.required_actions:
            # Leakage and updates may be left out: then they cost nothing, or what a write costs.
            if action not in compound.action_names and action not in ("leak", "update"):
                raise EstimationError(
                    f"{component.name}: class '{component.class_name}' has no action '{action}'",
                    self._classes[component.class_name].location,
                    did_you_mean(action, compound.action_names),
                )
        answers = [
            _sum(component, entry.action, entry.arguments, entry.contributions)
            for entry in compound.entries(self._ask)
        ]
        return answers, _sum(component, None, (), compound.area(self._ask))

    def _fanout(self, component: Component) -> _Row:
        """At 0 pJ the level gets no energy lines, like the reference's."""
        energy = self._options.dummy_energy_pj
        actions = ("write", "update", "read", "leak") if energy else ()
        note = "stands for spatial fan-out only"
        return self._placeholder(component, energy, self._options.dummy_area_um2, actions, note)

    def _placeholder(
        self, component: Component, energy_pj: float, area_um2: float, actions: Sequence[str], note: str
    ) -> _Row:
        lines: list[tuple[str | None, float]] = [*((a, energy_pj) for a in actions), (None, area_um2)]
        answers = [
            Answer(component.name, component.class_name, action, (), value, DUMMY_CLASS, 100, note)
            for action, value in lines
        ]
        table = tuple(ActionEnergy(action, energy_pj) for action in actions)
        return _Row(component.name, table, area_um2, tuple(answers))


def stands_for_fanout(component: Component) -> bool:
    """True for the levels that a front end makes of spatial containers (dummy_storage, technology -1).

    A component class of the name ``dummy_storage`` does not apply to them: that it does in the reference
    is an accident, by which every such level leaks 1 pJ per cycle there.
    """
    return component.class_name == DUMMY_CLASS and str(component.attributes.get("technology")) == "-1"


def _scaled(answer: Answer, scale: float) -> Answer:
    if scale == 1:
        return answer
    note = f"{scale:g} x" + (f" ({answer.note})" if answer.note else "")
    of_component = (f"{'area' if answer.action is None else 'energy'}_scale of the component", scale)
    parts = tuple(
        replace(part, factor=part.factor * scale, factors=(of_component, *part.factors))
        for part in answer.parts
    )
    return replace(answer, value=answer.value * scale, note=note, parts=parts)


def _answer(
    component: Component,
    action: str | None,
    arguments: tuple[tuple[str, float | int | str], ...],
    finding: Finding,
) -> Answer:
    return Answer(
        component.name,
        component.class_name,
        action,
        arguments,
        finding.value,
        finding.estimator,
        finding.accuracy,
        finding.note,
        (Contribution(component.name, component.class_name, action, 1.0, finding),),
    )


def _sum(
    component: Component,
    action: str | None,
    arguments: tuple[tuple[str, int], ...],
    contributions: Sequence[Contribution],
) -> Answer:
    """One answer for a compound component, with what each part adds in the note."""
    value = 0.0
    for contribution in contributions:
        value += contribution.value
    return Answer(
        component.name,
        component.class_name,
        action,
        arguments,
        value,
        " + ".join(dict.fromkeys(c.finding.estimator for c in contributions)) or "class definition",
        min((c.finding.accuracy for c in contributions), default=100.0),
        " + ".join(
            f"{c.factor:g} x {c.component.removeprefix(component.name + '.')}"
            + (f".{c.action}" if c.action else "")
            + (f" ({c.finding.note})" if c.finding.note else "")
            for c in contributions
        ),
        tuple(contributions),
    )


def _clock_arguments(component: Component) -> tuple[tuple[str, float | int | str], ...]:
    """The arguments that Accelergy writes beside every action of a primitive component."""
    query = Query(component.name, component.class_name, component.attributes)
    arguments: list[tuple[str, float | int | str]] = []
    try:
        if component.attributes.get("global_cycle_seconds") is not None:
            arguments.append(("global_cycle_seconds", query.cycle_seconds))
        latency = query.number("action_latency_cycles", 1)
    except Declined as declined:
        raise EstimationError(f"{component.name}: {declined.reason}") from None
    arguments.append(("action_latency_cycles", int(latency) if latency == int(latency) else latency))
    return tuple(arguments)
