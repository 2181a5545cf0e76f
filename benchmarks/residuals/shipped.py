"""The shipped architectures under their defaults beside the reference's tables.

``tests/golden/arches_energy.json`` holds the tables and the parameters of ours that reproduce them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from benchmarks.residuals.golden import GOLDEN, Key, Line, Table
from benchmarks.residuals.reasons import TABLES, UNEXPLAINED
from harness.estimation import Estimate, EstimationOptions, estimate
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.problem import DataSpace, Problem, Term
from harness.spec.templates import load_architecture_template


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    cases = json.loads((GOLDEN / "arches_energy.json").read_text())
    return tuple(
        Table(f"{case['architecture']} ({case['operator']})", 1, tuple(_lines(case)))
        for _, case in sorted(cases.items())
    )


def _lines(case: Mapping[str, Any]) -> Iterator[Line]:
    name, operator, parameters = case["architecture"], case["operator"], case["parameters"]
    ours, undone = figures(name, operator, {}), figures(name, operator, parameters)
    theirs = {(c, action): e for c, actions in case["ert_pj"].items() for action, e in actions.items()}
    theirs |= {(c, "area"): area for c, area in case["art_um2"].items()}
    for key, value in theirs.items():
        reason = ""
        if ours.get(key) != value:
            # One parameter each: its name is the reason, if it does give the reference's figure.
            reason = next(iter(parameters), UNEXPLAINED) if undone.get(key) == value else UNEXPLAINED
        yield Line(name, *key, value, ours.get(key), reason)


def figures(name: str, operator: str, parameters: Mapping[str, Any]) -> dict[Key, float]:
    made = estimate_of(name, operator, parameters, TABLES)
    found: dict[Key, float] = {}
    for component in made.ert.components:
        for action in component.actions:
            found.setdefault((_short(component.name), action.action), action.energy_pj)
    return found | {(_short(component), "area"): area for component, area in made.art.areas}


def estimate_of(
    name: str, operator: str, parameters: Mapping[str, Any], options: EstimationOptions
) -> Estimate:
    problem = _problem(operator)
    tree = load_architecture_template(name).render(dict(parameters), problem, operator)
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    return estimate(spec.architecture, spec.compound_components, options)


def _short(name: str) -> str:
    return name.split(".", 1)[1]


def _problem(operator: str) -> Problem:
    """BERT-large's KQV, or its softmax; the tables depend on the operator, hardly on the sizes."""
    if operator == "norm":
        spaces = (
            DataSpace("Weights", ((Term("D"),),)),
            DataSpace("Inputs", ((Term("E"),), (Term("L"),))),
            DataSpace("Outputs", ((Term("E"),), (Term("L"),)), read_write=True),
        )
        return Problem("norm", ("L", "E", "D"), (4096, 4096, 2), spaces)
    inputs = ((Term("N"),), (Term("E"),), (Term("R"), Term("L")), (Term("S"), Term("Q")), (Term("G"),))
    spaces = (
        DataSpace("Weights", tuple((Term(d),) for d in "EDRSG")),
        DataSpace("Inputs", inputs),
        DataSpace("Outputs", tuple((Term(d),) for d in "NDQLG"), read_write=True),
    )
    return Problem("matmul", tuple("EDRSNLQG"), (1024, 3072, 1, 1, 1, 4096, 1, 1), spaces)
