"""Searches of hardware with sparse optimisations: spaces, pruning, all mappers, processes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from sparse_search_cases import BEST, CASES, SMALL, at, fixed, saving, tree

from harness.mapspace import MappingId, MapSpace
from harness.model import evaluate
from harness.search import SearchResult, driver, search
from harness.search.capacity import TOO_LARGE, CapacityCheck
from harness.spec.flattened import read_mapping, write_mapping
from harness.spec.loading import read_specification
from harness.spec.mapping import Mapping
from harness.spec.specification import Specification

SAVING = at("Buffer", saving("gating", "B", "A"))


def specified(case: str | dict[str, Any]) -> Specification:
    return read_specification(CASES[case] if isinstance(case, str) else case)


def found(specification: Specification, algorithm: str, **settings: Any) -> SearchResult:
    s = specification
    chosen = replace(s.settings, algorithm=algorithm, **settings)
    return search(s.architecture, s.problem, s.constraints, chosen)


def space_of(specification: Specification) -> MapSpace:
    return MapSpace(specification.architecture, specification.problem, specification.constraints)


def figures(result: SearchResult, specification: Specification) -> tuple[int, float]:
    assert result.stats is not None
    return result.stats.cycles, result.stats.energy_pj / specification.problem.macs


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith("spread")])
def test_the_best_of_the_whole_space_is_that_of_the_real_mapper(case: str) -> None:
    specification = specified(case)
    result = found(specification, "linear_pruned")
    assert result.status == "optimal"
    cycles, energy = BEST[case]
    assert figures(result, specification) == (cycles, pytest.approx(energy, abs=0.0006))


@pytest.mark.parametrize("case", ["spread", "spread and skipped in space"])
def test_guided_finds_the_best_of_the_real_mapper(case: str) -> None:
    specification = specified(case)
    result = found(specification, "guided", victory_condition=150)
    cycles, energy = BEST[case]
    assert figures(result, specification) == (cycles, pytest.approx(energy, abs=0.0006))


def test_unit_loops_stay_where_a_space_without_pruning_puts_them() -> None:
    specification = specified("packed twice")
    everything = found(specification, "exhaustive")
    assert everything.status == "optimal"
    assert figures(everything, specification) == (8, pytest.approx(BEST["packed twice"][1], abs=0.0006))
    space = space_of(specification)
    mapping = space.construct(MappingId(0, 0, 0, 0), pruned=False)
    assert isinstance(mapping, Mapping)
    assert [sorted(level.temporal_order) for level in mapping.levels] == [["K", "M", "N"]] * 2


def test_found_mappings_keep_their_figures_when_they_are_written_and_read() -> None:
    specification = specified("packed twice")
    result = found(specification, "guided", victory_condition=30)
    assert result.mapping is not None
    assert result.stats is not None
    architecture, problem = specification.architecture, specification.problem
    written = {"mapping": write_mapping(result.mapping, architecture, problem)}
    again = evaluate(architecture, problem, read_mapping(written, architecture, problem))
    assert again == result.stats


@pytest.mark.parametrize("algorithm", ["random", "random_pruned", "hybrid"])
def test_the_other_mappers_search_too(algorithm: str) -> None:
    specification = specified("gating")
    result = found(specification, algorithm, victory_condition=50)
    assert result.status == "best_found"
    assert figures(result, specification)[0] == 12


def test_optimal_searches_what_it_cannot_prove_and_says_so() -> None:
    larger = tree({"M": 8, "N": 4, "K": 12}, {"A": fixed(0.25)}, [SAVING], depth=60)
    specification = specified(larger)
    result = found(specification, "optimal", victory_condition=100)
    assert result.status == "best_found"
    assert result.algorithm == "guided"
    assert result.lower_bound is None
    assert any("not proven" in note and "sparse optimisations" in note for note in result.notes)


def test_optimal_sees_small_spaces_to_their_end() -> None:
    specification = specified("gating")
    result = found(specification, "optimal", victory_condition=1)
    assert (result.status, result.algorithm) == ("optimal", "linear_pruned")
    assert figures(result, specification) == (12, pytest.approx(BEST["gating"][1], abs=0.0006))


def test_optimal_proves_where_no_optimisation_is_left() -> None:
    specification = specified("nothing to save")
    assert specification.architecture.sparse is None
    result = found(specification, "optimal")
    assert result.status == "optimal"
    assert figures(result, specification) == (48, pytest.approx(BEST["nothing to save"][1], abs=0.0006))


def test_dense_tensors_cost_on_sparse_hardware_what_they_cost_on_dense() -> None:
    dense = specified(tree(SMALL, {}, [], depth=20))
    gated = specified(tree(SMALL, {}, [at("Buffer", saving("gating", "B", "A"))], depth=20))
    assert gated.architecture.sparse is not None
    one, other = found(dense, "linear_pruned"), found(gated, "linear_pruned")
    assert figures(one, dense) == pytest.approx(figures(other, gated))
    assert one.valid == other.valid


def test_a_packed_tile_needs_the_room_of_its_words_that_are_not_zero() -> None:
    def refused(density: float, formats: list[str]) -> str | None:
        target = [at("Buffer", A=formats), at("DRAM", A=formats)] if formats else []
        sparse = target or [at("Buffer", saving("gating", "B", "A"))]
        space = space_of(specified(tree(SMALL, {"A": fixed(density)}, sparse, depth=40)))
        whole_inside = space.factorization_of(
            [
                next(i for i in range(d.size) if d.split(i).factors[0][0] == d.demands.bound)
                for d in space.dimensions
            ]
        )
        kept_everywhere = space.sizes.datatype_bypass - 1
        keep = space.keep(kept_everywhere)
        assert keep[0] == {"A", "B", "Z"}
        refusal = CapacityCheck(space).refusal(space.subspace(whole_inside), kept_everywhere)
        return None if refusal is None else f"{refusal.kind}: {refusal.reason}"

    # Words: A 4 x 6, B 2 x 6, Z 4 x 2.
    assert refused(0.5, []) == f"{TOO_LARGE}: tile 44 exceeds 40"
    assert refused(0.5, ["UOP", "CP"]) is None
    assert refused(0.9, ["UOP", "CP"]) == f"{TOO_LARGE}: tile 42 exceeds 40"
    assert refused(0.5, ["UB"]) == f"{TOO_LARGE}: tile 44 exceeds 40"


def test_fan_outs_bound_no_space_where_instances_may_be_skipped() -> None:
    skipping = space_of(specified("spread and skipped in space"))
    plain = space_of(
        specified(tree(SMALL, {"A": fixed(0.5)}, [at("Buffer", A=["UOP", "CP"])], depth=24, units=2))
    )

    def wide(space: MapSpace) -> bool:
        ids = space.ids()
        return any(
            space.subspace(i.factorization).refusal(i.permutation, i.spatial) is None
            and max(
                x * y
                for x, y in space.subspace(i.factorization).expansions(i.permutation, i.spatial).values()
            )
            > 2
            for i in ids
        )

    assert wide(skipping)
    assert not wide(plain)


def test_processes_find_what_one_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    specification = specified("packed twice")
    settings: dict[str, Any] = {"threads": 2, "victory_condition": 60, "seed": 3}
    alone = found(specification, "guided", **settings)
    monkeypatch.setattr(driver, "LOCAL_SECONDS", 0.0)
    monkeypatch.setattr(driver, "usable_cores", lambda: 2)
    together = found(specification, "guided", **settings)
    assert (together.mapping, together.evaluated, together.valid) == (
        alone.mapping,
        alone.evaluated,
        alone.valid,
    )
    assert together.stats == alone.stats


def test_spaces_travel() -> None:
    space = space_of(specified("banded"))
    copy = pickle.loads(pickle.dumps(space))
    assert copy.sizes == space.sizes
    assert copy.construct(MappingId(1, 0, 0, 0)) == space.construct(MappingId(1, 0, 0, 0))


def test_nothing_that_fits_is_told_by_what_the_search_saw() -> None:
    """Demands on the room of packed tensors are no proof: they depend on how full these are."""
    tight = tree(
        SMALL, {"A": fixed(0.5)}, [at("Buffer", A=["UOP", "CP"]), at("DRAM", A=["UOP", "CP"])], depth=1
    )
    tight["mapspace_constraints"] = [
        {"type": "bypass", "target": "Buffer", "keep": ["A", "B", "Z"], "bypass": []}
    ]
    result = found(specified(tight), "linear_pruned")
    assert result.status == "no_mapping"
    assert result.reason is not None
    assert "tile 32 exceeds 1" in result.reason  # A 12, B 12, Z 8
