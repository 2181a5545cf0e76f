"""Sparse optimisations against figures of the real program (whole numbers equal, others 1e-9 relative)."""

from __future__ import annotations

from collections import Counter

import pytest
from model_golden import SHARED, differences
from sparse_golden import KINDS, load_cases, read_shared_sparse, shared_sparse_cases, sparse_figures

from harness.errors import InvalidMapping
from harness.model import evaluate


def test_committed_cases_are_met() -> None:
    wrong, met, refused = [], 0, 0
    for case in load_cases():
        try:
            stats = evaluate(case.architecture, case.problem, case.mapping)
        except InvalidMapping as error:
            refused += 1
            if error.message != case.refusal:
                wrong.append(f"{case.name}: refused with '{error.message}', expected {case.refusal!r}")
            continue
        if case.refusal is not None:
            wrong.append(f"{case.name}: accepted, expected '{case.refusal}'")
        lines = differences(sparse_figures(stats), case.figures)
        met += not lines
        wrong += [f"{case.name}: {line}" for line in lines]
    assert not wrong, "\n".join(wrong[:20])
    assert met >= 100
    assert refused >= 15


def test_committed_cases_cover_the_features() -> None:
    seen: Counter[str] = Counter()
    for case in load_cases():
        if case.refusal is not None or case.architecture.sparse is None:
            continue
        seen.update({f"density {density.distribution}" for _, density in case.problem.densities})
        for level in case.architecture.sparse.levels:
            seen.update({action.kind for action in level.actions})
            seen.update({f"format {rank.format}" for form in level.formats for rank in form.ranks})
            seen["inwards"] += any(not form.inner_to_outer for form in level.formats)
            seen["outwards"] += any(form.inner_to_outer for form in level.formats)
            seen["overbooking"] += level.storage.allow_overbooking
        seen["gated operations"] += case.architecture.sparse.gate_compute
        seen["skipped operations"] += case.architecture.sparse.skip_compute
        seen["residual"] += any(not x.perfect for m in case.mapping.levels for x in (*m.temporal, *m.spatial))
        seen["metadata moved"] += any(".metadata." in path for path in case.figures)
    for feature in (
        *(f"density {name}" for name in ("fixed_structured", "hypergeometric", "banded")),
        *(f"format {name}" for name in ("uop", "cp", "b", "rle", "ub")),
        *("gating", "skipping", "skipping_spatial", "inwards", "outwards", "overbooking"),
        *("gated operations", "skipped operations", "residual", "metadata moved"),
    ):
        assert seen[feature] >= 3, (feature, seen)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared golden folder is not here")
def test_shared_cases() -> None:
    wrong, met = [], 0
    for folder in shared_sparse_cases():
        architecture, problem, mapping, figures = read_shared_sparse(folder)
        lines = differences(sparse_figures(evaluate(architecture, problem, mapping)), figures)
        met += not lines
        wrong += [f"{folder.name}: {line}" for line in lines]
    assert not wrong, "\n".join(wrong[:20])
    assert met >= 20


def test_mended_figures_are_sound() -> None:
    """Without the reference's slips no count is below zero or beyond all bounds, and nothing breaks."""
    mended, other = 0, 0
    for case in load_cases():
        if case.refusal is not None:
            continue
        try:
            stats = evaluate(case.architecture, case.problem, case.mapping, compat=None)
        except InvalidMapping:
            other += 1  # what an average number of instances leaves over
            continue
        mended += 1
        # The boxes of tiles are those of full factors: with residual ones they may be larger than the tile.
        perfect = all(x.perfect for m in case.mapping.levels for x in (*m.temporal, *m.spatial))
        unit = stats.arithmetic
        assert unit.actual_computes + unit.gated_computes + unit.skipped_computes <= case.problem.macs
        assert stats.energy_pj >= 0
        for level in stats.levels:
            for tensor in level.data_spaces:
                if tensor.sparse is None:
                    continue
                found = tensor.sparse
                assert 0 <= found.confidence <= 1
                assert 0 <= found.expected_density <= 1 + 1e-9 or not perfect
                assert all(0 <= count < 2**53 for count in found.scalar_accesses.values())
                reads = sum(found.scalar_accesses.get(f"{kind}_read", 0) for kind in KINDS)
                assert reads <= tensor.reads
                rows = [pair for by_rank in found.metadata_accesses.values() for pair in by_rank]
                assert all(0 <= count < 2**53 for pair in rows for count in pair)
    assert mended >= 100
    assert other <= 5
