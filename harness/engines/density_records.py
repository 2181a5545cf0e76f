"""The densities of a problem as they stand in a record."""

from __future__ import annotations

from typing import Any

from harness.errors import Unsupported
from harness.spec.flattened.densities import write_densities
from harness.spec.problem import Problem


def density_records(problem: Problem) -> dict[str, dict[str, Any]]:
    """By data space as in a problem's instance; of actual data also the share."""
    if not problem.densities:
        return {}
    found = {}
    for name, written in write_densities(problem)["densities"].items():
        density = problem.density_of(name)
        found[name] = {**written, "density": density.density} if density.pattern is not None else written
    return found


def require_models_of_timeloop(problem: Problem) -> None:
    """Unsupported for densities that the public Timeloop has no model of."""
    for name, density in problem.densities:
        if density.pattern is not None:
            raise Unsupported(
                f"the density of {name} is that of actual data, of which the public Timeloop has no model",
                hint=f"its share is {density.density:.6g}; 'hypergeometric' spreads it evenly",
            )
