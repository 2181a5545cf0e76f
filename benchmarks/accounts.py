"""What each switch of the energy accounting changes, on mappings that the reference found.

``python -m benchmarks.accounts`` prints the table of ``docs/energy.md``; a test holds the two together. The
mappings and the reference's energies are in ``tests/golden/accounts.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.estimation import EstimationOptions, estimate
from harness.model import evaluate
from harness.spec.flattened import read_mapping, read_problem, write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import load_architecture_template

CASES = Path(__file__).resolve().parents[1] / "tests" / "golden" / "accounts.json"
LEGACY = {"pim_analog": {"pim_accounting": "legacy"}, "simba": {"mac_multiplier": "legacy_adder"}}


def energy_pj(case: dict[str, Any], parameters: dict[str, str], dummy_energy_pj: float = 0.0) -> float:
    """The energy of the case's mapping under the given parameters of its architecture."""
    problem = read_problem(case["problem"])
    tree = load_architecture_template(case["architecture"]).render(parameters, problem, "matmul")
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    found = estimate(
        spec.architecture, spec.compound_components, EstimationOptions(dummy_energy_pj=dummy_energy_pj)
    )
    mapping = read_mapping(case["mapping"], spec.architecture, problem)
    return evaluate(spec.architecture.with_energy(found.ert, found.art), problem, mapping).energy_pj


def rows() -> list[tuple[str, float, float, float, float]]:
    """(case, default, with the legacy parameter, and with leaking fan-out levels, the reference), in pJ."""
    found = []
    for name, case in json.loads(CASES.read_text()).items():
        legacy = LEGACY[case["architecture"]]
        leak = 1.0 if case["architecture"] == "pim_analog" else 0.0
        figures = (energy_pj(case, {}), energy_pj(case, legacy), energy_pj(case, legacy, leak))
        found.append((name, *figures, case["energy_pj"]))
    return found


def table() -> str:
    lines = [
        "| mapping | default | legacy parameter | and leaking fan-out levels | reference |",
        "|---|---|---|---|---|",
    ]
    for name, *figures in rows():
        lines.append(f"| {name} | " + " | ".join(f"{f / 1e6:.3f}" for f in figures) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
