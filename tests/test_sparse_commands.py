"""Sparse optimisations from the command line to the files: given mappings, shares, records, screen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sparse_golden import Case, load_cases

from harness.engines.energy_shares import energy_shares, energy_terms
from harness.engines.evaluation import Evaluation
from harness.engines.record import level_records
from harness.engines.result import Provenance, Result, SearchRecord
from harness.engines.sparse_remarks import sparse_remarks
from harness.model import evaluate
from harness.spec.architecture import Architecture
from harness.spec.energy import ActionEnergy, ComponentEnergy, EnergyReferenceTable, last_name


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
