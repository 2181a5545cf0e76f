"""One question, many mappers: objectives, caps, plug-ins, and what a result may claim."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mapper_cases import array, gemm, golden_case, stats_of, stub_evaluate

from harness.errors import SpecError, Unsupported
from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.model.stats import Stats
from harness.search import Certificate, Objective, Pruning, Request, SearchResult, find_mapping, search_space
from harness.search.objective import objective_of, parse_cycles, parse_energy, parse_goals
from harness.search.optimal.outcome import Limits, Outcome
from harness.search.replay import replay
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.flattened.settings import read_settings
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.profiles import find_profile, load_profile
from harness.spec.settings import SearchSettings
from harness.spec.yaml_loader import load_yaml_text

CASE = "seq2_g888"
COMPLETE = SearchSettings(algorithm="linear_pruned", timeout=0, victory_condition=0)


def space_of(*sizes: int, **machine: Any) -> MapSpace:
    return MapSpace(array(**machine), gemm(*sizes), Constraints())


def run(space: MapSpace, evaluate: Any = stub_evaluate, **changes: Any) -> SearchResult:
    return search_space(space, dataclasses.replace(COMPLETE, **changes), evaluate=evaluate)


def trading(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """A model in which units cost energy, so that the fastest mapping is not the thriftiest."""
    stats = stub_evaluate(architecture, problem, mapping)
    units = math.prod(loop.factor for level in mapping.levels for loop in level.spatial)
    return stats_of(stats.cycles, stats.energy_pj + 50 * units, problem.macs)


# --- objectives -----------------------------------------------------------------------------------------


def test_goals_are_read_from_text() -> None:
    assert parse_goals("edp") == ("edp",)
    assert parse_goals(" Delay , energy") == ("delay", "energy")


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_goals, "delya", "unknown objective 'delya' (did you mean 'delay'?)"),
        (parse_goals, "", "unknown objective ''"),
        (parse_goals, "edp,,delay", "unknown objective ''"),
        (parse_goals, "edp,EDP", "the objective 'edp,EDP' names edp twice"),
        (parse_cycles, "1.5", "'1.5' is not a whole number of cycles above zero"),
        (parse_cycles, "0", "'0' is not a whole number of cycles above zero"),
        (parse_cycles, "-5", "'-5' is not a whole number of cycles above zero"),
        (parse_cycles, "5 ms", "'5 ms' is not a whole number of cycles above zero"),
        (parse_cycles, "1e999", "'1e999' is not a whole number of cycles above zero"),
        (parse_energy, "much", "'much' is not an energy above zero, such as 5e10 (pJ) or 50mJ"),
        (parse_energy, "0 pJ", "'0 pJ' is not an energy above zero"),
        (parse_energy, "5 kWh", "'kWh' is not a unit of energy, use pJ, nJ, uJ, mJ or J"),
    ],
)
def test_what_is_no_objective_is_said_in_one_line(
    parse: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert str(caught.value).startswith(message)


def test_caps_are_read_from_text() -> None:
    assert (parse_cycles("50000"), parse_cycles("5e7")) == (50_000, 50_000_000)
    assert (parse_energy("5e10"), parse_energy("50mJ"), parse_energy("0.5 J")) == (5e10, 5e10, 5e11)


def test_an_objective_in_words() -> None:
    assert str(Objective(("delay", "energy"))) == "delay,energy"
    assert str(Objective(("edp",), 50_000, 5e10)) == "edp with at most 50,000 cycles and 50000000000 pJ"


def test_later_goals_decide_only_between_equals() -> None:
    objective = Objective(("delay", "energy"))
    assert objective.prefers((9, 100.0), (10, 1.0))
    assert objective.prefers((10, 1.0), (10, 1.1))
    assert not objective.prefers((10, 1.0), (10, 1.0 + 1e-12))
    # No 0.1 % rule: a slightly better first goal decides.
    assert Objective(("energy", "delay")).prefers((10, 0.9999), (1, 1.0))


def test_the_metrics_of_a_mapper_file_are_an_objective() -> None:
    settings = SearchSettings(metrics=("edp", "delay"), max_cycles=7)
    assert objective_of(settings) == Objective(("edp", "delay"), 7)
    with pytest.raises(Unsupported, match="last_level_accesses is no objective of a proof"):
        objective_of(SearchSettings(metrics=("last_level_accesses",)))
    with pytest.raises(Unsupported, match="last_level_accesses"):
        run(space_of(2, 2, 2), algorithm="optimal", metrics=("last_level_accesses",))


# --- caps in searches that propose ------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["linear_pruned", "guided", "hybrid", "random_pruned"])
def test_caps_are_kept_exactly(algorithm: str) -> None:
    space = space_of(4, 4, 2)
    free = run(space, trading, metrics=("energy",))
    assert free.cost is not None and free.status == "optimal"
    ends = {} if algorithm == "linear_pruned" else {"victory_condition": 400, "timeout": 3000}
    cap = free.cost.cycles - 1
    capped = run(space, trading, algorithm=algorithm, metrics=("energy",), max_cycles=cap, **ends)
    assert capped.cost is not None and capped.cost.cycles <= cap
    assert capped.cost.energy_pj > free.cost.energy_pj
    assert any(r.kind == "cap" for r in capped.refusals)
    if algorithm == "linear_pruned":
        laid_out = (m for i in space.ids() if isinstance(m := space.construct(i), Mapping))
        costs = [trading(space.architecture, space.problem, mapping) for mapping in laid_out]
        least = min(stats.energy_pj for stats in costs if stats.cycles <= cap)
        assert capped.status == "optimal" and capped.cost.energy_pj == least


def test_caps_that_exclude_everything_are_the_reason() -> None:
    result = run(space_of(4, 2, 2), max_cycles=1)
    assert result.status == "no_mapping" and result.complete and result.reason is not None
    assert "the objective refuses" in result.reason and "cycles are more than 1" in result.reason


# --- the optimal mapper and what it may claim -------------------------------------------------------------


def proof_of(space: MapSpace, status: Any, bound: float, wrong_by: float = 1.0) -> Outcome:
    found = run(space)
    assert found.mapping is not None and found.cost is not None
    c = found.cost
    account = Certificate("by decree", 3, 1, 2, 1, (Pruning("bound", 5),), bound, c.edp_j_cycles)
    return Outcome(found.mapping, status, c.cycles, c.energy_pj * wrong_by, bound, account)


def with_proof(monkeypatch: pytest.MonkeyPatch, outcome: Outcome | Exception) -> list[Limits]:
    seen: list[Limits] = []

    def prove(space: MapSpace, objective: Objective, limits: Limits) -> Outcome:
        seen.append(limits)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("harness.search.optimal_mapper.prove", prove)
    return seen


def test_a_proof_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    best = run(space).cost
    assert best is not None
    limits = with_proof(monkeypatch, proof_of(space, "optimal", best.edp_j_cycles))
    result = run(space, algorithm="optimal", time_limit=7.0)
    assert (result.status, result.gap, result.algorithm) == ("optimal", 0.0, "optimal")
    assert result.lower_bound == best.edp_j_cycles and result.certificate is not None
    assert result.complete and not result.interrupted
    assert limits[0].seconds == 7.0


def test_an_unfinished_proof_has_a_bound_and_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    best = run(space).cost
    assert best is not None
    with_proof(monkeypatch, proof_of(space, "bound", best.edp_j_cycles / 1.25))
    result = run(space, algorithm="optimal", time_limit=1.0)
    assert result.status == "bound" and result.gap == pytest.approx(0.25)
    assert result.interrupted and any("the proof is not complete" in note for note in result.notes)


def test_a_bound_of_nothing_is_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    with_proof(monkeypatch, proof_of(space, "bound", 0.0))
    result = run(space, algorithm="optimal")
    assert (result.status, result.lower_bound, result.gap) == ("best_found", None, None)


def test_a_proof_that_the_model_contradicts_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    with_proof(monkeypatch, proof_of(space, "optimal", 1.0, wrong_by=1.001))
    with pytest.raises(RuntimeError, match="the search and the reference model disagree"):
        run(space, algorithm="optimal")


def test_without_a_method_it_searches_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    with_proof(monkeypatch, Unsupported("sliding windows are not proven yet"))
    result = run(space, algorithm="optimal", victory_condition=50, timeout=50)
    assert (result.status, result.algorithm) == ("best_found", "guided")
    assert result.notes[0] == ("not proven, searched by 'guided' instead: sliding windows are not proven yet")
    assert (result.lower_bound, result.gap, result.certificate) == (None, None, None)


def test_a_proven_absence_names_the_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(4, 2, 2)
    account = Certificate("by decree", 3, 1, 2, 1, (), float("inf"), None)
    with_proof(monkeypatch, Outcome(None, "no_mapping", 0, 0.0, float("inf"), account))
    result = run(space, algorithm="optimal", max_cycles=3)
    assert result.status == "no_mapping"
    assert result.reason == "no mapping of the space is valid with at most 3 cycles (proven)"


def test_a_complete_search_has_its_own_floor() -> None:
    result = run(space_of(4, 2, 2))
    assert result.status == "optimal" and result.cost is not None
    assert (result.lower_bound, result.gap) == (result.cost.edp_j_cycles, 0.0)
    random = run(space_of(4, 2, 2), algorithm="hybrid", victory_condition=20, timeout=100)
    assert (random.status, random.lower_bound, random.gap) == ("best_found", None, None)


# --- find_mapping and the replay -------------------------------------------------------------------------


def test_find_mapping_answers_with_a_proof_and_the_replay_agrees() -> None:
    architecture, problem, constraints, _ = golden_case(CASE)
    result = find_mapping(architecture, problem, constraints)
    assert result.status == "optimal" and result.mapping is not None and result.stats is not None
    assert evaluate(architecture, problem, result.mapping) == result.stats
    space = MapSpace(architecture, problem, constraints)
    found = result.stats.cycles, result.stats.energy_pj
    again = replay(space, Objective(), found)
    assert again is not None and again.equal and again.value == pytest.approx(result.lower_bound, rel=1e-9)
    worse = replay(space, Objective(), (found[0], found[1] * 1.01))
    assert worse is not None and not worse.equal
    nothing = replay(space, Objective(), None)
    assert nothing is not None and not nothing.equal


def test_a_large_space_is_not_replayed() -> None:
    assert replay(space_of(4096, 4096, 4096), Objective(), None) is None


def test_find_mapping_says_why_there_is_none() -> None:
    architecture, problem, constraints, _ = golden_case(CASE)
    result = find_mapping(architecture, problem, constraints, Objective(("delay",), max_cycles=1))
    assert result.status == "no_mapping" and result.stats is None
    assert result.reason is not None and "at most 1 cycles" in result.reason


def test_names_are_checked() -> None:
    architecture, problem, constraints, _ = golden_case(CASE)
    with pytest.raises(SpecError, match="unknown objective 'engery'"):
        find_mapping(architecture, problem, constraints, "engery")
    with pytest.raises(SpecError, match=r"unknown search algorithm 'optimla' .did you mean 'optimal'"):
        find_mapping(architecture, problem, constraints, mapper="optimla")


# --- mappers that installed packages add -----------------------------------------------------------------

PLUGIN = """
from harness.search import SearchResult


class First:
    def find(self, space, request):
        for i in space.ids():
            mapping = space.construct(i)
            if hasattr(mapping, "levels"):
                return SearchResult(mapping, None, "best_found", "first", space.sizes)


class Nothing:
    pass


class Wrong:
    def find(self, space, request):
        return "a mapping"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with mappers, some broken, installed in the folder."""
    (tmp_path / "api_test_plugin.py").write_text(PLUGIN)
    information = tmp_path / "api_test_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: api-test-plugin\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[harness.mappers]\n"
        "first = api_test_plugin:First\n"
        "nothing = api_test_plugin:Nothing\n"
        "wrong = api_test_plugin:Wrong\n"
        "absent = api_test_absent:Mapper\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "api_test_plugin", raising=False)


@pytest.mark.usefixtures("installed")
def test_an_added_mapper_is_chosen_by_name_and_loaded_only_then(tmp_path: Path) -> None:
    space = space_of(4, 2, 2)
    run(space)
    assert "api_test_plugin" not in sys.modules
    file = tmp_path / "mine.yaml"
    file.write_text("mapper: {algorithm: first}\n")
    assert load_profile(file).algorithm == "first"
    profile = find_profile("first")
    assert (profile.settings.algorithm, profile.settings.time_limit) == ("first", 20.0)
    assert "api_test_plugin" not in sys.modules
    result = run(space, algorithm="first")
    assert result.algorithm == "first" and result.stats is not None


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "absent",
            "the mapper 'absent' (harness.mappers: api_test_absent:Mapper) cannot be loaded: ",
        ),
        (
            "nothing",
            "the mapper 'nothing' (harness.mappers: api_test_plugin:Nothing) is no mapper",
        ),
        ("wrong", "the mapper 'wrong' returned str, not a SearchResult"),
        ("frist", "unknown search algorithm 'frist' (did you mean 'first'?)"),
    ],
)
def test_a_broken_added_mapper_is_one_line(name: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        run(space_of(4, 2, 2), algorithm=name)
    assert str(caught.value).startswith(message)


def test_the_code_in_the_documentation_runs() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "mapper.md").read_text(encoding="utf-8")
    architecture, problem, constraints, _ = golden_case(CASE)
    names: dict[str, Any] = {
        "architecture": architecture,
        "problem": problem,
        "constraints": constraints,
        "SearchSettings": SearchSettings,
    }
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, names)
    space = MapSpace(architecture, problem, constraints)
    result = names["Luck"]().find(space, Request(SearchSettings()))
    assert result.status == "best_found" and result.mapping is not None
    profile = text.split("```yaml\n")[1].split("```")[0]
    settings = read_settings(load_yaml_text(profile, "profile.yaml"))
    assert objective_of(settings) == Objective(("energy", "delay"), 60_000_000, 5.5e10)
