"""Sparse optimisations from the command line to the files: given mappings, shares, records, screen."""

from __future__ import annotations

import math

import pytest
from sparse_golden import load_cases

from harness.engines.energy_shares import energy_shares, energy_terms
from harness.engines.evaluation import Evaluation
from harness.model import evaluate


def test_the_shares_of_every_golden_evaluation_make_the_whole() -> None:
    """With gated and skipped accesses, metadata, what does not fit, idle operations."""
    met: set[str] = set()
    for compat in ("timeloop-v4", None):
        for case in load_cases():
            if case.refusal is not None:
                continue
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
