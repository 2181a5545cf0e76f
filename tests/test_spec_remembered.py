"""What a process remembers of files and jobs shows neither in other jobs nor after a file has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.cli.arguments import Arguments
from harness.cli.planning import plan
from harness.engines import embedded
from harness.engines.result import Result
from harness.report.outputs import RESULT, output_files
from harness.spec.located import LocatedDict, LocatedList, copy_of, where
from harness.spec.yaml_loader import load_yaml_file
from harness.workloads import find_layer, load_model


def _spoil(node: Any) -> None:
    """Changes everything that can be changed in a tree."""
    if isinstance(node, dict):
        for value in node.values():
            _spoil(value)
        node["spoilt"] = "spoilt"
        if isinstance(node, LocatedDict):
            node.key_locations.clear()
    elif isinstance(node, list):
        for value in node:
            _spoil(value)
        node.append("spoilt")
        if isinstance(node, LocatedList):
            node.item_locations.clear()


def test_a_tree_belongs_to_who_has_read_it(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: !T {b: [1, {c: 2}]}\nd: &x [3]\ne: *x\n")
    first = load_yaml_file(file)
    _spoil(first)
    second = load_yaml_file(file)
    assert second == {"a": {"b": [1, {"c": 2}]}, "d": [3], "e": [3]}
    assert second["a"].tag == "T"
    place = where(second, "e")
    assert place is not None
    assert (place.file, place.line) == (str(file), 3)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file, included = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("!include b.yaml\na: 1\n")
    included.write_text("b: 1\n")
    assert load_yaml_file(file) == {"b": 1, "a": 1}
    stamp = file.stat()
    file.write_text("!include b.yaml\na: 2\n")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert load_yaml_file(file) == {"b": 1, "a": 2}
    included.write_text("b: 2\n")
    assert load_yaml_file(file) == {"b": 2, "a": 2}


def test_equal_texts_of_two_files_have_their_own_places(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("a: 1\n")
        place = where(load_yaml_file(tmp_path / name), "a")
        assert place is not None
        assert place.file == str(tmp_path / name)


def test_a_copy_shares_nothing() -> None:
    tree = LocatedDict({"a": LocatedList([{"b": 1}, (2, 3)]), "c": {"d": [4]}})
    copied = copy_of(tree)
    assert copied == {"a": [{"b": 1}, [2, 3]], "c": {"d": [4]}}
    _spoil(copied)
    assert tree == {"a": [{"b": 1}, (2, 3)], "c": {"d": [4]}}


def _result(architecture: str, layer: str) -> Result:
    (planned,) = plan(Arguments(architecture=architecture, layer=layer)).jobs
    return embedded.run(planned.job)


def _files(result: Result) -> dict[str, str]:
    files = output_files(result)
    del files[RESULT]  # it tells the time
    return files


@pytest.mark.parametrize("architecture", ["gemmini", "aimc"])
def test_a_job_is_the_same_after_another_and_after_its_trees_were_changed(architecture: str) -> None:
    result = _result(architecture, "KQV")
    before = _files(result)
    assert result.evaluation is not None
    hash_before = result.provenance.spec_hash
    _spoil(result.evaluation.tree)
    for level in result.evaluation.architecture.storage:
        _spoil(level.attributes)
    template_tree = plan(Arguments(architecture=architecture, layer="KQV")).jobs[0].job.specification.tree
    _spoil(template_tree)
    _result(architecture, "softmax")
    again = _result(architecture, "KQV")
    assert _files(again) == before
    assert again.provenance.spec_hash == hash_before


def test_the_layer_of_a_model_is_untouched_by_its_job() -> None:
    layer = find_layer("KQV", load_model("bert-large"))
    _result("gemmini", "KQV")
    assert find_layer("KQV", load_model("bert-large")) == layer
