"""The steps of the v4 front end one by one: scopes, macros, branches, permutations, flattening."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SpecError
from harness.spec.located import LocatedDict
from harness.spec.v4 import process_v4
from harness.spec.v4.macros import allocate
from harness.spec.yaml_loader import load_yaml_text

PROBLEM = """
problem:
  shape:
    name: product
    dimensions: [M, N, K]
    data_spaces:
    - {name: A, projection: [[[M]], [[K]]]}
    - {name: B, projection: [[[K]], [[N]]]}
    - {name: Z, projection: [[[M]], [[N]]], read_write: true}
  instance: {M: 16, N: 12, K: 1}
"""


def processed(nodes: str, rest: str = "", problem: str = PROBLEM) -> LocatedDict:
    """The flattened tree of an architecture with these nodes between a DRAM and a MAC."""
    text = f"""{rest}
architecture:
  nodes:
  - !Component {{name: DRAM, class: DRAM, attributes: {{width: 64, datawidth: 8}}}}
{nodes}
  - !Component {{name: MAC, class: intmac}}
{problem}"""
    return process_v4(load_yaml_text(text, "spec.yaml"))


def components(tree: LocatedDict) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in tree["architecture"]["subtree"][0]["local"]}


def constraint(tree: LocatedDict, target: str, kind: str) -> dict[str, Any]:
    """The constraint without target and type; empty when there is none."""
    found = [
        t for t in tree["architecture_constraints"]["targets"] if (t["target"], t["type"]) == (target, kind)
    ]
    assert len(found) <= 1
    return {k: v for k, v in found[0].items() if k not in ("target", "type")} if found else {}


def buffer(constraints: str = "", name: str = "Buf", attributes: str = "") -> str:
    return (
        f"  - !Component {{name: {name}, class: SRAM, "
        f"attributes: {{width: 8, depth: 64, datawidth: 8{attributes}}}, constraints: {{{constraints}}}}}"
    )


@pytest.mark.parametrize(
    ("written", "factors", "permutation"),
    [
        ("factors: [M=4]", "M=4", "K"),
        ("factors: M=4 N<=2", "M=4,N<=2", "K"),
        ('factors: "M=4,N>=2"', "M=4,N>=2", "K"),
        ("factors: [M=1, N=2], permutation: [N, M]", "M=1,N=2", "KNM"),
        ("factors: [M=4, M=4]", "M=4", "K"),
        ("factors: [M<=8, M>=2]", "M<=8,M>=2", "K"),
        ("factors: [M=-1, N=3]", "N=3", "K"),
        ("factors: [M=HALF, ('N=' + str(HALF))]", "M=8,N=8", "K"),
        ("factors_only: [M=4]", "M=4,N=1,K=1", "KN"),
        ("factors_only: []", "M=1,N=1,K=1", "KNM"),
        ("factors_only: [M=-1]", "N=1,K=1", "KN"),
        ("no_iteration_over_dataspaces: [A]", "M=1,K=1", "KM"),
        ("no_iteration_over_dataspaces: ['*']", "M=1,K=1,N=1", "NKM"),
        ("must_iterate_over_dataspaces: [B]", "M=1", "KM"),
        ("factors: [N=2], must_iterate_over_dataspaces: [B]", "N=2,M=1", "KM"),
        ("maximize_dims: [[M, N]], maximize_dims_capacity: 8", "M=8,N=1", "KN"),
        ("maximize_dims: [[N], [M]], maximize_dims_capacity: 24", "N=12,M=2", "K"),
        ("maximize_dims: [M], maximize_dims_capacity: 100", "M=16", "K"),
        ("factors: [N=3], maximize_dims: [[M]], maximize_dims_capacity: 12", "N=3,M=4", "K"),
        ("permutation: MNK", None, "MNK"),
        ('permutation: "N,M"', None, "KNM"),
    ],
)
def test_temporal_constraints(written: str, factors: str | None, permutation: str) -> None:
    tree = processed(buffer(f"temporal: {{{written}}}"), "variables: {HALF: 8}")
    found = constraint(tree, "Buf", "temporal")
    assert found.get("factors") == factors
    assert found.get("permutation") == permutation


@pytest.mark.parametrize(
    ("written", "keep", "bypass"),
    [
        ("keep: [A, B]", ["A", "B"], None),
        ("keep: ['*']", ["A", "B", "Z"], None),
        ("bypass: [A]", None, ["A"]),
        ("keep_only: [B]", ["B"], ["A", "Z"]),
        ("bypass_only: [B]", ["A", "Z"], ["B"]),
        ("keep_only: [B], keep: [B]", ["B"], ["A", "Z"]),
    ],
)
def test_data_space_constraints(written: str, keep: list[str] | None, bypass: list[str] | None) -> None:
    found = constraint(processed(buffer(f"dataspace: {{{written}}}")), "Buf", "bypass")
    assert (found.get("keep"), found.get("bypass")) == (keep, bypass)


def test_spatial_maximize_uses_the_fanout_and_goes_first_from_the_inside() -> None:
    nodes = """
  - !Container {name: Outer, spatial: {meshX: 6}, constraints: {spatial: {maximize_dims: [[N]]}}}
  - !Component
    name: Buf
    class: SRAM
    attributes: {width: 8, depth: 64, datawidth: 8}
    constraints: {temporal: {maximize_dims: [[M, N]], maximize_dims_capacity: 1000}}
  - !Container {name: Inner, spatial: {meshX: 8}, constraints: {spatial: {maximize_dims: [[M], [N]]}}}
"""
    tree = processed(nodes)
    assert constraint(tree, "inter_Inner_spatial", "spatial")["factors"] == "M=8,N=1"
    assert constraint(tree, "inter_Outer_spatial", "spatial")["factors"] == "N=6"
    # What spatial levels took is gone: 16 / 8 and 12 / 6 are left.
    assert constraint(tree, "Buf", "temporal")["factors"] == "M=2,N=2"


@pytest.mark.parametrize(
    ("sizes", "capacity", "product"),
    [
        ([("M", 16)], 64, {"M": 16}),
        ([("M", 16)], 6, {"M": 6}),
        ([("M", 7)], 4, {"M": 4}),
        ([("E", 4096)], 64, {"E": 64}),
        ([("E", 1)], 64, {}),
        ([("E", 12), ("L", 5)], 15, {"E": 3, "L": 5}),
        ([("E", 12)], 1, {}),
    ],
)
def test_allocation_fills_the_capacity_best(
    sizes: list[tuple[str, int]], capacity: int, product: dict[str, int]
) -> None:
    found: dict[str, int] = {}
    for name, factor in allocate(sizes, capacity):
        found[name] = found.get(name, 1) * factor
    assert found == product


def test_allocation_of_many_large_sizes_ends() -> None:
    sizes = [(name, 4096) for name in "ABCD"]
    total = 1
    for _, factor in allocate(sizes, 2**20):
        total *= factor
    assert total == 2**20


def test_parallel_branches_bypass_what_they_do_not_keep() -> None:
    nodes = f"""
  - !Parallel
    nodes:
  {buffer("dataspace: {keep: [A]}", "One")}
    - !Hierarchical
      nodes:
    {buffer("dataspace: {keep: [B]}", "Two")}
    {buffer("", "Three")}
    - !Nothing {{constraints: {{dataspace: {{keep: [Z]}}}}}}
"""
    tree = processed(nodes)
    bypasses = {name: constraint(tree, name, "bypass").get("bypass") for name in ("One", "Two", "Three")}
    assert bypasses == {"One": ["B", "Z"], "Two": ["A", "Z"], "Three": ["A", "Z"]}
    assert [n.split("[")[0] for n in components(tree)] == ["DRAM", "One", "Two", "Three", "MAC"]


def test_a_spatial_component_gets_a_level_of_its_own() -> None:
    nodes = """
  - !Component
    name: Buf
    class: SRAM
    spatial: {meshX: 2, meshY: 3}
    attributes: {width: 8, depth: 64, datawidth: 8}
    constraints: {spatial: {factors: [M=2], no_link_transfer: [A]}, temporal: {factors: [N=2]}}
"""
    tree = processed(nodes)
    found = components(tree)
    assert list(found) == ["DRAM[1..1]", "inter_Buf_spatial[1..1]", "Buf[1..6]", "MAC[1..6]"]
    assert (found["Buf[1..6]"]["attributes"]["meshX"], found["Buf[1..6]"]["attributes"]["meshY"]) == (2, 3)
    assert constraint(tree, "inter_Buf_spatial", "spatial") == {
        "factors": "M=2",
        "no_link_transfer": ["A"],
        "permutation": "K",
    }
    assert constraint(tree, "Buf", "spatial") == {}
    assert constraint(tree, "Buf", "temporal")["factors"] == "N=2"
    assert constraint(tree, "inter_Buf_spatial", "bypass") == {"bypass": ["A", "B", "Z"]}


def test_scopes_of_expressions() -> None:
    nodes = """
  - !Container
    name: Chip
    attributes: {node: technology, lanes: LANES * 2, technology: "28nm"}
  - !Component
    name: Buf
    class: SRAM
    subclass: fancy
    attributes:
      datawidth: 8
      width: datawidth * lanes
      depth: DRAM.attributes.width
      shared_bandwidth: spec.problem.instance.M / 2
      technology: technology
      note: f"{width} wide"
    enabled: attributes.width > 10
  - !Container {name: Cols, spatial: {meshX: lanes}}
"""
    tree = processed(nodes, 'variables: {technology: "45nm", LANES: 2}')
    buf = components(tree)["Buf[1..1]"]
    attributes = buf["attributes"]
    assert attributes["width"] == 32
    assert attributes["depth"] == 64
    assert attributes["shared_bandwidth"] == 8
    assert attributes["technology"] == "28nm"
    assert attributes["node"] == "45nm"
    assert attributes["note"] == "32 wide"
    assert buf["subclass"] == "fancy"
    assert "MAC[1..4]" in components(tree)


def test_attributes_of_containers_reach_all_later_components() -> None:
    nodes = f"""
  - !Container {{name: First, attributes: {{technology: "32nm", latency: 1}}}}
{buffer("", "Own", ', technology: "7nm"')}
  - !Hierarchical
    nodes:
    - !Container {{name: Second, attributes: {{technology: "28nm"}}}}
  {buffer("", "Inside")}
{buffer("", "After")}
"""
    found = components(processed(nodes))
    technologies = {n.split("[")[0]: c["attributes"].get("technology") for n, c in found.items()}
    assert technologies == {"DRAM": None, "Own": "7nm", "Inside": "28nm", "After": "28nm", "MAC": "28nm"}
    assert found["After[1..1]"]["attributes"]["latency"] == 1
    assert processed(nodes)["architecture"]["subtree"][0]["name"] == "top_level"


def test_power_gating_names_the_level_that_gates() -> None:
    nodes = f"""
{buffer("", "Glb", ", has_power_gating: true")}
{buffer("", "Row")}
{buffer("", "Cell")}
"""
    found = components(processed(nodes))
    gates = {n.split("[")[0]: c["attributes"]["power_gated_at"] for n, c in found.items()}
    assert gates == {"DRAM": "DRAM", "Glb": "Glb", "Row": "Row", "Cell": "Row", "MAC": "Row"}


def test_disabled_components_vanish() -> None:
    nodes = """
  - !Component
    {name: Off, class: SRAM, enabled: WANTED > 1, spatial: {meshX: 4},
     attributes: {width: 8, depth: 1, datawidth: 8}}
"""
    assert list(components(processed(nodes, "variables: {WANTED: 1}"))) == ["DRAM[1..1]", "MAC[1..1]"]
    assert len(components(processed(nodes, "variables: {WANTED: 2}"))) == 4


def test_constraints_apart_land_on_their_targets() -> None:
    rest = """
constraints:
  targets:
  - {target: Buf, type: temporal, permutation: [N, M], no-reuse: [A]}
  - {target: Cols, type: spatial, factors: [M=4], split: 1, no_reuse: [B], no_link_transfer: ["*"]}
  - {target: Buf, type: utilization, min: 0.5}
architecture_constraints: {targets: [{target: Buf, type: bypass, keep: [A]}]}
"""
    nodes = buffer("temporal: {factors: [N=2], rmw_first_update: [Z]}, dataspace: {bypass: [B]}")
    tree = processed(nodes + "\n  - !Container {name: Cols, spatial: {meshX: 4}}", rest)
    assert constraint(tree, "Buf", "temporal") == {
        "factors": "N=2",
        "permutation": "KNM",
        "no_reuse": ["A"],
        "rmw_first_update": ["Z"],
    }
    assert constraint(tree, "Buf", "bypass") == {"keep": ["A"], "bypass": ["B"]}
    assert constraint(tree, "Buf", "utilization") == {"min": 0.5}
    assert constraint(tree, "inter_Cols_spatial", "spatial") == {
        "factors": "M=4",
        "split": 1,
        "permutation": "K",
        "no_reuse": ["B"],
        "no_link_transfer": ["A", "B", "Z"],
    }


def test_a_given_mapping_takes_the_place_of_constraints() -> None:
    rest = "mapping:\n- {target: Buf, type: temporal, factors: M=16 N=12, permutation: NM}\n"
    tree = processed(buffer(), rest)
    assert tree["architecture_constraints"]["targets"] == []
    buf = [t for t in tree["mapping"] if t["target"] == "Buf"]
    assert [(t["type"], t["factors"], t["permutation"]) for t in buf] == [("temporal", "M=16,N=12", "KNM")]


def test_networks_keep_their_names() -> None:
    nodes = "  - !Component {name: NoC, class: SimpleMulticast, attributes: {datawidth: 8}}\n"
    found = components(processed(nodes))["NoC"]
    assert found["class"] == "SimpleMulticast"
    assert "required_actions" not in found


def test_energy_tables_and_components_are_passed_on() -> None:
    rest = """
variables: {PJ: 3}
ERT: {version: 0.4, tables: [{name: "top_level.DRAM[1..1]", actions: [{name: read, energy: PJ * 2}]}]}
compound_components: {classes: [[{name: inner}], {name: other}]}
globals: {environment_variables: {A: 1}}
helpful_macros_ignore: [1, 2]
"""
    tree = processed(buffer(), rest)
    assert tree["ERT"]["tables"][0]["actions"][0]["energy"] == 6
    assert "ART" not in tree
    assert [c["name"] for c in tree["compound_components"]["classes"]] == ["inner", "other"]
    assert "helpful_macros_ignore" not in tree


def test_sizes_of_the_problem_are_expressions() -> None:
    problem = PROBLEM.replace("{M: 16, N: 12, K: 1}", "{M: SIDE, N: M // 2, K: (SIDE - 15)}")
    tree = processed(buffer("temporal: {factors: [N=0]}"), "variables: {SIDE: 16}", problem)
    assert {d: tree["problem"]["instance"][d] for d in "MNK"} == {"M": 16, "N": 8, "K": 1}
    assert constraint(tree, "Buf", "temporal")["factors"] == "N=0"


def test_too_many_choices_to_maximize_are_refused() -> None:
    with pytest.raises(SpecError, match="too many choices"):
        allocate([(c, 2**11 * 3**7 * 5**5) for c in "ABCDEF"], 2**60)


def test_scales_of_a_component_are_evaluated_and_go_into_the_flattened_form() -> None:
    scales = "energy_scale: SIZE / 4, area_scale: 1"
    memory = buffer().replace("class: SRAM", f"class: SRAM, {scales}")
    found = components(processed(memory, "variables: {SIZE: 2}"))["Buf[1..1]"]
    assert found["energy_scale"] == 0.5
    assert "area_scale" not in found
