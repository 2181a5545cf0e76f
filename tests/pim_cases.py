"""Estimates of the in-memory architectures for their tests."""

from __future__ import annotations

from typing import Any

from arches_cases import BERT_LARGE, norm

from harness.estimation import Estimate, EstimationOptions, estimate
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import load_architecture_template


def estimated(
    name: str,
    parameters: dict[str, Any],
    operator: str = "matmul",
    options: EstimationOptions | None = None,
) -> Estimate:
    """What the components of an architecture cost, by default from the shipped tables alone."""
    problem = norm(4096, 4096, 2) if operator == "norm" else BERT_LARGE["KQV"]
    tree = load_architecture_template(name).render(parameters, problem, operator)
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    return estimate(
        spec.architecture, spec.compound_components, options or EstimationOptions(use_hwcomponents=False)
    )


def energies(found: Estimate) -> dict[str, float]:
    """``component.action`` -> pJ, components by their own names, unrounded."""
    return {f"{_short(a.component)}.{a.action}": a.value for a in found.answers if a.action is not None}


def areas(found: Estimate) -> dict[str, float]:
    """Component -> um^2 of one instance, unrounded."""
    return {_short(a.component): a.value for a in found.answers if a.action is None}


def _short(component: str) -> str:
    """``mac`` of ``system.chip.mac[1..16384]``."""
    return component.partition("[")[0].rpartition(".")[2]
