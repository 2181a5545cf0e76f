"""The v4 front end against the trees that Timeloop's own front end wrote for the same inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.spec.loading import expand_files, load_tree, to_flattened
from harness.spec.located import LocatedDict
from harness.spec.yaml_loader import load_yaml_file

SPECS = Path(__file__).resolve().parent / "specs"
GOLDEN = Path(__file__).resolve().parents[1].parent / "shared" / "golden" / "mapper_inputs"

SOFTMAX = {"name": "SM_matmul_encoder", "row": "SEQ_LENGTH", "sweeps": 2}
LAYERNORM = {"name": "LN_matmul_encoder", "row": "EMBEDDING", "sweeps": 3}
NORM = ["gemmini_norm/arch.yaml", "gemmini_norm/constraints.yaml", "norm.yaml.jinja"]
CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "gemmini_KQV": (["gemmini/arch.yaml", "gemmini/constraints.yaml", "matmul.yaml"], {}),
    "gemmini_softmax": (NORM, SOFTMAX),
    "gemmini_layernorm": (NORM, LAYERNORM),
    "eyeriss_KQV": (["eyeriss/arch.yaml", "matmul.yaml"], {}),
}


def flattened(case: str) -> LocatedDict:
    files, values = CASES[case]
    paths = expand_files([SPECS / f for f in (*files, "variables.yaml", "mapper.yaml")])
    return to_flattened(load_tree(paths, values))


def comparable_components(tree: Any) -> list[Any]:
    components = tree["architecture"]["subtree"][0]["local"]
    return [{**c, "required_actions": sorted(c.get("required_actions", []))} for c in components]


def comparable_constraints(tree: Any) -> list[Any]:
    """In order; the data spaces of a list are a set (the front end walks a Python set)."""
    return [
        {k: sorted(v) if k in ("keep", "bypass") else v for k, v in target.items()}
        for target in tree["architecture_constraints"]["targets"]
    ]


@pytest.mark.parametrize("case", CASES)
def test_flattened_tree_equals_the_front_ends(case: str) -> None:
    golden = GOLDEN / case / "input.yaml"
    if not golden.is_file():
        pytest.skip("golden data are not beside this checkout")
    expected = load_yaml_file(golden)
    found = flattened(case)
    level, expected_level = (t["architecture"]["subtree"][0] for t in (found, expected))
    assert level["name"] == expected_level["name"]
    assert level["attributes"] == expected_level["attributes"]
    assert comparable_components(found) == comparable_components(expected)
    assert comparable_constraints(found) == comparable_constraints(expected)
    assert found["problem"] == expected["problem"]
    assert found["mapping"] == expected["mapping"] == []
    given = load_yaml_file(SPECS / "mapper.yaml")["mapper"]
    assert {k: found["mapper"][k] for k in given} == {k: expected["mapper"][k] for k in given}


def test_flattened_gemmini_equals_the_committed_facts() -> None:
    facts = load_yaml_file(SPECS / "gemmini" / "expected.yaml")
    found = flattened("gemmini_KQV")
    level = found["architecture"]["subtree"][0]
    assert (level["name"], level["attributes"]) == (facts["top"], facts["top_attributes"])
    components = []
    for name, class_name, instances, attributes in facts["components"]:
        shared = facts["compute_defaults" if class_name == "intmac" else "storage_defaults"]
        actions = ["compute"] if class_name == "intmac" else ["leak", "read", "update", "write"]
        components.append(
            {
                "name": f"{name}[1..{instances}]",
                "class": class_name,
                "attributes": {**shared, **attributes},
                "required_actions": [] if class_name == "dummy_storage" else actions,
                "enabled": True,
            }
        )
    assert comparable_components(found) == components
    expected = [{"target": t, "type": k, **body} for t, k, body in facts["constraints"]]
    assert comparable_constraints(found) == [
        {k: sorted(v) if k in ("keep", "bypass") else v for k, v in target.items()} for target in expected
    ]


def test_processing_leaves_its_input_alone() -> None:
    files, _ = CASES["gemmini_KQV"]
    paths = expand_files([SPECS / f for f in (*files, "variables.yaml")])
    tree = load_tree(paths)
    first, second = to_flattened(tree), to_flattened(tree)
    assert first == second
    assert tree == load_tree(paths)
