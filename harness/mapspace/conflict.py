"""Why no mapping exists: the smallest set of demands that cannot all be met.

A set of demands conflicts when the exact test of :mod:`harness.mapspace.feasibility` finds no mapping under
them alone. Demands are taken out while the rest still conflicts, so that in the end each one matters; several
starting sets and orders are tried and the smallest result is kept. It need not be the only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.mapspace.conflict_words import sentence
from harness.mapspace.feasibility import FeasibilityTest
from harness.mapspace.requirements import FACTOR_KINDS, Demand, Requirements
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem

EFFORT = 200_000
"""Steps of all tests together, some seconds. One test gets at most a tenth, the first one half."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Demands that no mapping meets together.

    ``minimal``: without any one of them there would be a mapping. ``decided``: that they conflict is proven;
    if not, it is only known that the test found no mapping within its effort, and ``demands`` are all.
    """

    demands: tuple[Demand, ...]
    message: str
    minimal: bool = True
    decided: bool = True

    def __str__(self) -> str:
        places = list(dict.fromkeys(str(d.location) for d in self.demands if d.location is not None))
        if not places or not self.decided:
            return self.message
        return f"{self.message} [{', '.join(places)}]"


def explain_no_mapping(
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    template: str = "uber",
    effort: int = EFFORT,
) -> Conflict | None:
    """The smallest conflict found among the demands on the mappings; None if a mapping exists.

    ``effort`` bounds the work in steps, so that the answer does not depend on the machine.
    """
    requirements = Requirements(architecture, problem, constraints)
    return _Explanation(requirements, template, effort).conflict()


def explain_no_factors(
    architecture: Architecture, problem: Problem, constraints: Constraints, template: str, dimension: str
) -> Conflict | None:
    """The conflict among the demands on the factors of ``dimension``; None if none is known."""
    requirements = Requirements(architecture, problem, constraints)
    explanation = _Explanation(requirements, template, EFFORT)
    return explanation.smallest([_about(dimension, requirements.demands)])


def _about(dimension: str, demands: Sequence[Demand]) -> list[Demand]:
    """The demands on the factors of one dimension, defaults included."""
    return [d for d in demands if d.kind in FACTOR_KINDS and d.dimension in (dimension, None)]


class _Explanation:
    def __init__(self, requirements: Requirements, template: str, effort: int) -> None:
        self._requirements = requirements
        self._test = FeasibilityTest(requirements, template)
        self._effort = effort
        self._doubt = False

    def conflict(self) -> Conflict | None:
        everything = self._requirements.demands
        verdict = self._test.fits(everything, self._effort // 2)
        if verdict:
            return None
        # A conflict of a part is one of the whole only if more demands never admit more mappings.
        if verdict is False or self._requirements.lifting_only_adds:
            found = self.smallest(self._starts())
            if found is None:
                found = self.smallest([list(everything)])
            if found is not None:
                return found
        if self._test.model_may_refuse and self._test.steps < self._effort // 2:
            message = (
                "factors, fan-outs and capacities leave mappings, but the model may refuse them all: it "
                "counts a distributed multicast (M:N) only where all instances are served equally"
            )
            return Conflict((), message, minimal=False, decided=False)
        message = (
            f"could not decide within {self._effort:,} steps whether any mapping fits "
            f"({len(everything)} demands of constraints and architecture)"
        )
        return Conflict(everything, message, minimal=False, decided=False)

    def _starts(self) -> Iterator[list[Demand]]:
        """Parts of the demands that are likely to conflict by themselves, simplest first."""
        demands = self._requirements.demands
        problem = self._requirements.problem
        for dimension in problem.dimensions:
            yield _about(dimension, demands)
        for space in problem.data_spaces:
            yield [d for d in demands if d.kind == "bypass" and d.data_space == space.name]
        factors = [d for d in demands if d.kind in FACTOR_KINDS]
        spatial = [d for d in demands if d.kind in ("fan-out", "split", "order")]
        for place in sorted({d.place for d in spatial}):
            yield factors + [d for d in spatial if d.place == place]
        parallel = [d for d in demands if d.kind in ("least parallelism", "instances")]
        if parallel:
            yield factors + spatial + parallel
        spaces = [d for d in demands if d.kind in ("keep", "bypass")]
        for kinds in (("capacity",), ("least utilization",), ("capacity", "least utilization")):
            for place in range(len(self._requirements.architecture.storage)):
                sizes = [d for d in demands if d.kind in kinds and d.place == place]
                if len(sizes) == len(kinds):
                    yield factors + spaces + sizes

    def smallest(self, starts: Iterator[list[Demand]] | Sequence[list[Demand]]) -> Conflict | None:
        """The smallest conflict that taking out demands of ``starts`` in two orders leads to."""
        best: Conflict | None = None
        for start in starts:
            if not start or not self._conflicts(start):
                continue
            for ordered in (start, start[::-1]):
                self._doubt = False
                left = self._without_idle(ordered)
                if best is None or len(left) < len(best.demands):
                    kept = tuple(d for d in self._requirements.demands if d in left)
                    best = Conflict(kept, sentence(kept, self._test), minimal=not self._doubt)
            if best is not None and len(best.demands) == 1:
                break
        return best

    def _without_idle(self, demands: Sequence[Demand]) -> list[Demand]:
        """A conflicting part of ``demands`` that, if no test was in doubt, needs each member."""
        left = list(demands)
        size = max(len(left) // 2, 1)
        while True:
            before = len(left)
            at = 0
            while at < len(left):
                rest = left[:at] + left[at + size :]
                if self._conflicts(rest):
                    left = rest
                else:
                    at += size
            if size > 1:
                size //= 2
            elif len(left) == before or self._requirements.lifting_only_adds:
                return left

    def _conflicts(self, demands: Sequence[Demand]) -> bool:
        allowed = min(self._effort // 10, self._effort - self._test.steps)
        verdict = self._test.leaves_any(demands, allowed) if allowed > 0 else None
        self._doubt = self._doubt or verdict is None
        return verdict is False
