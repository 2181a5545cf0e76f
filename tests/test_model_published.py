"""Published mappings of BERT-large layers on four architectures: cycles and all counts per level.

The figures are those printed by Timeloop in 2024 for gemmini, Eyeriss, Simba and an early TPU, with the
mappings that the files show; how the spatial factors lie on the axes was inferred from the meshes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_golden import unpack_architecture, unpack_mapping

from harness.model import evaluate
from harness.spec.problem import DataSpace, Problem, Term

PUBLISHED = json.loads(
    (Path(__file__).parent / "golden" / "model_published.json").read_text(encoding="utf-8")
)


def gemm(sizes: dict[str, int]) -> Problem:
    def ranks(letters: str) -> tuple[tuple[Term, ...], ...]:
        return tuple((Term(d),) for d in letters)

    tensors = (
        DataSpace("Weights", ranks("ED")),
        DataSpace("Inputs", ranks("EL")),
        DataSpace("Outputs", ranks("DL"), read_write=True),
    )
    return Problem("gemm", ("E", "D", "L"), tuple(sizes[d] for d in "EDL"), tensors)


@pytest.mark.parametrize("case", PUBLISHED["cases"], ids=lambda c: c["name"].replace(" ", "-"))
def test_published_mapping(case: dict[str, Any]) -> None:
    architecture = unpack_architecture(PUBLISHED["architectures"][case["architecture"]])
    stats = evaluate(architecture, gemm(case["sizes"]), unpack_mapping(case["mapping"]))
    assert stats.cycles == case["cycles"]
    assert round(100 * stats.utilization, 2) == case["utilization_percent"]
    for path, figure in case["counts"].items():
        level_name, *rest = path.split(".")
        level = stats.level(level_name)
        if rest == ["cycles"]:
            assert level.cycles == figure, path
        else:
            tensor = next(t for t in level.data_spaces if t.name == rest[0])
            assert getattr(tensor, rest[1]) == figure, path


def test_number_of_published_mappings() -> None:
    assert len(PUBLISHED["cases"]) == 14
