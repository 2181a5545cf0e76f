"""Sparse optimisations from the command line to the files: given mappings, shares, records, screen."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sparse_golden import Case, load_cases
from sparse_search_cases import at, fixed, saving, tree

from harness.cli.energy import main as energy_main
from harness.cli.run import main
from harness.engines.energy_shares import energy_shares, energy_terms
from harness.engines.evaluation import Evaluation
from harness.engines.record import level_records
from harness.engines.result import Provenance, Result, SearchRecord
from harness.engines.sparse_remarks import sparse_remarks
from harness.estimation import EstimationOptions, estimate
from harness.estimation.query import Declined, Query
from harness.estimation.sram.source import AccelergySramSource
from harness.model import evaluate
from harness.report.sweep.roofline import roofline_point
from harness.report.timeloop_stats import stats_text
from harness.spec import load_specification
from harness.spec.architecture import Architecture
from harness.spec.energy import ActionEnergy, ComponentEnergy, EnergyReferenceTable, last_name
from harness.spec.flattened import read_mapping
from harness.spec.shipped import shipped_folder
from harness.sweep.job import LevelLimits


def evaluated() -> Iterator[Case]:
    """The golden cases that are not refused; some of the shared ones are dense."""
    return (case for case in load_cases() if case.refusal is None and case.architecture.sparse is not None)


def named(start: str) -> Case:
    return next(case for case in evaluated() if case.name.startswith(start))


def test_the_shares_of_every_golden_evaluation_make_the_whole() -> None:
    """With gated and skipped accesses, metadata, what does not fit, idle operations."""
    met: set[str] = set()
    for compat in ("timeloop-v4", None):
        for case in evaluated():
            stats = evaluate(case.architecture, case.problem, case.mapping, compat=compat)  # type: ignore[arg-type]
            evaluation = Evaluation(case.architecture, case.problem, case.mapping, stats)
            terms = energy_terms(evaluation)
            assert math.fsum(term.pj for term in terms) == pytest.approx(stats.energy_pj, rel=1e-9), case.name
            by_class = energy_shares(evaluation).by_accuracy
            assert math.fsum(by_class.values()) == pytest.approx(stats.energy_pj, rel=1e-9), case.name
            for level in (stats.arithmetic, *stats.levels):
                of_level = math.fsum(term.pj for term in terms if term.component == level.name)
                assert of_level == pytest.approx(level.energy_pj, rel=1e-9), (case.name, level.name)
            met |= {term.action for term in terms}
    assert {"gated_read", "skipped_read", "random_metadata_read", "gated_metadata_read", "overflow"} <= met
    assert {"gated_compute", "skipped_compute", "decompression_count", "read", "leak"} <= met, met


def result_of(case: Case) -> Result:
    """As the engine makes it, without a search."""
    stats = evaluate(case.architecture, case.problem, case.mapping)
    return Result(
        status="ok",
        architecture=case.architecture.name,
        layer=case.problem.name,
        search=SearchRecord("given", "edp", "best_found"),
        provenance=Provenance("0", "sha256:0", None, "2026-01-01T00:00:00", "test"),
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        levels=level_records(stats),
    )


def test_records_carry_what_is_sparse_and_come_back() -> None:
    gated = metadata = overbooked = 0
    for case in evaluated():
        result = result_of(case)
        assert Result.from_json(result.to_json()) == result, case.name
        stats = evaluate(case.architecture, case.problem, case.mapping)
        unit = result.levels[0].computes
        assert unit is not None
        assert (unit.actual, unit.gated) == (stats.actual_computes, stats.arithmetic.gated_computes)
        for level in result.levels[1:]:
            assert level.computes is None
            for space in level.dataspaces.values():
                assert space.sparse is not None
                gated += space.sparse.accesses.get("gated_reads", 0)
                metadata += sum(space.sparse.metadata.values())
                overbooked += space.sparse.confidence != 1.0
                assert 0 not in (*space.sparse.accesses.values(), *space.sparse.metadata.values())
    assert gated > 0
    assert metadata > 0
    assert overbooked > 0


def test_dense_records_are_as_before() -> None:
    case = named("634_")
    dense = result_of(case._replace(architecture=replace(case.architecture, sparse=None)))
    for level in dense.to_record()["levels"]:
        assert "computes" not in level
        assert all("sparse" not in space for space in level["dataspaces"].values())
    assert Result.from_record(dense.to_record()) == dense


def test_who_reads_the_figures_is_told_what_the_tables_do_not_say() -> None:
    """Timeloop's rules: skipped costs as gated, both nothing; saved operations as much as others."""

    def remarks(architecture: Architecture, case: Case) -> tuple[str, ...]:
        return sparse_remarks(architecture, evaluate(architecture, case.problem, case.mapping))

    eyeriss = named("634_")
    assert remarks(eyeriss.architecture, eyeriss) == (
        "the tables have no gated_read of weights_spad, no metadata_read of DRAM, "
        "no metadata_update of DRAM: they cost nothing",
    )
    assert remarks(replace(eyeriss.architecture, sparse=None), eyeriss) == ()
    idle = named("random95")
    last = "the tables have no compute_gated of MAC: they cost as much as those that happen"
    assert remarks(idle.architecture, idle)[-1] == last


def with_actions(architecture: Architecture, component: str, **energies: float) -> Architecture:
    """The architecture with further actions of one component, by its short name."""
    assert architecture.ert is not None
    more = tuple(ActionEnergy(action, pj) for action, pj in energies.items())
    components = tuple(
        ComponentEnergy(c.name, c.actions + more) if last_name(c.name) == component else c
        for c in architecture.ert.components
    )
    return replace(architecture, ert=EnergyReferenceTable(components))


def test_an_action_that_the_tables_have_is_charged_and_not_remarked_upon() -> None:
    case = named("random95")
    mac = case.architecture.arithmetic.name
    before = evaluate(case.architecture, case.problem, case.mapping)
    architecture = with_actions(case.architecture, mac, compute_gated=0.25)
    after = evaluate(architecture, case.problem, case.mapping)
    saved = (before.arithmetic.compute_energy_pj - 0.25) * before.arithmetic.gated_computes
    assert before.energy_pj - after.energy_pj == pytest.approx(saved, rel=1e-9)
    assert not any("MAC" in remark for remark in sparse_remarks(architecture, after))
    terms = energy_terms(Evaluation(architecture, case.problem, case.mapping, after))
    (gated,) = [term for term in terms if term.action == "gated_compute"]
    assert gated.pj == pytest.approx(0.25 * after.arithmetic.gated_computes)


def test_skipped_accesses_cost_as_gated_ones_where_the_tables_have_only_these() -> None:
    case = named("617_")
    architecture = with_actions(case.architecture, "Buffer", gated_read=0.5)
    stats = evaluate(architecture, case.problem, case.mapping)
    (remark,) = [r for r in sparse_remarks(architecture, stats) if "gated ones" in r]
    assert remark == "the tables have no skipped_read of Buffer: they cost what gated ones do"
    dearer = with_actions(case.architecture, "Buffer", gated_read=0.5, skipped_read=0.75)
    more = evaluate(dearer, case.problem, case.mapping).energy_pj - stats.energy_pj
    sparse = [space.sparse for space in stats.level("Buffer").data_spaces]
    skipped = sum(of.block_accesses.get("skipped_read", 0.0) for of in sparse if of is not None)
    assert more == pytest.approx(0.25 * skipped)


SPEC = """
architecture:
  version: 0.4
  nodes:
  - !Container
    name: chip
    attributes: {technology: "45nm", global_cycle_seconds: 1e-9}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {datawidth: 8, width: 64, metadata_storage_width: 12, metadata_datawidth: 4}
    sparse_optimizations:
      representation_format:
        data_spaces: [{name: A, ranks: [{format: UOP}, {format: CP}]}]
  - !Component
    name: Buffer
    class: storage
    subclass: gated_buffer
    attributes: {datawidth: 8, width: 32, depth: 256, decompression_supported: true}
    sparse_optimizations:
      action_optimization:
      - {type: gating, options: [{target: B, condition_on: [A]}]}
  - !Component
    name: MAC
    class: intmac
    attributes: {datawidth: 8, width: 8}
    sparse_optimizations:
      compute_optimization: [{type: gating}]
components:
  version: 0.4
  classes:
  - name: gated_buffer
    attributes: {technology: must_specify, width: must_specify, depth: must_specify}
    subcomponents:
    - {name: words, class: SRAM, attributes: {width: width, depth: depth}}
    - {name: zeros, class: SRAM, attributes: {width: 0, depth: 0}}
    actions:
    - {name: read, subcomponents: [{name: words, actions: [{name: read}]}]}
    - {name: write, subcomponents: [{name: words, actions: [{name: write}]}]}
    - {name: gated_read, subcomponents: [{name: words, actions: [{name: read, energy_scale: 0.1}]}]}
    - {name: metadata_read, subcomponents: [{name: zeros, actions: [{name: read}]}]}
    - {name: leak, subcomponents: [{name: words, actions: [{name: leak}]}]}
problem:
  version: 0.4
  instance:
    {M: 8, N: 8, K: 8, densities: {A: {density: 0.5, distribution: hypergeometric}, B: 0.5}}
  shape:
    name: product
    dimensions: [M, N, K]
    data_spaces:
    - {name: A, projection: [[[M]], [[K]]]}
    - {name: B, projection: [[[N]], [[K]]]}
    - {name: Z, projection: [[[M]], [[N]]], read_write: true}
"""
MAPPING = """
mapping:
- {target: DRAM, type: temporal, factors: M=2 N=1 K=1, permutation: NMK}
- {target: Buffer, type: temporal, factors: M=4 N=8 K=8, permutation: NMK}
"""


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(SPEC)
    Path("map.yaml").write_text(MAPPING)
    return ["--spec", "spec.yaml", "--mapping", "map.yaml", "-o", "out"]


def test_a_given_mapping_from_files_to_files(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 0
    seen = capsys.readouterr()
    result = Result.from_json(Path("out/result.json").read_text())
    specification = load_specification(["spec.yaml"])
    estimated = estimate(specification.architecture, specification.compound_components, EstimationOptions())
    architecture = specification.architecture.with_energy(estimated.ert, estimated.art)
    entries = yaml.safe_load(MAPPING)["mapping"]
    mapping = read_mapping(entries, architecture, specification.problem)
    stats = evaluate(architecture, specification.problem, mapping)
    assert (result.cycles, result.energy_pj) == (stats.cycles, stats.energy_pj)
    assert result.levels == level_records(stats)
    assert stats.arithmetic.gated_computes > 0
    text = Path("out/timeloop-mapper.stats.txt").read_text()
    assert text == stats_text(architecture, specification.problem, stats)
    assert math.fsum(result.energy_by_accuracy.values()) == pytest.approx(result.energy_pj, rel=1e-9)
    # The line may be folded.
    shown = " ".join(seen.out.split())
    assert re.search(r"sparse 25\.00 % of the computes happen, 25\.00 % idle; of the accesses \d", shown)
    assert "no decompression_count of Buffer, no metadata_read of DRAM: they cost nothing" in seen.err
    assert "no compute_gated of MAC: they cost as much as those that happen" in seen.err
    assert "gated_read" not in seen.err
    assert "MACs" not in seen.err
    # Every action that the class offers was asked for, and gated reads cost what it says.
    table = estimated.ert.by_name["chip_top_level.Buffer[1..1]"]
    assert table.energy_pj("gated_read") == pytest.approx((table.energy_pj("read") or 0.0) / 10, rel=1e-5)
    assert table.energy_pj("metadata_read") == 0


def test_a_run_is_repeated_from_what_it_leaves(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 0
    again = ["--spec", "out/parsed-processed-input.yaml", "--mapping", "out/timeloop-mapper.map.yaml"]
    assert main([*again, "-o", "again"]) == 0
    for name in ("timeloop-mapper.stats.txt", "timeloop-mapper.map.txt", "timeloop-mapper.map.yaml"):
        assert Path("again", name).read_text() == Path("out", name).read_text(), name
    capsys.readouterr()


def test_a_mapping_that_does_not_fit_is_the_users_error(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("spec.yaml").write_text(SPEC.replace("depth: 256", "depth: 8"))
    assert main(given) == 2
    assert "Buffer: mapped tile size" in capsys.readouterr().err


def test_the_energies_of_a_sparse_architecture_are_told(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert energy_main(["--spec", "spec.yaml", "--json"]) == 0
    told = capsys.readouterr().out
    assert '"gated_read"' in told
    assert '"metadata_read"' in told


def test_a_memory_of_no_words_costs_nothing_and_one_without_width_is_refused() -> None:
    source = AccelergySramSource(shipped_folder("estimation_tables") / "sram" / "cacti.csv.gz")

    def ask(width: int, depth: int) -> float:
        attributes = {"technology": "45nm", "width": width, "depth": depth, "global_cycle_seconds": 1e-9}
        return source.estimate(Query("Buffer", "SRAM", attributes, "leak")).value

    assert ask(0, 0) == 0
    assert ask(32, 64) > 0
    with pytest.raises(Declined, match="'width' is 0"):
        ask(0, 64)
    with pytest.raises(Declined, match="'depth' is 0"):
        ask(32, 0)


def test_the_roofline_counts_what_takes_bandwidth() -> None:
    """Gated words and metadata do, skipped ones do not: as much as the model's bandwidths say."""
    seen = metadata = 0
    for case in evaluated():
        result = result_of(case)
        stats = evaluate(case.architecture, case.problem, case.mapping)
        outermost, level = stats.levels[-1], case.architecture.storage[-1]
        if outermost.instances != 1 or outermost.slowdown != 1 or level.bandwidth_scale:
            continue
        limits = LevelLimits(level.name, 1.0, 1.0, level.word_bits)
        point = roofline_point(replace(result, macs=stats.macs), (limits,))
        assert point is not None
        busy = stats.actual_computes + stats.arithmetic.gated_computes
        assert point.macs == busy, case.name
        for traffic, bandwidth in zip(
            point.traffic,
            (
                sum(space.read_bandwidth for space in outermost.data_spaces),
                sum(space.write_bandwidth for space in outermost.data_spaces),
            ),
            strict=True,
        ):
            bytes_moved = bandwidth * stats.arithmetic.cycles * level.word_bits / 8
            assert traffic.bytes == pytest.approx(bytes_moved), case.name
        seen += 1
        sparse = [space.sparse for space in outermost.data_spaces]
        metadata += sum(bool(of.metadata_bits) for of in sparse if of is not None)
    assert seen > 50
    assert metadata > 20


def test_actions_that_a_component_requires_are_asked_for(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    required = SPEC.replace("    class: intmac\n", "    class: intmac\n    required_actions: [mac_gated]\n")
    Path("spec.yaml").write_text(required)
    assert main(given) == 0
    assert "gated of MAC" not in capsys.readouterr().err
    tables = yaml.safe_load(Path("out/timeloop-mapper.ERT.yaml").read_text())["ERT"]["tables"]
    (mac,) = [table for table in tables if last_name(table["name"]) == "MAC"]
    energies = {action["name"]: action["energy"] for action in mac["actions"]}
    assert 0 < energies["mac_gated"] < energies["compute"]
    assert set(energies) == {"compute", "mac_gated"}
    Path("spec.yaml").write_text(required.replace("mac_gated", "gated_nonsense"))
    assert main(given) == 2
    assert "gated_nonsense" in capsys.readouterr().err
    # Others are as they were: every component of a kind has the same ones.
    Path("spec.yaml").write_text(required.replace("mac_gated", "nonsense"))
    assert main(given) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("side", "algorithm", "told"),
    [
        (2, "linear_pruned", "none is needed: the whole space was evaluated"),
        (12, "guided", "this search proved nothing"),
    ],
)
def test_the_heading_names_what_will_run_and_the_certificate_what_came_of_it(
    side: int, algorithm: str, told: str, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = {"M": side, "N": side, "K": side}
    specification = tree(bounds, {"A": fixed(0.25)}, [at("Buffer", saving("gating", "B", "A"))], depth=60)
    specification["mapper"].update(algorithm="optimal", victory_condition=20)
    Path("spec.yaml").write_text(yaml.safe_dump(specification))
    assert main([*given[:2], "--certify", *given[-2:]]) == 0
    searches = [line for line in capsys.readouterr().out.splitlines() if "search" in line or "certif" in line]
    heading, found, *_, certificate = searches
    assert heading.split()[:2] == ["search", algorithm]
    assert found.split()[:2] == ["search", f"{algorithm},"]
    assert told in certificate
