"""Convolutions of the shipped workloads are mapped by the default profile's mapper within few evaluations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.search import search
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.profiles import load_profile
from harness.spec.templates import load_architecture_template
from harness.workloads import find_layer

FEW = replace(load_profile("default"), victory_condition=10, time_limit=0, threads=1, seed=1)
"""Its mapper; without the limit on time, so that slow machines see the same mappings."""


@pytest.mark.slow
@pytest.mark.parametrize("architecture_name", ["gemmini", "eyeriss", "simba", "tpu"])
@pytest.mark.parametrize("layer_name", ["resnetL0", "resnetL10", "vggL3+"])
def test_a_convolution_is_mapped(architecture_name: str, layer_name: str) -> None:
    problem = find_layer(layer_name).problem
    tree = load_architecture_template(architecture_name).render({}, problem, "conv")
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    # Whether a mapping is valid does not depend on energies, so none are estimated here.
    parts = [spec.architecture.arithmetic, *spec.architecture.storage, *spec.architecture.networks]
    actions = ("read", "write", "update", "leak", "compute", "transfer_Inputs", "transfer_Outputs")
    table = EnergyReferenceTable(
        tuple(ComponentEnergy(p.full_name, tuple(ActionEnergy(a, 1.0) for a in actions)) for p in parts)
    )
    architecture = spec.architecture.with_energy(table, AreaReferenceTable(()))
    found = search(architecture, spec.problem, spec.constraints, FEW)
    assert found.mapping is not None, found.reason
    assert found.valid >= 0.9 * found.evaluated
    assert found.stats is not None
    macs = 1
    for bound in problem.bounds:
        macs *= bound
    assert found.stats.cycles < macs, "nothing runs in parallel"
