"""From the answers of the sources to energy and area reference tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.errors import EstimationError, did_you_mean
from harness.estimation.answers import Answer, Contribution, Estimate, EstimationOptions
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain, sources_for
from harness.estimation.component_classes import CompoundClass, read_component_classes
from harness.estimation.compound import Ask, CompoundComponent, Use
from harness.estimation.parts import STORAGE_ACTIONS, Component
from harness.estimation.query import Declined, Query
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
    estimator = Estimator(classes, options, chain.ask)
    planned = [estimator.planned(component) for component in components]
    for plan in planned:
        for query in plan.questions():
            chain.foresee(query)
    chain.run_foreseen()
    rows = [estimator.answered(plan) for plan in planned]
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


@dataclass(frozen=True)
class _Line:
    """A line of the tables before anybody is asked; ``action`` None is the area."""

    action: str | None
    arguments: tuple[tuple[str, float | int | str], ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Plan:
    """All that has to be asked for a component; a placeholder has no lines."""

    component: Component
    lines: tuple[_Line, ...] = ()
    compound: bool = False

    def questions(self) -> Iterator[Query]:
        return (use.query for line in self.lines for use in line.uses)


class Estimator:
    """Takes components apart into questions, and puts the answers together; ``ask`` is the chain's."""

    def __init__(self, classes: Mapping[str, CompoundClass], options: EstimationOptions, ask: Ask) -> None:
        self._classes = classes
        self._options = options
        self._ask = ask

    def component(self, component: Component) -> _Row:
        """All lines of one component."""
        return self.answered(self.planned(component))

    def planned(self, component: Component) -> Plan:
        """What has to be asked for a component; nobody is asked yet."""
        if component.class_name in self._classes and not stands_for_fanout(component):
            return Plan(component, self._lines_of_compound(component), compound=True)
        if component.class_name == DUMMY_CLASS:
            return Plan(component)
        return Plan(component, self._lines_of_primitive(component))

    def answered(self, plan: Plan) -> _Row:
        """The lines of the tables from answers, with the scales of the component."""
        component = plan.component
        if stands_for_fanout(component):
            return self._fanout(component)
        if not plan.lines:
            return self._placeholder(component, 0.0, 0.0, STORAGE_ACTIONS, "a placeholder without hardware")
        told = _sum if plan.compound else _answer
        answers = []
        for line in plan.lines:
            parts = tuple(use.answered(self._ask) for use in line.uses)
            scale = component.area_scale if line.action is None else component.energy_scale
            answers.append(_scaled(told(component, line, parts), scale))
        *energies, area = answers
        actions = (
            ActionEnergy(str(a.action), self._rounded(component, a.value), a.arguments) for a in energies
        )
        return _Row(component.name, tuple(actions), self._rounded(component, area.value), tuple(answers))

    def _rounded(self, component: Component, value: float) -> float:
        if not 0 <= value < math.inf:
            raise EstimationError(f"{component.name}: an energy or area of {value:g} makes no sense")
        return round_significant(value, self._options.significant_digits)

    def _lines_of_primitive(self, component: Component) -> tuple[_Line, ...]:
        shown = _clock_arguments(component)
        whole = Query(component.name, component.class_name, component.attributes)
        energies = (
            _Line(action, shown, (Use(replace(whole, action=action, arguments=dict(shown))),))
            for action in component.required_actions
        )
        return (*energies, _Line(None, (), (Use(whole),)))

    def _lines_of_compound(self, component: Component) -> tuple[_Line, ...]:
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
        energies = (_Line(entry.action, entry.arguments, entry.uses) for entry in compound.entries())
        return (*energies, _Line(None, (), compound.area()))

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


def _answer(component: Component, line: _Line, parts: tuple[Contribution, ...]) -> Answer:
    """That of a primitive component, which has one part."""
    finding = parts[0].finding
    return Answer(
        component.name,
        component.class_name,
        line.action,
        line.arguments,
        finding.value,
        finding.estimator,
        finding.accuracy,
        finding.note,
        parts,
    )


def _sum(component: Component, line: _Line, parts: tuple[Contribution, ...]) -> Answer:
    """One answer for a compound component, with what each part adds in the note."""
    value = 0.0
    for part in parts:
        value += part.value
    return Answer(
        component.name,
        component.class_name,
        line.action,
        line.arguments,
        value,
        " + ".join(dict.fromkeys(part.finding.estimator for part in parts)) or "class definition",
        min((part.finding.accuracy for part in parts), default=100.0),
        " + ".join(
            f"{part.factor:g} x {part.component.removeprefix(component.name + '.')}"
            + (f".{part.action}" if part.action else "")
            + (f" ({part.finding.note})" if part.finding.note else "")
            for part in parts
        ),
        parts,
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
