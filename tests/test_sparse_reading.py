"""Sparse optimisations in both dialects: what is read, and what is refused with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from harness.errors import HarnessError, SpecError
from harness.model import evaluate
from harness.spec.density import DENSE, Density
from harness.spec.flattened import read_architecture, read_mapping, read_problem, write_mapping, write_problem
from harness.spec.loading import (
    load_specification,
    read_specification,
    specification_from_v4_tree,
    to_flattened,
)
from harness.spec.located import copy_of
from harness.spec.sparse import Condition, RankFormat, SparseOptimizations
from harness.spec.specification import Specification
from harness.spec.yaml_loader import load_yaml_text

V4 = """
architecture:
  version: 0.4
  nodes:
  - !Component
    name: DRAM
    class: DRAM
    attributes: {datawidth: 8, width: 8, metadata_storage_width: 12, metadata_datawidth: 4}
    sparse_optimizations:
      representation_format:
        data_spaces: [{name: A, ranks: [{format: UOP, payload_word_bits: 3}, {format: CP}]}]
  - !Component
    name: Buffer
    class: storage
    attributes: {datawidth: 8, width: 8, depth: 256, decompression_supported: true}
    constraints:
      temporal: {factors: [M=4, N=4, K=4], permutation: [N, M, K]}
    sparse_optimizations:
      action_optimization:
      - {type: gating, options: [{target: B, condition_on: [A]}]}
  - !Component
    name: MAC
    class: intmac
    attributes: {datawidth: 8}
problem:
  version: 0.4
  instance:
    M: 4
    N: 4
    K: 4
    densities:
      A: {density: 0.5, distribution: fixed_structured}
      B: {density: 1/4, distribution: hypergeometric}
  shape:
    name: product
    dimensions: [M, N, K]
    data_spaces:
    - {name: A, projection: [[[M]], [[K]]]}
    - {name: B, projection: [[[N]], [[K]]]}
    - {name: Z, projection: [[[M]], [[N]]], read_write: true}
sparse_optimizations:
  targets:
  - target: MAC
    compute_optimization: [{type: gating}]
mapping:
- {target: DRAM, type: temporal, factors: [M=1, N=1, K=1], permutation: [K, M, N]}
"""


def v4(text: str = V4) -> Specification:
    return read_specification(to_flattened(load_yaml_text(text, "spec.yaml")))


def sparse_of(specification: Specification) -> SparseOptimizations:
    assert specification.architecture.sparse is not None
    return specification.architecture.sparse


def test_v4_nodes_and_targets_meet() -> None:
    found = sparse_of(v4())
    assert [level.level for level in found.levels] == ["Buffer", "DRAM"]
    assert found.gate_compute
    assert not found.skip_compute
    (gating,) = found.levels[0].actions
    assert (gating.kind, gating.options) == ("gating", (Condition("B", ("A",)),))
    form = found.levels[1].format_of("A")
    assert form is not None
    # From the innermost rank; words that do not divide the width of 12 are widened.
    assert form.ranks == (RankFormat("cp", 4, 4), RankFormat("uop", 4, 3))
    assert form.compressed
    assert found.levels[0].storage.decompression


def test_v4_densities_may_be_expressions() -> None:
    problem = v4().problem
    assert problem.density_of("A") == Density("fixed_structured", 0.5)
    assert problem.density_of("B") == Density("hypergeometric", 0.25)
    assert problem.density_of("Z") == DENSE
    assert read_problem(write_problem(problem)).densities == problem.densities


def test_the_flattened_form_of_v4_reads_back() -> None:
    specification = v4()
    again = read_specification(specification.tree)
    assert again.architecture == specification.architecture
    assert again.problem == specification.problem
    assert again.mapping == specification.mapping
    assert specification.mapping is not None
    stats = evaluate(specification.architecture, specification.problem, specification.mapping)
    assert stats.arithmetic.gated_computes > 0


def test_mappings_keep_their_order() -> None:
    specification = v4()
    assert specification.mapping is not None
    dram = specification.mapping.level("DRAM")
    written = write_mapping(specification.mapping, specification.architecture, specification.problem)
    again = read_mapping(written, specification.architecture, specification.problem)
    assert again.level("DRAM").temporal_order == dram.temporal_order != ()


def test_every_reader_takes_them(tmp_path: Any) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(V4)
    found = sparse_of(load_specification([path]))
    assert found == sparse_of(specification_from_v4_tree(load_yaml_text(V4, "spec.yaml")))
    tree = to_flattened(load_yaml_text(V4, "spec.yaml"))
    assert found == sparse_of(read_specification(tree)) == read_architecture(tree).sparse


def test_numbers_and_common_densities() -> None:
    spaces = [{"name": "A", "projection": [[["K"]]], "read_write": True}]
    tree: dict[str, Any] = {
        "shape": {"dimensions": ["K"], "data_spaces": spaces},
        "instance": {"K": 4, "densities": {"A": 0.5}},
    }
    assert read_problem(tree).densities == (("A", Density("fixed_structured", 0.5)),)
    tree["instance"] = {"K": 4, "commonDensity": {"distribution": "banded", "band_width": 2}}
    assert read_problem(tree).densities == (("A", Density("banded", 1.0, 2)),)
    tree["instance"] = {"K": 4, "commonDensity": 0.25}
    assert read_problem(tree).densities == (("A", Density("fixed_structured", 0.25)),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target: B, condition_on: [A]", "target: B", "needs a list 'condition_on' of data spaces"),
        ("target: B, condition_on: [A]", "condition_on: [A]", "needs a 'target'"),
        (
            "type: gating, options",
            "type: gateing, options",
            "unknown type of an action .* 'gateing' .*gating",
        ),
        ("[{type: gating}]", "[{type: gate}]", "unknown type of a compute optimisation 'gate'"),
        ("target: MAC", "target: MACC", "unknown target of a sparse optimisation 'MACC' .*'MAC'"),
        ("target: MAC", "target: DRAM", "'compute_optimization' of 'DRAM': it belongs to the compute level"),
        ("{format: CP}", "{format: CSR}", "unknown format of a rank of 'A' at 'DRAM': 'CSR'"),
        ("{format: CP}", "{form: CP}", "unknown key in a rank of 'A' at 'DRAM' 'form'"),
        ("format: UOP", "format: CP}, {format: UOP", "compressed rank cannot lie above an uncompressed one"),
        ("payload_word_bits: 3", "payload_word_bits: 13", "word of 26 bits is wider than its .* 12"),
        ("ranks: [", "rank_application_order: up, ranks: [", "unknown rank_application_order 'up'"),
        ("metadata_datawidth: 4", "metadata_datawidth: 5", "metadata_storage_width 12 is not a multiple of"),
        ("width: 8, depth: 256", "width: 8, depth: 256, tile_partition_supported: true", "cut at run time"),
        (
            "width: 8, depth: 256",
            "width: 8, depth: 256, metadata_storage_depth: 4",
            "needs a metadata_storage",
        ),
        ("density: 0.5", "density: 1.5", "density of A must be a number from 0 to 1, not '1.5'"),
        ("fixed_structured", "fixed_struct", "unknown distribution of A: 'fixed_struct'"),
        ("fixed_structured", "coordinate_dependent", "'coordinate_dependent' is not read"),
        ("fixed_structured", "actual_data", "unknown key in the density of A 'density' .*file"),
        ("      A: {density", "      C: {density", "unknown data space in the densities 'C'"),
    ],
)
def test_malformed_input_has_a_place(old: str, new: str, message: str) -> None:
    assert old in V4
    with pytest.raises(HarnessError) as caught:
        v4(V4.replace(old, new, 1))
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_overbooking_is_a_matter_of_packed_tensors() -> None:
    text = V4.replace("depth: 256,", "depth: 256, allow_overbooking: true,")
    assert sparse_of(v4(text)).levels[0].storage.allow_overbooking
    tree = to_flattened(load_yaml_text(text, "spec.yaml"))
    del tree["sparse_optimizations"]
    assert read_specification(tree).architecture.sparse is None


def test_a_second_entry_for_a_level_is_refused() -> None:
    tree = to_flattened(load_yaml_text(V4, "spec.yaml"))
    targets = tree["sparse_optimizations"]["targets"]
    targets.append({"name": "DRAM", "representation_format": {"data_spaces": [{"name": "B", "ranks": []}]}})
    with pytest.raises(SpecError, match="a second 'representation_format' for 'DRAM'"):
        read_specification(tree)


ODD = (None, -1, 2.5, "x", [], {}, [1], [["A"]], {"a": 1}, [{}])


def paths(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield from paths(node[key], (*path, key))


@pytest.mark.parametrize("flat", [False, True])
def test_odd_values_anywhere_are_no_accidents(flat: bool) -> None:
    """Each value of sparse optimisations and densities replaced by odd ones: read, or refused in words."""
    tree = load_yaml_text(V4, "spec.yaml")
    tree = to_flattened(tree) if flat else tree
    roots: list[tuple[Any, ...]] = [("sparse_optimizations",), ("problem", "instance", "densities")]
    roots += [] if flat else [("architecture", "nodes", n, "sparse_optimizations") for n in (0, 1)]
    refused = 0
    for root in roots:
        start = tree
        for key in root:
            start = start[key]
        for path in list(paths(start, root)):
            for odd in ODD:
                changed = copy_of(tree)
                inner = changed
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = odd
                try:
                    found = read_specification(to_flattened(changed))
                    assert found.mapping is not None
                    evaluate(found.architecture, found.problem, found.mapping)
                except HarnessError:
                    refused += 1
    assert refused > 100
