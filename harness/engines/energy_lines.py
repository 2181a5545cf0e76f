"""The lines of the tables behind the terms that an evaluation's energy is made of."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engines.evaluation import Evaluation
from harness.estimation import Answer
from harness.estimation.query import Fit
from harness.model.component_energy import tables_by_name
from harness.spec.energy import ComponentEnergy


@dataclass(frozen=True)
class EnergyTerm:
    """``pj`` of the whole energy that one action of one component takes. ``answer`` is the line of the
    tables behind it, None where no estimator answered; then ``fit`` says what stands there.
    """

    component: str
    action: str
    pj: float
    answer: Answer | None = None
    fit: Fit = "given"


class Lines:
    """The lines of the tables by short name of the component and action, as the model picks them."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._tables = tables_by_name(evaluation.architecture)
        self._answers: dict[tuple[str, str | None], list[Answer]] = {}
        for answer in evaluation.answers:
            self._answers.setdefault((answer.component, answer.action), []).append(answer)

    def table(self, component: str) -> ComponentEnergy | None:
        return self._tables.get(component)

    def actions(self, component: str) -> set[str]:
        """The actions that the ERT has for a component."""
        table = self._tables.get(component)
        return set() if table is None else {a.action for a in table.actions}

    def of(self, component: str, action: str, argument: str | None = None, value: int = 0) -> Answer | None:
        """The dearest line of the action (Timeloop's rule), or of several the one with this argument."""
        table = self._tables.get(component)
        answers = [] if table is None else self._answers.get((table.name, action), [])
        if argument is not None and len(answers) > 1:
            answers = [a for a in answers if str(dict(a.arguments).get(argument)) == str(value)][-1:]
        return max(answers, key=lambda answer: answer.value, default=None)

    def figure(self, component: str, action: str, argument: str | None, value: int) -> float:
        """pJ of the line that :meth:`of` gives, from the ERT, which may have been handed in."""
        table = self._tables.get(component)
        lines = [] if table is None else [a for a in table.actions if a.action == action]
        if len(lines) > 1:
            lines = [a for a in lines if str(dict(a.arguments).get(argument or "")) == str(value)][-1:]
        return lines[0].energy_pj if lines else 0.0

    def term(
        self, component: str, action: str | None, otherwise: str, pj: float, fit: Fit = "given"
    ) -> EnergyTerm:
        """``otherwise`` and ``fit`` name what has no action in the tables."""
        answer = None if action is None else self.of(component, action)
        return EnergyTerm(component, action or otherwise, pj, answer, fit)

    @property
    def wire(self) -> Answer | None:
        """The line of a component named ``wire``, from which unnamed networks take their energy per mm."""
        found = [self.of(name, "transfer_random") for name in ("wire", "Wire")]
        return next((answer for answer in found if answer is not None), None)
