"""Whose energy an action is: worked out from counts and tables, beside what the shares say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.engines import embedded
from harness.engines.energy_shares import energy_shares
from harness.engines.evaluation import Evaluation
from harness.engines.layer_job import LayerRequest, layer_job
from harness.estimation import Answer
from harness.estimation.answers import Contribution
from harness.estimation.query import Finding, Fit
from harness.model import evaluate
from harness.model.component_energy import last_name
from harness.spec.energy import ActionEnergy, ComponentEnergy, EnergyReferenceTable
from harness.spec.profiles import load_profile
from harness.workloads import gemm_layer


def run_of(architecture: str, gemm: str = "64,128,32") -> Evaluation:
    settings = replace(load_profile("quick"), threads=1, seed=1)
    job = layer_job(LayerRequest(architecture, gemm_layer(gemm), settings)).job
    evaluation = embedded.run(job).evaluation
    assert evaluation is not None
    return evaluation


def with_fits(evaluation: Evaluation, fits: Mapping[tuple[str, str], Fit], other: Fit) -> Evaluation:
    """Every line of the tables has the class given for (component, action), or ``other``."""

    def changed(answer: Answer) -> Answer:
        fit = fits.get((last_name(answer.component), answer.action or "area"), other)
        finding = Finding(answer.value, "by hand", 100, fit=fit)
        part = Contribution(answer.component, answer.class_name, answer.action, 1.0, finding)
        return replace(answer, parts=(part,))

    return replace(evaluation, answers=tuple(map(changed, evaluation.answers)))


def energy_of(evaluation: Evaluation, component: str, action: str) -> float:
    assert evaluation.architecture.ert is not None
    for entry in evaluation.architecture.ert.components:
        if last_name(entry.name) == component:
            return max(a.energy_pj for a in entry.actions if a.action == action)
    raise AssertionError(component)


@pytest.mark.parametrize("component", ["DRAM", "Scratchpad", "Accumulator", "Registers"])
@pytest.mark.parametrize("action", ["read", "write", "update"])
def test_accesses_of_a_level_are_what_its_counts_say(component: str, action: str) -> None:
    evaluation = run_of("gemmini")
    shares = energy_shares(with_fits(evaluation, {(component, action): "model"}, "row"))
    (spec,) = (level for level in evaluation.architecture.storage if level.name == component)
    stats = evaluation.stats.level(component)
    counts = {"read": "reads", "write": "fills", "update": "updates"}
    blocks = 0.0
    for space in stats.data_spaces:
        count = getattr(space, counts[action])
        blocks += -(-count // spec.block_size) * space.utilized_instances
    expected = blocks * energy_of(evaluation, component, action)
    assert shares.by_accuracy.get("model", 0.0) == pytest.approx(expected, rel=1e-12)


def test_operations_and_leakage_are_what_their_counts_say() -> None:
    evaluation = run_of("gemmini")
    shares = energy_shares(with_fits(evaluation, {("MAC", "compute"): "scaled"}, "row"))
    assert shares.by_accuracy["scaled"] == pytest.approx(
        evaluation.stats.macs * energy_of(evaluation, "MAC", "compute"), rel=1e-12
    )
    shares = energy_shares(with_fits(evaluation, {("Accumulator", "leak"): "constant"}, "row"))
    assert shares.by_accuracy["constant"] == pytest.approx(
        evaluation.stats.level("Accumulator").leakage_pj, rel=1e-12
    )


@pytest.mark.parametrize("stated", [None, 0.7])
def test_hops_are_the_wires_unless_the_level_states_their_energy(stated: float | None) -> None:
    evaluation = run_of("gemmini")
    architecture = evaluation.architecture
    assert architecture.ert is not None
    wire = ComponentEnergy("System.wire[1..1]", (ActionEnergy("transfer_random", 2.0),))
    storage = tuple(replace(level, energy_per_hop=stated, tile_width=500.0) for level in architecture.storage)
    architecture = replace(
        architecture, storage=storage, ert=EnergyReferenceTable((*architecture.ert.components, wire))
    )
    stats = evaluate(architecture, evaluation.problem, evaluation.mapping)
    line = Answer("System.wire[1..1]", "wire", "transfer_random", (), 2.0, "by hand", 100)
    evaluation = replace(
        evaluation, architecture=architecture, stats=stats, answers=(*evaluation.answers, line)
    )
    shares = energy_shares(with_fits(evaluation, {("wire", "transfer_random"): "model"}, "row"))
    networks = sum(space.energy_pj for network in stats.networks for space in network.data_spaces)
    assert networks > 0
    whose, other = ("given", "model") if stated is not None else ("model", "given")
    assert shares.by_accuracy[whose] == pytest.approx(networks, rel=1e-9)
    assert other not in shares.by_accuracy
