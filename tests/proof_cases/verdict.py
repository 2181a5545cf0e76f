"""What a mapper answers, against what complete enumeration says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.search.objective import Goal, Objective
from harness.spec.mapping import Mapping
from proof_cases.case import MappingCase
from proof_cases.membership import why_outside
from proof_cases.oracle import RELATIVE, Oracle


class Answer(Protocol):
    """The part of ``harness.search.optimal.Outcome`` that is looked at."""

    @property
    def mapping(self) -> Mapping | None: ...
    @property
    def status(self) -> str: ...
    @property
    def lower_bound(self) -> float: ...


Solve = Callable[[MapSpace, Objective], Answer]
Pareto = Callable[[MapSpace], Sequence[Answer]]


@dataclass(frozen=True)
class Mismatch:
    """One answer that is wrong, with all that is needed to see it again."""

    case: MappingCase
    objective: Objective | str
    what: str
    ours: Any
    expected: Any

    def __str__(self) -> str:
        return (
            f"{self.case.kind}({self.case.seed}) {self.case.problem.name} {self.objective}: {self.what}\n"
            f"  ours     {self.ours}\n  expected {self.expected}"
        )


def objectives_of(oracle: Oracle, seed: int) -> list[Objective]:
    """The objectives asked of one case; caps lie on or near the Pareto front, some below all of it."""
    asked = [
        Objective(("edp",)),
        Objective(("delay", "energy")),
        Objective(("energy", "delay")),
    ]
    if not oracle.valid:
        return asked
    random = Random(f"objectives {seed}")
    front = oracle.front
    cycles, energy = random.choice(front)
    most_cycles = random.choice((cycles, cycles, cycles + 1, int(random.choice(oracle.cycles))))
    any_energy = float(random.choice(oracle.energy_pj))
    most_energy = random.choice((energy * (1 + 1e-6), energy * 1.1, any_energy * 1.001))
    if random.random() < 0.1:
        most_cycles = front[0][0] - 1
    if random.random() < 0.1:
        most_energy = front[-1][1] * (1 - 1e-6)
    asked.append(Objective(("energy", "delay"), max_cycles=most_cycles))
    asked.append(Objective(("delay", "energy"), max_energy_pj=most_energy))
    further: list[Objective] = [
        Objective(("edp", "delay", "energy")),
        Objective(("edp", "energy")),
        Objective(("delay",)),
        Objective(("energy",)),
        Objective(("edp",), max_cycles=most_cycles),
        Objective(("edp",), max_energy_pj=most_energy),
        Objective(("edp",), most_cycles, most_energy),
        Objective(("energy", "edp"), most_cycles),
        Objective(("delay", "edp"), max_energy_pj=most_energy),
    ]
    asked.append(random.choice(further))
    return asked


def check_objective(
    case: MappingCase, oracle: Oracle, objective: Objective, answer: Answer, *, proven: bool = True
) -> Mismatch | None:
    """None if the answer is what enumeration says. Unless ``proven``, a mapping with a true bound will do."""
    best = oracle.best(objective)

    def wrong(what: str, ours: Any, expected: Any) -> Mismatch:
        return Mismatch(case, objective, what, ours, expected)

    if best is None:
        if answer.mapping is not None or answer.status != "no_mapping":
            return wrong("there is no mapping", (answer.status, answer.mapping), "no_mapping")
        return None
    expected = oracle.mapping(best.row)
    value = best.values[0] * (1e-12 if objective.goals[0] == "edp" else 1.0)
    if (
        not proven
        and answer.status in ("bound", "best_found")
        and answer.lower_bound > value * (1 + RELATIVE)
    ):
        return wrong("the bound is not true", answer.lower_bound, value)
    if not proven and answer.status == "best_found" and answer.mapping is None:
        return None
    if answer.mapping is None:
        return wrong("no mapping was found", answer.status, (best.values, expected))
    if proven and answer.status != "optimal":
        return wrong("the status is not 'optimal'", answer.status, "optimal")
    outside = why_outside(case.space, answer.mapping)
    if outside is not None:
        return wrong(f"the mapping is not in the space: {outside}", answer.mapping, (best.values, expected))
    stats = evaluate(case.architecture, case.problem, answer.mapping)
    found = tuple(_value(goal, stats.cycles, stats.energy_pj) for goal in objective.goals)
    capped = (objective.max_cycles is not None and stats.cycles > objective.max_cycles) or (
        objective.max_energy_pj is not None and stats.energy_pj > objective.max_energy_pj * (1 + RELATIVE)
    )
    if capped:
        return wrong("the mapping exceeds a cap", (stats.cycles, stats.energy_pj), objective)
    if answer.status != "optimal":
        return None
    for ours, least in zip(found, best.values, strict=True):
        if not abs(ours - least) <= RELATIVE * abs(least):
            return wrong("another value", (found, answer.mapping), (best.values, expected))
    if not abs(answer.lower_bound - value) <= 2 * RELATIVE * abs(value):
        return wrong("the bound of a proven optimum is not its value", answer.lower_bound, value)
    return None


def check_front(case: MappingCase, oracle: Oracle, answers: Sequence[Answer]) -> Mismatch | None:
    """None if ``answers`` are the whole energy-delay front."""

    def wrong(what: str, ours: Any) -> Mismatch:
        return Mismatch(case, "pareto", what, ours, oracle.front)

    found = []
    if not oracle.valid:
        # An empty front, or one answer that says so.
        if any(a.mapping is not None or a.status != "no_mapping" for a in answers):
            return wrong("there is no mapping", answers)
        return None
    for answer in answers:
        if answer.mapping is None or answer.status != "optimal":
            return wrong("an unproven point", answer)
        outside = why_outside(case.space, answer.mapping)
        if outside is not None:
            return wrong(f"a mapping is not in the space: {outside}", answer.mapping)
        stats = evaluate(case.architecture, case.problem, answer.mapping)
        found.append((stats.cycles, stats.energy_pj))
    same = len(found) == len(oracle.front) and all(
        ours[0] == theirs[0] and abs(ours[1] - theirs[1]) <= RELATIVE * theirs[1]
        for ours, theirs in zip(found, oracle.front, strict=True)
    )
    return None if same else wrong("another front", found)


def _value(goal: Goal, cycles: int, energy_pj: float) -> float:
    if goal == "edp":
        return cycles * energy_pj
    return float(cycles) if goal == "delay" else energy_pj


def mismatches(case: MappingCase, oracle: Oracle, solve: Solve, pareto: Pareto | None) -> list[Mismatch]:
    """Every wrong answer for one case."""
    found = [
        check_objective(case, oracle, objective, solve(case.space, objective))
        for objective in objectives_of(oracle, case.seed)
    ]
    if pareto is not None:
        found.append(check_front(case, oracle, pareto(case.space)))
    return [mismatch for mismatch in found if mismatch is not None]
