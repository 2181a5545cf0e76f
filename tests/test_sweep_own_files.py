"""Sweeps of architectures of one's own: what these include decides what may be compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_sparse_layers import GATING

from harness.sweep.request import SweepRequest, plan_sweep

OWN = GATING.replace("attributes: {depth: 1024}", "attributes: {depth: {{ include('DEPTH', 'depth') }}}")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("arch/sizes/of").mkdir(parents=True)
    Path("tiny.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}}")
    Path("other.yaml").write_text("layers: {A: {D: 16, E: 32, L: 4}}")
    return tmp_path


def study_of(included: str, depth: int, *models: str, architectures: tuple[str, ...] = ()) -> str:
    """The identity of the study of the first of ``models``."""
    file = Path("arch") / included
    file.write_text(f"depth: {depth}")
    Path("arch/own.yaml.jinja").write_text(OWN.replace("DEPTH", included))
    asked = SweepRequest(architectures=("arch/own.yaml.jinja", *architectures), models=models)
    plan = plan_sweep(asked)
    first = [planned.study.identity for (number, _), planned in plan.workloads.items() if number == 0]
    assert len(set(first)) == 1, "architectures are compared with each other"
    return first[0]


@pytest.mark.parametrize("included", ["beside.yaml", "parts/size.yaml", "sizes/of/buffers.yaml"])
def test_other_content_is_another_study(place: Path, included: str) -> None:
    Path("arch/parts").mkdir()
    one = study_of(included, 1024, "tiny.yaml")
    assert study_of(included, 2048, "tiny.yaml") != one
    assert study_of(included, 1024, "tiny.yaml") == one
    assert study_of(included, 1024, "tiny.yaml", "other.yaml") == one
    assert study_of(included, 1024, "tiny.yaml", architectures=("gemmini",)) == one


def test_nothing_above_the_template_is_included(place: Path) -> None:
    study_of("../side.yaml", 1024, "tiny.yaml")
    plan = plan_sweep(SweepRequest(architectures=("arch/own.yaml.jinja",), models=("tiny.yaml",)))
    (point,) = plan.points()
    assert "'../side.yaml' is outside the folders of the given files" in (point.key(0).refusal or "")
