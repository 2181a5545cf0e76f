"""What an architecture template may call: choosing factors that the problem at hand can really have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isqrt

from harness.errors import SpecError, did_you_mean
from harness.spec.problem import Problem


def largest_divisor(number: int, limit: int) -> int:
    """The largest divisor of ``number`` that is not above ``limit`` (at least 1)."""
    if number <= limit:
        return max(number, 1)
    best = 1
    for small in range(1, isqrt(number) + 1):
        if number % small == 0:
            for divisor in (small, number // small):
                if best < divisor <= limit:
                    best = divisor
    return best


@dataclass(frozen=True)
class ProblemFit:
    """Factors for one problem.

    With ``strict`` the numbers of the template go out as they are: Timeloop clips a factor above the
    problem's bound and finds no mapping when it does not divide. Otherwise they are lowered to what divides.
    """

    problem: Problem
    strict: bool = False

    def fit(self, dimension: str, size: int) -> int:
        """The factor of ``dimension`` that fills ``size`` best: the largest divisor not above it."""
        bound = self.bound(dimension)
        return size if self.strict else largest_divisor(bound, size)

    def at_least(self, dimension: str, least: float, size: int) -> int:
        """A lower bound for a factor of at most ``size`` that some factor of ``dimension`` can meet."""
        lowest = max(1, ceil(least))
        return lowest if self.strict else min(lowest, self.fit(dimension, size))

    def only(self, *constraints: str) -> str:
        """Those of ``D=1``, ``Q<=2``, ... or bare dimension names whose dimension the problem has."""
        kept = [c for c in constraints if _dimension_of(c) in self.problem.dimensions]
        return ", ".join(kept)

    def ones(self, *dimensions: str) -> str:
        """``X=1`` for those of ``dimensions`` that the problem has and that are longer than one."""
        return ", ".join(f"{d}=1" for d in dimensions if self.problem.bound.get(d, 1) > 1)

    def bound(self, dimension: str) -> int:
        """The problem's bound of ``dimension``."""
        try:
            return self.problem.bound[dimension]
        except KeyError:
            raise SpecError(
                f"problem '{self.problem.name}' has no dimension '{dimension}', which this architecture"
                " constrains",
                hint=did_you_mean(dimension, self.problem.dimensions),
            ) from None

    def functions(self) -> dict[str, Callable[..., int | str]]:
        """The functions by the names under which templates call them."""
        return {
            "fit": self.fit,
            "at_least": self.at_least,
            "only": self.only,
            "ones": self.ones,
            "bound": self.bound,
            "largest_divisor": largest_divisor,
        }


def _dimension_of(constraint: str) -> str:
    for index, character in enumerate(constraint):
        if character in "<>=":
            return constraint[:index]
    return constraint
