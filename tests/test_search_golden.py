"""Searches against Timeloop's own: counts, early exits, the mappings visited, and the best of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from mapper_cases import GOLDEN, SHARED, golden_case

import harness.model
from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.search import Cost, search, search_space
from harness.search.crew import Crew
from harness.search.evaluation import evaluator_for, reference_evaluate
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.flattened import read_architecture, read_art, read_ert, read_problem
from harness.spec.flattened.constraints import read_constraints
from harness.spec.flattened.settings import read_settings
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings
from harness.spec.yaml_loader import load_yaml_file

RELATIVE = 1e-9
ENUMERATION = SearchSettings(algorithm="linear_pruned", victory_condition=0, timeout=0)


def approx(figure: float) -> Any:
    return pytest.approx(figure, rel=RELATIVE)


def enumerate_up_to(space: MapSpace, tries: int) -> tuple[list[int], Cost]:
    """[total, valid, construct, precheck, evaluation] and the best of the first ``tries`` mappings."""
    crew = Crew.recruit(space, ENUMERATION)
    evaluator = evaluator_for(space, None, ENUMERATION.metrics)
    while crew.step(evaluator, tries):
        pass
    report = crew.runs[0].report()
    assert report.best is not None
    invalid = report.invalid
    counts = [report.total, report.valid, invalid.construct, invalid.precheck, invalid.evaluation]
    return counts, report.best.cost


def check_enumeration(
    architecture: Architecture, problem: Problem, constraints: Constraints, expected: dict[str, Any]
) -> None:
    keys = ("total", "valid", "construct", "precheck", "evaluation")
    counts = [expected[key] for key in keys]
    if expected["complete"]:
        result = search(architecture, problem, constraints, ENUMERATION)
        invalid = result.invalid
        found = [result.evaluated, result.valid, invalid.construct, invalid.precheck, invalid.evaluation]
        assert result.complete and result.status == "optimal" and result.stats is not None
        assert result.stats.utilization == approx(expected["best"]["utilization"])
        best = Cost.of(result.stats)
    else:
        # The reference was stopped after so many mappings; the same beginning has the same best.
        found, best = enumerate_up_to(MapSpace(architecture, problem, constraints), expected["total"])
    assert found == counts
    assert best.cycles == expected["best"]["cycles"]
    assert best.energy_pj == approx(expected["best"]["energy_pj"])
    assert best.edp_j_cycles == approx(expected["best"]["edp"])


def enumerations(complete: bool) -> list[str]:
    names = sorted(p.stem for p in GOLDEN.glob("*.json") if not p.stem.startswith("hybrid_"))
    return [
        n for n in names if json.loads((GOLDEN / f"{n}.json").read_text())["expected"]["complete"] is complete
    ]


@pytest.mark.parametrize("name", enumerations(complete=True))
def test_committed_enumerations(name: str) -> None:
    check_enumeration(*golden_case(name))


@pytest.mark.parametrize("name", enumerations(complete=False))
def test_committed_enumerations_that_were_cut(name: str) -> None:
    check_enumeration(*golden_case(name))


def check_hybrid(
    space: MapSpace, settings: SearchSettings, total: int, valid: int, best: tuple[int, float, float]
) -> None:
    result = search_space(space, settings)
    assert result.stats is not None
    assert (result.evaluated, result.valid) == (total, valid)
    assert result.stats.cycles == best[0]
    assert result.stats.energy_pj == approx(best[1])
    assert result.stats.edp_j_cycles == approx(best[2])


@pytest.mark.parametrize("name", sorted(p.stem for p in GOLDEN.glob("hybrid_*.json")))
def test_hybrid_visits_the_same_mappings_as_timeloop(name: str) -> None:
    architecture, problem, constraints, expected = golden_case(name)
    mapper = json.loads((GOLDEN / f"{name}.json").read_text())["mapper"]
    best = expected["best"]
    check_hybrid(
        MapSpace(architecture, problem, constraints),
        read_settings({"mapper": mapper}),
        expected["total"],
        expected["valid"],
        (best["cycles"], best["energy_pj"], best["edp"]),
    )


RANDOM = sorted((GOLDEN / "random").glob("*.json"))


@pytest.mark.parametrize("path", RANDOM, ids=[p.stem for p in RANDOM])
def test_random_specifications(path: Path) -> None:
    """Both templates, all of Timeloop's algorithms, several threads: sizes, counts and winner are its own.

    The winner of each ruby case has imperfect loops.
    """
    data = json.loads(path.read_text())
    tree, expected = data["specification"], data["expected"]
    architecture = read_architecture(tree)
    if architecture.ert is None:
        architecture = architecture.with_energy(read_ert(tree), read_art(tree))
    problem = read_problem(tree["problem"])
    constraints = read_constraints(tree, architecture, problem)
    result = search(architecture, problem, constraints, read_settings(tree))
    assert list(dataclasses.astuple(result.sizes)) == expected["sizes"]
    invalid = dataclasses.astuple(result.invalid)
    assert (result.evaluated, result.valid, *invalid) == tuple(
        expected[key] for key in ("total", "valid", "construct", "precheck", "evaluation")
    )
    assert result.stats is not None and result.mapping is not None
    assert result.stats.cycles == expected["cycles"]
    assert result.stats.energy_pj == approx(expected["energy_pj"])
    loops = [loop for level in result.mapping.levels for loop in (*level.temporal, *level.spatial)]
    assert all(loop.perfect for loop in loops) != path.stem.startswith("ruby")


def shared_case(path: Path) -> tuple[Architecture, Problem, Constraints, SearchSettings]:
    tree = load_yaml_file(path)
    architecture = read_architecture(tree)
    if (path.parent / "ERT.yaml").exists():
        ert = read_ert(load_yaml_file(path.parent / "ERT.yaml"))
        architecture = architecture.with_energy(ert, read_art(load_yaml_file(path.parent / "ART.yaml")))
    problem = read_problem(tree["problem"])
    return architecture, problem, read_constraints(tree, architecture, problem), read_settings(tree)


SHARED_RUNS = sorted((SHARED / "mapper_inputs").glob("*/input.yaml"))
SHARED_CASES = sorted((SHARED / "mapper").glob("*/input.yaml"))


@pytest.mark.parametrize("path", SHARED_RUNS, ids=[p.parent.name for p in SHARED_RUNS])
def test_hybrid_runs_of_bert_large(path: Path) -> None:
    architecture, problem, constraints, settings = shared_case(path)
    arch, layer = path.parent.name.split("_")
    runs = json.loads((SHARED / "timeloop_mapper_runs.json").read_text())
    found = [
        run
        for run in runs
        if (run["arch"], run["layer"], run["victory"]) == (arch, layer, settings.victory_condition)
        and run["ended"] == "rc 0"
    ]
    assert found
    for run in found:
        best = (run["cycles"], run["energy_pJ"], run["edp_J_cycles"])
        check_hybrid(MapSpace(architecture, problem, constraints), settings, run["total"], run["valid"], best)


@pytest.mark.slow
@pytest.mark.parametrize("path", SHARED_CASES, ids=[p.parent.name for p in SHARED_CASES])
def test_shared_enumerations(path: Path) -> None:
    architecture, problem, constraints, _ = shared_case(path)
    figures = json.loads((path.parent / "result.json").read_text())
    best = figures["best"]
    check_enumeration(
        architecture,
        problem,
        constraints,
        {
            "complete": figures["complete"],
            "total": figures["total"],
            "valid": figures["valid"],
            "construct": figures["inv_construct"],
            "precheck": figures["inv_pre"],
            "evaluation": figures["inv_eval"],
            "best": {
                "cycles": best["cycles"],
                "energy_pj": best["energy"],
                "edp": best["edp"],
                "utilization": best["util"],
            },
        },
    )


@pytest.mark.parametrize("name", ["hybrid_gemmini_KQV", "hybrid_eyeriss_KTQ", "wire_g12_8_6_free"])
@pytest.mark.parametrize("algorithm", ["hybrid", "random_pruned", "random"])
def test_batches_and_the_reference_model_search_alike(name: str, algorithm: str) -> None:
    architecture, problem, constraints, _ = golden_case(name)
    space = MapSpace(architecture, problem, constraints)
    settings = SearchSettings(
        algorithm=algorithm, metrics=("edp", "delay", "energy"), search_size=25, timeout=2000, seed=3
    )
    batched = search_space(space, settings)
    one_by_one = search_space(space, settings, evaluate=reference_evaluate)
    assert (batched.evaluated, batched.valid, batched.invalid) == (
        one_by_one.evaluated,
        one_by_one.valid,
        one_by_one.invalid,
    )
    assert batched.mapping == one_by_one.mapping
    assert [(i.evaluated, i.valid) for i in batched.log] == [(i.evaluated, i.valid) for i in one_by_one.log]


def test_what_is_beyond_the_kernels_goes_to_the_reference_model(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture, problem, constraints, expected = golden_case("gemmini_64")

    def refuse(*_: Any) -> Any:
        raise Unsupported("beyond the kernels")

    monkeypatch.setattr("harness.model.kernels.evaluator.BatchEvaluator.evaluate", refuse)
    check_enumeration(architecture, problem, constraints, expected)


def test_a_disagreement_with_the_reference_model_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture, problem, constraints, _ = golden_case("seq2_g888")
    true_evaluate = harness.model.evaluate

    def wrong(*arguments: Any, **options: Any) -> Any:
        stats = true_evaluate(*arguments, **options)
        return dataclasses.replace(stats, energy_pj=stats.energy_pj * (1 + 1e-6))

    monkeypatch.setattr("harness.model.evaluate", wrong)
    with pytest.raises(RuntimeError, match="the search and the reference model disagree"):
        search(architecture, problem, constraints, dataclasses.replace(ENUMERATION, search_size=5))
