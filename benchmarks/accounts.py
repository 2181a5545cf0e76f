"""What each switch of the energy accounting changes, on mappings that the reference found.

``python -m benchmarks accounts`` prints the two tables of ``docs/energy.md``; a test holds them together. The
mappings and the reference's energies are in ``tests/golden/accounts.json``. That of Gemmini was found here;
its energy and cycles are those of the best mapping that the reference found (12 digits).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.estimation import Estimate, EstimationOptions, estimate
from harness.model import evaluate
from harness.spec.flattened import read_mapping, read_problem, write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.specification import Specification
from harness.spec.templates import load_architecture_template

CASES = Path(__file__).resolve().parents[1] / "tests" / "golden" / "accounts.json"
LEGACY = {
    "pim_analog": {"pim_accounting": "legacy"},
    "simba": {"mac_multiplier": "legacy_adder"},
    "gemmini": {"mac_multiplier": "legacy_adder"},
}
MULTIPLIERS = ("true_multiplier", "bilinear_multiplier", "legacy_adder")


def energy_pj(case: dict[str, Any], parameters: dict[str, str], dummy_energy_pj: float = 0.0) -> float:
    """The energy of the case's mapping under the given parameters of its architecture."""
    problem = read_problem(case["problem"])
    spec, found = estimated(case, parameters, dummy_energy_pj)
    mapping = read_mapping(case["mapping"], spec.architecture, problem)
    return evaluate(spec.architecture.with_energy(found.ert, found.art), problem, mapping).energy_pj


def estimated(
    case: dict[str, Any], parameters: dict[str, str], dummy_energy_pj: float = 0.0
) -> tuple[Specification, Estimate]:
    """The case's architecture under the given parameters, and its energies and areas."""
    problem = read_problem(case["problem"])
    tree = load_architecture_template(case["architecture"]).render(parameters, problem, "matmul")
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    options = EstimationOptions(dummy_energy_pj=dummy_energy_pj)
    return spec, estimate(spec.architecture, spec.compound_components, options)


def rows() -> list[tuple[str, float, float, float, float]]:
    """(case, default, with the legacy parameter, and with leaking fan-out levels, the reference), in pJ."""
    found = []
    for name, case in json.loads(CASES.read_text()).items():
        legacy = LEGACY[case["architecture"]]
        leak = 1.0 if case["architecture"] == "pim_analog" else 0.0
        figures = (energy_pj(case, {}), energy_pj(case, legacy), energy_pj(case, legacy, leak))
        found.append((name, *figures, case["energy_pj"]))
    return found


def multiplier_rows() -> list[tuple[str, float, float, float, float]]:
    """(choice, pJ of one MAC at 32 nm and at 45 nm, um^2 at 32 nm, pJ of the KQV mapping) on gemmini."""
    case = json.loads(CASES.read_text())["Gemmini KQV"]
    found = []
    for choice in MULTIPLIERS:
        parameters = {"mac_multiplier": choice}
        at_32, area = _mac(case, parameters)
        at_45, _ = _mac(case, {**parameters, "technology": "45nm"})
        found.append((choice, at_32, at_45, area, energy_pj(case, parameters)))
    return found


def _mac(case: dict[str, Any], parameters: dict[str, str]) -> tuple[float, float]:
    """pJ of one multiply-accumulate, and um^2 of one unit."""
    spec, found = estimated(case, parameters)
    of_mac = [a for a in found.answers if a.component == spec.architecture.arithmetic.full_name]
    (energy,) = (a.value for a in of_mac if a.action == "compute")
    (area,) = (a.value for a in of_mac if a.action is None)
    return energy, area


def table() -> str:
    lines = [
        "| mapping | default | legacy parameter | and leaking fan-out levels | reference |",
        "|---|---|---|---|---|",
    ]
    for name, *figures in rows():
        lines.append(f"| {name} | " + " | ".join(f"{f / 1e6:.3f}" for f in figures) + " |")
    return "\n".join(lines)


def multiplier_table() -> str:
    lines = [
        "| `mac_multiplier` | MAC at 32 nm | MAC at 45 nm | area at 32 nm | KQV on `gemmini` |",
        "|---|---|---|---|---|",
    ]
    for choice, at_32, at_45, area, energy in multiplier_rows():
        figures = f"{at_32:.4f} pJ | {at_45:.4f} pJ | {area:.0f} um² | {energy / 1e9:.2f} mJ"
        lines.append(f"| `{choice}` | {figures} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes no options."""
    argparse.ArgumentParser(prog="python -m benchmarks accounts", description=__doc__).parse_args(arguments)
    print(table())
    print()
    print(multiplier_table())
    return 0
