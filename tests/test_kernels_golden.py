"""The batch evaluator against what the real timeloop-model printed: the committed cases, and the whole golden
folder where it exists."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from model_golden import load_cases

from harness.errors import HarnessError, Unsupported
from harness.model.kernels import BatchEvaluator, Reason
from harness.spec.flattened.architecture import read_architecture
from harness.spec.flattened.mapping import read_mapping
from harness.spec.flattened.problem import read_problem
from harness.spec.mapping import Mapping
from harness.spec.yaml_loader import load_yaml_file

GOLDEN = Path(__file__).resolve().parents[1].parent / "shared" / "golden"
RELATIVE = 1e-9
WORDS = {
    Reason.OVER_CAPACITY: "exceeds buffer capacity",
    Reason.UNDER_UTILIZED: "minimum utilization",
    Reason.TOO_MANY_INSTANCES: "instances",
    Reason.TOO_WIDE: "X expansion",
    Reason.TOO_HIGH: "Y expansion",
}
BASES = [
    "ex_simple_weight_stationary__c1ds",
    "eyeriss__KTQs",
    "eyeriss__cv_s2d3",
    "eyeriss__red",
    "gemmini_NOs__c1ds",
    "gemmini__KQVs",
    "gemmini__c1d",
    "gemmini__g_prime",
    "gemmini__red",
    "h_clu__c1d",
    "h_clu__cv_s2d3",
    "h_clu__g_sq",
    "h_clu__gqa",
    "h_hop__g_odd",
    "h_hop__g_outer",
    "h_hop__lnp",
    "h_hop__mtt",
    "h_mn__cv_11s2",
    "h_mn__g_odd",
    "h_mn__lnp",
    "h_pgate__c1ds",
    "h_pgate__dws2",
    "h_pgate__g_dot",
    "h_pgate__g_outer",
    "h_pgate__g_row",
    "h_seq2__bsh",
    "h_seq2__cv1",
    "h_seq2__g_dot",
    "h_seq2__g_outer",
    "h_user__cv_11s2",
    "h_user__dws2",
    "h_user__g_mixp",
    "h_user__mtt",
    "h_wire__bsh",
    "h_wire__dws2",
    "h_wire__g_odd",
    "simba__Outs",
    "simba_right__c1ds",
    "simba_right__g_odd",
    "simba_right__lnp",
]

needs_folder = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden folder is not here")


def test_committed_cases() -> None:
    accepted = refused = 0
    for name, architecture, problem, mapping, expected, error in load_cases():
        try:
            evaluator = BatchEvaluator(architecture, problem)
            batch = evaluator.encode([mapping])
        except Unsupported:
            continue  # imperfect factors
        found = evaluator.evaluate(batch, details=True)
        if error is not None:
            assert not found.valid[0], name
            refused += 1
            continue
        assert found.details is not None
        assert found.cycles[0] == expected["cycles"], name
        assert found.energy_pj[0] == pytest.approx(expected["energy_pj"], rel=RELATIVE), name
        for level, storage in enumerate(architecture.storage):
            for t, tensor in enumerate(problem.data_spaces):
                for count in ("reads", "fills", "updates", "temporal_reductions", "partition_size"):
                    here = f"levels.{storage.name}.{tensor.name}.{count}"
                    assert getattr(found.details, count)[0, level, t] == expected[here], (name, here)
        accepted += 1
    assert accepted > 100 and refused > 5


@pytest.fixture(scope="module")
def bulk() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with gzip.open(GOLDEN / "bulk.jsonl.gz", "rt") as lines:
        for line in lines:
            row = json.loads(line)
            rows[row["base"]].append(row)
    return rows


@needs_folder
@pytest.mark.parametrize("base", BASES)
def test_bulk(base: str, bulk: dict[str, list[dict[str, Any]]]) -> None:
    tree = load_yaml_file(GOLDEN / "bulk_bases" / f"{base}.yaml")
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    evaluator = BatchEvaluator(architecture, problem)
    groups: dict[bytes, list[tuple[Mapping, dict[str, Any]]]] = defaultdict(list)
    for row in bulk[base]:
        try:
            mapping = read_mapping(row["mapping"], architecture, problem)
            directives = evaluator.encode([mapping]).directives
        except Unsupported:
            continue  # imperfect factors
        assert directives is not None
        groups[directives.key].append((mapping, row["result"]))
    assert groups
    for group in groups.values():
        _check_group(evaluator, group)


def _check_group(evaluator: BatchEvaluator, group: list[tuple[Mapping, dict[str, Any]]]) -> None:
    found = evaluator.evaluate(evaluator.encode([mapping for mapping, _ in group]), details=True)
    details = found.details
    names = [level.name for level in evaluator.architecture.storage]
    tensors = [ds.name for ds in evaluator.problem.data_spaces]
    for i, (_, expected) in enumerate(group):
        if "error" in expected:
            where = names[found.level[i]] if found.level[i] >= 0 else evaluator.architecture.arithmetic.name
            assert expected["error"].startswith(where)
            assert WORDS[Reason(found.reason[i])] in expected["error"]
            continue
        assert found.valid[i]
        assert details is not None
        assert found.cycles[i] == expected["cycles"]
        assert found.energy_pj[i] == pytest.approx(expected["energy_pJ"], rel=RELATIVE)
        assert found.utilization[i] == pytest.approx(expected["utilization"], rel=RELATIVE)
        for level, (name, cycles, _, _, energy, by_tensor) in enumerate(expected["storage"]):
            assert details.level_cycles[i, level] == cycles, name
            assert details.level_energy_pj[i, level] == pytest.approx(energy, rel=RELATIVE), name
            for t, tensor in enumerate(tensors):
                counts = [
                    details.reads[i, level, t],
                    details.fills[i, level, t],
                    details.updates[i, level, t],
                    details.temporal_reductions[i, level, t],
                    details.partition_size[i, level, t],
                ]
                assert counts == by_tensor[tensor][:5], (name, tensor)
        for name, _, by_tensor in expected["networks"]:
            level = names.index(name.split(" <==> ")[0])
            for t, tensor in enumerate(tensors):
                transfers = by_tensor[tensor][3]
                assert details.link_transfers[i, level, t] == pytest.approx(transfers, rel=RELATIVE), name
        energies = {name: energy for name, energy, _ in expected["networks"]}
        for number, name in enumerate(evaluator.charged_networks):
            assert details.network_energy_pj[i, number] == pytest.approx(energies[name], rel=RELATIVE), name


@needs_folder
@pytest.mark.slow
def test_single_cases() -> None:
    covered = 0
    for folder in sorted((GOLDEN / "model").iterdir()):
        tree = load_yaml_file(folder / "input.yaml")
        try:
            architecture, problem = read_architecture(tree), read_problem(tree["problem"])
            mapping = read_mapping(load_yaml_file(folder / "mapping.yaml"), architecture, problem)
            evaluator = BatchEvaluator(architecture, problem)
            batch = evaluator.encode([mapping])
        except Unsupported:
            continue
        except HarnessError as error:
            pytest.fail(f"{folder.name}: {error}")
        expected = json.loads((folder / "expected.json").read_text())
        found = evaluator.evaluate(batch)
        assert found.cycles[0] == expected["cycles"], folder.name
        assert found.energy_pj[0] == pytest.approx(expected["energy_pJ"], rel=RELATIVE), folder.name
        covered += 1
    assert covered > 100
