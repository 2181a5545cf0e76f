"""What the best mapping is: goals in their order of importance, and caps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from harness.errors import SpecError, Unsupported, unknown_name
from harness.spec.settings import Metric, SearchSettings

Goal = Literal["edp", "delay", "energy"]
GOALS: tuple[Goal, ...] = get_args(Goal)

ROUNDING = 1e-9
"""Relative difference below which two energies are equal: sums taken in another order."""

_PJ_PER_UNIT = {"pj": 1.0, "nj": 1e3, "uj": 1e6, "mj": 1e9, "j": 1e12}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3})?)\s*([a-z]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Objective:
    """``goals`` in lexicographic order: a later one decides only between mappings equal in all earlier ones.

    Comparisons are exact (cycles) or up to rounding (energies, 1e-9 relative); Timeloop's rule that
    differences below 0.1 % are ties does not apply. ``max_cycles`` (with the networks' latency, as in
    ``Stats.cycles``) and ``max_energy_pj`` exclude mappings beyond them.
    """

    goals: tuple[Goal, ...] = ("edp",)
    max_cycles: int | None = None
    max_energy_pj: float | None = None

    def __str__(self) -> str:
        return objective_text(self.goals, self.max_cycles, self.max_energy_pj)

    def value(self, cycles: int, energy_pj: float) -> float:
        """What a mapping costs in the first goal, in the goal's unit: J*cycles, cycles or pJ."""
        return goal_value(self.goals[0], cycles, energy_pj)

    def prefers(self, candidate: tuple[int, float], incumbent: tuple[int, float]) -> bool:
        """Whether the first of two (cycles, energy in pJ) is better, in the sense of this class."""
        for goal in self.goals:
            new, old = goal_value(goal, *candidate), goal_value(goal, *incumbent)
            tolerance = 0.0 if goal == "delay" else ROUNDING * abs(old)
            if abs(new - old) > tolerance:
                return new < old
        return False


def goal_value(goal: Metric, cycles: int, energy_pj: float) -> float:
    """J*cycles of the EDP, cycles of the delay, pJ of the energy."""
    if goal == "edp":
        return energy_pj * cycles / 1e12
    return float(cycles) if goal == "delay" else energy_pj


def excess(cycles: int, energy_pj: float, max_cycles: int | None, max_energy_pj: float | None) -> str | None:
    """Which cap a mapping exceeds, in words; None within both."""
    if max_cycles is not None and cycles > max_cycles:
        return f"{cycles:,} cycles are more than {max_cycles:,}"
    if max_energy_pj is not None and energy_pj > max_energy_pj * (1 + ROUNDING):
        return f"{energy_pj:.6g} pJ are more than {max_energy_pj:.6g} pJ"
    return None


def objective_text(
    goals: Sequence[str], max_cycles: int | None, max_energy_pj: float | None, between: str = ","
) -> str:
    """For example ``delay,energy with at most 50,000 cycles``."""
    caps = []
    if max_cycles is not None:
        caps.append(f"{max_cycles:,} cycles")
    if max_energy_pj is not None:
        caps.append(f"{max_energy_pj:.12g} pJ")
    words = [between.join(goals)] if goals else []
    return " ".join([*words, f"with at most {' and '.join(caps)}"] if caps else words)


def objective_of(settings: SearchSettings) -> Objective:
    """The objective that ``settings`` ask for, without Timeloop's 0.1 % rule.

    Raises :class:`Unsupported` for ``last_level_accesses``, which only Timeloop's mappers minimise.
    """
    goals: list[Goal] = []
    for metric in settings.metrics:
        if metric == "last_level_accesses":
            raise Unsupported(
                "last_level_accesses is no objective of a proof",
                hint="choose edp, delay or energy, or one of Timeloop's mappers such as --mapper hybrid",
            )
        if metric not in goals:
            goals.append(metric)
    return Objective(tuple(goals), settings.max_cycles, settings.max_energy_pj)


def parse_goals(text: str) -> tuple[Goal, ...]:
    """``"delay,energy"``: goals with commas between them. :class:`SpecError` for anything else."""
    goals: list[Goal] = []
    for part in text.split(","):
        name = part.strip().lower()
        goal = next((g for g in GOALS if g == name), None)
        if goal is None:
            raise unknown_name("objective", part.strip(), GOALS)
        if goal in goals:
            raise SpecError(f"the objective '{text}' names {goal} twice")
        goals.append(goal)
    return tuple(goals)


def parse_cycles(text: str) -> int:
    """A cap on cycles: ``50000`` or ``5e4``, above zero. :class:`SpecError` for anything else."""
    number, unit = _number_and_unit(text)
    if number is None or unit or not number.is_integer() or number > 2**63:
        raise SpecError(f"'{text}' is not a whole number of cycles above zero")
    return int(number)


def parse_energy(text: str) -> float:
    """A cap on energy in pJ: ``5e10``, or with a unit of pJ to J, ``50mJ``. :class:`SpecError` otherwise."""
    number, unit = _number_and_unit(text)
    if number is None:
        raise SpecError(f"'{text}' is not an energy above zero, such as 5e10 (pJ) or 50mJ")
    if unit.lower() not in ("", *_PJ_PER_UNIT):
        raise SpecError(f"'{unit}' is not a unit of energy, use pJ, nJ, uJ, mJ or J")
    return number * _PJ_PER_UNIT[unit.lower() or "pj"]


def _number_and_unit(text: str) -> tuple[float | None, str]:
    """None for what is no number above zero."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None, ""
    number = float(match[1])
    return (number if 0 < number < math.inf else None), match[2]
