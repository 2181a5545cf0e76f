"""The model against figures of the real program (tolerance: whole numbers equal, others 1e-9 relative)."""

from __future__ import annotations

import pytest
from model_golden import (
    SHARED,
    differences,
    expected_slim_figures,
    figures_of,
    load_cases,
    read_shared_case,
    shared_bulk_lines,
    shared_model_cases,
)

from harness.errors import InvalidMapping
from harness.model import evaluate

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared golden folder is not here")


def test_committed_cases_are_met() -> None:
    wrong, seen, refused = [], 0, 0
    for name, architecture, problem, mapping, figures, refusal in load_cases():
        seen += 1
        try:
            stats = evaluate(architecture, problem, mapping)
        except InvalidMapping as error:
            refused += 1
            if error.message != refusal:
                wrong.append(f"{name}: refused with '{error.message}', expected {refusal!r}")
            continue
        if refusal is not None:
            wrong.append(f"{name}: accepted, expected '{refusal}'")
        wrong += [f"{name}: {line}" for line in differences(figures_of(stats), figures)]
    assert not wrong, "\n".join(wrong[:20])
    assert seen > 400
    assert refused > 30


def test_committed_cases_cover_the_families() -> None:
    names = {name for name, *_ in load_cases()}
    for family in ("gemmini__", "gemmini_NOs__", "eyeriss__", "simba__", "simba_right__", "tpu__", "PIM__"):
        assert any(family in name for name in names), family
    features = ("h_mn", "h_dist", "h_wire", "h_hop", "h_clu", "h_pgate", "h_user", "h_seq2", "__imp", "cv_s3")
    for feature in features:
        assert any(feature in name for name in names), feature


@needs_shared
def test_every_third_shared_case() -> None:
    _check_shared_cases(shared_model_cases()[::3])


@needs_shared
@pytest.mark.slow
def test_all_shared_cases() -> None:
    _check_shared_cases(shared_model_cases())


@needs_shared
def test_every_twentieth_bulk_mapping() -> None:
    _check_bulk(20)


@needs_shared
@pytest.mark.slow
def test_all_bulk_mappings() -> None:
    _check_bulk(1)


def _check_shared_cases(folders: list) -> None:  # type: ignore[type-arg]
    wrong, equal = [], 0
    for folder in folders:
        architecture, problem, mapping, figures = read_shared_case(folder)
        lines = differences(figures_of(evaluate(architecture, problem, mapping)), figures)
        wrong += [f"{folder.name}: {line}" for line in lines]
        equal += not lines
    assert not wrong, "\n".join(wrong[:20])
    assert equal == len(folders) > 0


def _check_bulk(step: int) -> None:
    wrong, accepted, refused = [], 0, 0
    for name, architecture, problem, mapping, result in shared_bulk_lines(step):
        refusal = result["error"].rstrip("; ") if "error" in result else None
        try:
            stats = evaluate(architecture, problem, mapping)
        except InvalidMapping as error:
            refused += 1
            if error.message != refusal:
                wrong.append(f"{name}: refused with '{error.message}', expected {refusal!r}")
            continue
        accepted += 1
        if refusal is not None:
            wrong.append(f"{name}: accepted, expected '{refusal}'")
            continue
        lines = differences(figures_of(stats), expected_slim_figures(result))
        wrong += [f"{name}: {line}" for line in lines]
    assert not wrong, "\n".join(wrong[:20])
    assert accepted > 0
    assert refused > 0
