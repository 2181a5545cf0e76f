"""``--export-timeloop``: plain v4 files that say what the job says, in words that the front ends know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_cases import ROOT, SMALL
from console_blocks import check, commands_in

from harness.cli.arguments import parse_arguments
from harness.cli.planning import plan
from harness.cli.run import main
from harness.engines import embedded
from harness.engines.exported import ALL_NAMES, v4_files
from harness.engines.job import Job
from harness.engines.timeloop_settings import timeloop_settings
from harness.errors import Unsupported
from harness.spec import load_specification
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints
from harness.spec.energy import ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.settings import read_settings
from harness.spec.loading import load_tree, load_with_source
from harness.spec.mapping import LevelMapping, Loop
from harness.spec.mapping import Mapping as LoopMapping
from harness.spec.settings import SearchSettings
from harness.spec.specification import Specification
from harness.spec.templates import list_architectures, load_architecture_template
from harness.spec.yaml_nodes import QuotedStr

MAIN = [t.name for t in list_architectures() if t.variant_of is None]
MACROS = ["colonnade", "isaac", "jia"]
LAYERS = {"matmul": ["KTQ"], "norm": ["softmax"], "conv": ["resnetL5", "-c"]}
PARAMETERS = [
    ["KTQ", "-a", "gemmini", "--arch-param", "dataflow=OS", "--arch-param", "pe_rows=32"],
    ["KTQ", "-a", "gemmini", "--arch-param", "voltage=0.7", "--arch-param", "mac_multiplier=legacy_adder"],
    ["KTQ", "-a", "pim_analog", "--arch-param", "dataflow=IS", "--arch-param", "pim_accounting=legacy"],
    ["softmax", "-a", "pim_analog", "--arch-param", "use_IMC_as_buffer=true"],
    ["KTQ", "-a", "pim_analog", "--arch-param", "cell_type=SRAM", "--arch-param", "adc_model=survey"],
    ["FF1", "-a", "first_matmul", "--arch-param", "reg_enabled=false"],
    ["KQV", "-a", "os_array", "-m", "gpt2-small", "--arch-param", "pe_cols=4"],
    ["--gemm", "197,64,131", "-a", "tpu"],
]
FUSED = [
    ["KTQ+softmax", "Accumulator", "-a", "gemmini"],
    ["KTQ+softmax", "Accumulator", "-a", "gemmini", "-nef", "-pwim"],
    ["Out+layernorm", "DRAM", "-a", "gemmini", "-lf"],
    ["KTQ+softmax", "shared_glb", "-a", "eyeriss"],
    ["Out+layernorm", "shared_glb", "-a", "pim_analog", "-pwim"],
]

# What both front ends declare (timeloopfe and pytimeloop.timeloopfe, v4/*.py); other keys are errors there.
ACCEPTED: dict[str, set[str]] = {
    "top": {
        "architecture", "components", "constraints", "mapping", "mapper", "problem", "sparse_optimizations",
        "variables", "mapspace", "globals", "ERT", "ART",
    },
    "architecture": {"version", "nodes"},
    "Hierarchical": {"nodes"},
    "Parallel": {"nodes"},
    "Pipelined": {"nodes"},
    "Container": {"name", "attributes", "spatial", "constraints", "sparse_optimizations", "networks"},
    "Component": {
        "name", "attributes", "spatial", "constraints", "sparse_optimizations", "class", "subclass",
        "required_actions", "area_scale", "energy_scale", "enabled",
    },
    "spatial of a node": {"meshX", "meshY"},
    "constraints": {"spatial", "temporal", "dataspace", "max_overbooked_proportion"},
    "spatial": {
        "factors", "permutation", "default_max_factor", "default_min_factor", "remainders", "no_reuse",
        "no_link_transfer", "split", "type", "target",
    },
    "temporal": {
        "factors", "permutation", "default_max_factor", "default_min_factor", "remainders", "no_reuse",
        "rmw_first_update", "type", "target",
    },
    "dataspace": {"keep", "bypass", "no_coalesce", "type", "target"},
    "problem": {"version", "instance", "shape"},
    "shape": {"name", "dimensions", "data_spaces", "coefficients"},
    "data space": {"name", "projection", "read_write"},
    "mapper": {
        "version", "algorithm", "optimization_metrics", "num_threads", "timeout", "victory_condition",
        "sync_interval", "search_size", "max_permutations_per_if_visit", "penalize_consecutive_bypass_fails",
        "max_temporal_loops_in_a_mapping", "filter_revisits", "diagnostics", "live_status",
    },
    "algorithm": {"random", "exhaustive", "linear_pruned", "hybrid", "random_pruned"},
    "mapspace": {"version", "template"},
    "components": {"version", "classes"},
    "tables": {"version", "tables"},
    "ERT": {"name", "actions"},
    "action": {"name", "arguments", "energy"},
    "ART": {"name", "area"},
}  # fmt: skip
# A front end gives it name and class itself, and takes a second one for a mistake.
ACCEPTED["Nothing"] = ACCEPTED["Component"] - {"name", "class", "subclass"}

NAMED_NOTHING = "nothing"
STORAGE = ("storage", "SRAM", "DRAM", "regfile", "smartbuffer")
KINDS = (*STORAGE, "mac", "compute", "XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast", "nothing")
"""Words of which the class of a component has to have one."""


def jobs_of(arguments: Sequence[str]) -> list[Job]:
    return [planned.job for planned in plan(parse_arguments(arguments)).jobs]


def job_of(arguments: Sequence[str]) -> Job:
    (job,) = jobs_of(arguments)
    return job


def written(files: Mapping[str, str], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(folder.glob("*.yaml"))


def read_back(job: Job, folder: Path) -> Specification:
    return load_specification(written(v4_files(job), folder))


def attributes_of(architecture: Architecture) -> list[dict[str, Any]]:
    parts = (*architecture.storage, architecture.arithmetic, *architecture.networks, *architecture.others)
    return [dict(part.attributes) for part in parts]


def comparable(constraints: Constraints) -> Any:
    """Without places; the order of factors says nothing."""

    def block(given: BlockConstraint | None) -> BlockConstraint | None:
        if given is None:
            return None
        factors = sorted((replace(f, location=None) for f in given.factors), key=str)
        return replace(given, location=None, factors=tuple(factors))

    levels = [
        replace(level, temporal=block(level.temporal), spatial=block(level.spatial))
        for level in constraints.levels
    ]
    return constraints.min_parallelism, levels


def assert_same(job: Job, again: Specification) -> None:
    before = job.specification
    assert replace(again.architecture, ert=None, art=None) == replace(before.architecture, ert=None, art=None)
    assert attributes_of(again.architecture) == attributes_of(before.architecture)
    assert again.problem == before.problem
    assert again.mapping == before.mapping
    if before.mapping is None:
        assert comparable(again.constraints) == comparable(before.constraints)
    assert again.compound_components == before.compound_components


@pytest.mark.parametrize("name", [*MAIN, *MACROS])
def test_every_architecture_and_operator_reads_back_the_same(name: str, tmp_path: Path) -> None:
    for operator in load_architecture_template(name).all_operators:
        job = job_of([*LAYERS[operator], "-a", name])
        assert_same(job, read_back(job, tmp_path / operator))


@pytest.mark.parametrize("arguments", PARAMETERS, ids=lambda a: "_".join(w for w in a if w[0] != "-"))
def test_parameters_away_from_their_defaults_are_in_the_files(arguments: list[str], tmp_path: Path) -> None:
    job = job_of(arguments)
    assert_same(job, read_back(job, tmp_path))


@pytest.mark.parametrize("arguments", FUSED, ids="_".join)
def test_both_sides_of_a_fused_pair_have_their_constraints(arguments: list[str], tmp_path: Path) -> None:
    for job in jobs_of(arguments):
        assert_same(job, read_back(job, tmp_path / job.layer))


def test_fusing_shows_in_the_nodes(tmp_path: Path) -> None:
    producer, consumer = jobs_of(FUSED[0])
    alone = dram_of(job_of(["KTQ"]), tmp_path / "alone")["constraints"]
    assert alone["dataspace"] == {"keep": ["Weights", "Inputs", "Outputs"]}
    matmul = dram_of(producer, tmp_path / "producer")["constraints"]
    assert matmul["dataspace"] == {"keep": ["Weights", "Inputs"], "bypass": ["Outputs"]}
    assert {"D=1", "E=1"} <= set(matmul["temporal"]["factors"])
    norm = dram_of(consumer, tmp_path / "consumer")["constraints"]
    assert "Inputs" in norm["dataspace"]["bypass"]


def dram_of(job: Job, folder: Path) -> Any:
    tree = load_tree(written(v4_files(job), folder))
    return next(n for n in nodes_of(tree["architecture"]["nodes"]) if n.get("name") == "DRAM")


def test_energies_and_areas_are_those_of_the_run(tmp_path: Path) -> None:
    job = job_of(["KTQ", "-a", "pim_analog", "--mapper", "quick", "--threads", "1"])
    result = embedded.run(job)
    assert result.evaluation is not None
    again = read_back(job, tmp_path)
    assert again.architecture.ert == result.evaluation.architecture.ert
    assert again.architecture.art == result.evaluation.architecture.art


@pytest.mark.parametrize("name", ["eyeriss", "gemmini", "pim_analog"])
def test_a_mapping_is_exported_and_has_the_same_figures(name: str, tmp_path: Path) -> None:
    job = job_of([*SMALL, "-a", name])
    found = embedded.run(job)
    assert found.evaluation is not None
    mapped = replace(job, specification=replace(job.specification, mapping=found.evaluation.mapping))
    files = v4_files(mapped)
    assert "mapping.yaml" in files
    assert "mapper.yaml" not in files, "nothing is searched"
    assert "factors" not in files["architecture.yaml"], "a front end would take it for the mapping"
    again, source = load_with_source(written(files, tmp_path))
    assert_same(mapped, again)
    result = embedded.run(replace(job, specification=again, source=source))
    assert (result.cycles, result.energy_pj, result.levels) == (found.cycles, found.energy_pj, found.levels)


# ---- plain, and in the front ends' words


@pytest.mark.parametrize("name", [*MAIN, *MACROS])
def test_nodes_are_as_the_front_ends_demand_them(name: str, tmp_path: Path) -> None:
    """What both were seen to refuse: names given twice, components that are no known kind, sizes left out."""
    for operator in load_architecture_template(name).all_operators:
        job = job_of([*LAYERS[operator], "-a", name])
        tree = load_tree(written(v4_files(job), tmp_path / operator))
        nodes = list(nodes_of(tree["architecture"]["nodes"]))
        leaves = [node for node in nodes if "nodes" not in node]
        names = [node.get("name", NAMED_NOTHING) for node in leaves]
        assert len(set(names)) == len(names), names
        for node in leaves:
            assert set(node) <= ACCEPTED[node.tag], node
            assert ("name" in node) is (node.tag != "Nothing"), node
            assert any(word in node.get("class", "") for word in KINDS) is (node.tag == "Component"), node
            assert all(type(size) is int and size > 0 for size in node.get("spatial", {}).values()), node
            if any(word in node.get("class", "") for word in STORAGE):
                assert node["attributes"].keys() >= {"width", "depth", "datawidth"}, node


@pytest.mark.parametrize("arguments", [["KTQ", "-a", name] for name in MAIN], ids=lambda a: a[-1])
def test_only_keys_that_the_front_ends_accept(arguments: list[str], tmp_path: Path) -> None:
    tree = load_tree(written(v4_files(job_of(arguments)), tmp_path))
    assert set(tree) <= ACCEPTED["top"]
    for section in ("architecture", "problem", "mapper", "mapspace", "components"):
        assert set(tree.get(section, {})) <= ACCEPTED[section], section
    assert tree["mapper"]["algorithm"] in ACCEPTED["algorithm"]
    assert set(tree["problem"]["shape"]) <= ACCEPTED["shape"]
    for space in tree["problem"]["shape"]["data_spaces"]:
        assert set(space) <= ACCEPTED["data space"]
    for node in nodes_of(tree["architecture"]["nodes"]):
        assert set(node) <= ACCEPTED[node.tag], node
        assert set(node.get("spatial", {})) <= ACCEPTED["spatial of a node"]
        assert set(node.get("constraints", {})) <= ACCEPTED["constraints"]
        for kind, constraint in node.get("constraints", {}).items():
            assert set(constraint) <= ACCEPTED[kind]
    for name, entry in (("ERT", "ERT"), ("ART", "ART")):
        assert set(tree[name]) <= ACCEPTED["tables"]
        assert all(set(table) == ACCEPTED[entry] for table in tree[name]["tables"])
    for table in tree["ERT"]["tables"]:
        assert all(set(action) == ACCEPTED["action"] for action in table["actions"])


def nodes_of(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        yield node
        yield from nodes_of(node.get("nodes", []))


@pytest.mark.parametrize("arguments", [["KTQ", "-a", name] for name in MAIN], ids=lambda a: a[-1])
def test_nothing_is_left_to_evaluate(arguments: list[str], tmp_path: Path) -> None:
    files = v4_files(job_of(arguments))
    for text in files.values():
        assert not any(mark in text for mark in ("{{", "{%", "!include", "<<"))
    tree = load_tree(written(files, tmp_path))
    evaluated = [
        tree["variables"],
        *(n.get("attributes", {}) for n in nodes_of(tree["architecture"]["nodes"])),
    ]
    for mapping in evaluated:
        texts = [value for value in mapping.values() if isinstance(value, str)]
        assert all(isinstance(value, QuotedStr) for value in texts), texts
    assert all(type(size) is int for size in tree["problem"]["instance"].values())


def test_every_storage_states_width_and_depth(tmp_path: Path) -> None:
    """Today's front end demands both, of a DRAM without size too; an empty text is nothing to all readers."""
    dram = dram_of(job_of(["KTQ"]), tmp_path)
    assert dram["attributes"]["depth"] == ""
    assert dram["attributes"]["width"] > 0


# ---- the mapper section


def test_own_algorithms_and_keys_become_timeloops() -> None:
    own = SearchSettings("optimal", timeout=0, seed=3, time_limit=20.0, victory_condition=7)
    section = timeloop_settings(own)
    assert (section["algorithm"], section["victory_condition"]) == ("hybrid", 7)
    assert section["timeout"] == 2**31 - 1, "there, 0 would end at the first invalid mapping"
    assert {"version", *section} == ACCEPTED["mapper"]


@pytest.mark.parametrize("algorithm", sorted(ACCEPTED["algorithm"]))
def test_timeloops_algorithms_stay(algorithm: str) -> None:
    assert timeloop_settings(SearchSettings(algorithm))["algorithm"] == algorithm


@pytest.mark.parametrize("limits", [{"max_cycles": 5}, {"max_energy_pj": 5.0}])
def test_limits_that_timeloop_lacks_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match=next(iter(limits))):
        timeloop_settings(SearchSettings(**limits))


# ---- specifications of the user's

ARCHITECTURE = """\
variables:
  SIDE: 4
  twice: >-
    lambda x: x * 2
  width_of_row: twice(SIDE * 8)
  technology: "45nm"
architecture:
  nodes:
  - !Container
    name: system
    attributes: {technology: technology, global_cycle_seconds: 1e-9}
  - !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8}}
  - !Component {name: spare, class: SRAM, enabled: false, attributes: {width: 8, depth: 8, datawidth: 8}}
  - !Component
    name: Buffer
    class: SRAM
    attributes: {width: width_of_row, datawidth: 8, entries: 16 * 1024, depth: entries * 8 // width}
    constraints:
      dataspace: {bypass_only: [Weights]}
      temporal: {factors: [K=1], permutation: [N, M]}
  - !Container
    name: PE
    spatial: {meshX: SIDE, meshY: SIDE * 2}
    constraints:
      spatial: {maximize_dims: [[M]], factors: [N<=2], no_link_transfer: ["*"]}
  - !Parallel
    nodes:
    - !Component
      name: Register
      class: storage
      subclass: regfile
      energy_scale: 2
      attributes: {depth: 4, width: 8, datawidth: 8}
      constraints: {dataspace: {keep: [Weights]}}
    - !Nothing {constraints: {dataspace: {keep: [Inputs, Outputs]}}}
  - !Component {name: MAC, class: intmac, attributes: {width: 8}}
"""
PROBLEM = """\
problem:
  shape:
    name: product
    dimensions: [M, N, K]
    data_spaces:
    - {name: Weights, projection: [[[M]], [[K]]]}
    - {name: Inputs, projection: [[[K]], [[N]]]}
    - {name: Outputs, projection: [[[M]], [[N]]], read_write: true}
  instance: {M: SIDE * 16, N: 8, K: {{ depth }}}
"""
APART = "constraints:\n  targets:\n  - {target: DRAM, type: temporal, permutation: [K, N, M]}\n"
MAPPER = "mapper: {algorithm: random_pruned, timeout: 77, optimization_metric: [delay]}\n"


@pytest.fixture
def own_files(tmp_path: Path) -> list[str]:
    folder = tmp_path / "own"
    folder.mkdir()
    texts = {"a.yaml": ARCHITECTURE, "p.yaml.jinja": PROBLEM, "c.yaml": APART, "m.yaml": MAPPER}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return ["--spec", *(str(folder / name) for name in texts), "--jinja", "depth=16"]


def test_files_of_the_users_become_plain(own_files: list[str], tmp_path: Path) -> None:
    job = job_of(own_files)
    files = v4_files(job)
    assert_same(job, load_specification(written(files, tmp_path / "out")))
    tree = load_tree(written(files, tmp_path / "out"))
    names = [node.get("name") for node in nodes_of(tree["architecture"]["nodes"])]
    assert names == ["system", "DRAM", "Buffer", "PE", None, "Register", None, "MAC"]
    assert tree["variables"] == {
        "version": 0.4, "SIDE": 4, "width_of_row": 64, "technology": "45nm"
    }, "a function is of no use to anyone now"  # fmt: skip
    assert tree["problem"]["instance"] == {"M": 64, "N": 8, "K": 16}
    assert tree["mapper"]["algorithm"] == "random_pruned"
    assert (tree["mapper"]["timeout"], tree["mapper"]["optimization_metrics"]) == (77, ["delay"])
    register = next(n for n in nodes_of(tree["architecture"]["nodes"]) if n.get("name") == "Register")
    assert (register["subclass"], register["energy_scale"]) == ("regfile", 2)


def test_an_export_of_an_export_is_the_same_text(own_files: list[str], tmp_path: Path) -> None:
    first = v4_files(job_of(own_files))
    paths = written(first, tmp_path / "out")
    again = v4_files(job_of(["--spec", *map(str, paths)]))
    assert again == first


def test_defaults_of_storage_are_no_defaults_of_others(own_files: list[str], tmp_path: Path) -> None:
    """A null hides what a container further out says, and an attribute of a MAC is one whatever its value."""
    more = tmp_path / "more.yaml"
    more.write_text(
        ARCHITECTURE.replace(
            "attributes: {width: 8}}", "attributes: {width: 8, n_banks: 2, cluster_size: 1}}"
        ).replace("spatial: {meshX: SIDE", "attributes: {technology: null}\n    spatial: {meshX: SIDE")
    )
    own_files[1] = str(more)
    job = job_of(own_files)
    mac = job.specification.architecture.arithmetic.attributes
    assert (mac["n_banks"], mac["cluster_size"], mac["technology"]) == (2, 1, None)
    assert_same(job, load_specification(written(_without_energy(job), tmp_path / "out")))


def _without_energy(job: Job) -> dict[str, str]:
    """The files of a job whose technology nobody knows, with an ERT of its own."""
    table = EnergyReferenceTable((ComponentEnergy("system_top_level.DRAM[1..1]", ()),))
    architecture = job.specification.architecture.with_energy(table, None)
    return v4_files(replace(job, specification=replace(job.specification, architecture=architecture)))


def test_an_ert_without_an_art_is_told(own_files: list[str], tmp_path: Path, capsys: Any) -> None:
    table = tmp_path / "ert.yaml"
    table.write_text(
        "ERT: {tables: [{name: 'system_top_level.DRAM[1..1]', actions: [{name: read, energy: 1}]}]}\n"
    )
    folder = tmp_path / "out"
    assert main([own_files[0], str(table), *own_files[1:], "--export-timeloop", str(folder)]) == 0
    assert (folder / "ERT.yaml").is_file()
    assert not (folder / "ART.yaml").exists()
    assert "drop an ERT without an ART" in capsys.readouterr().err


def test_sparse_optimisations_and_densities_stay(own_files: list[str], tmp_path: Path) -> None:
    sparse = tmp_path / "sparse.yaml"
    sparse.write_text(
        "sparse_optimizations:\n  targets:\n  - target: Buffer\n    action_optimization:\n"
        "    - {type: skipping, options: [{target: Inputs, condition_on: [Weights]}]}\n"
        "problem: {instance: {densities: {Weights: {distribution: hypergeometric, density: 0.5}}}}\n"
    )
    job = job_of([own_files[0], str(sparse), *own_files[1:]])
    assert job.specification.architecture.sparse is not None
    again = read_back(job, tmp_path / "out")
    assert again.architecture.sparse == job.specification.architecture.sparse
    assert again.problem.densities == job.specification.problem.densities != ()


def test_a_parallel_that_no_longer_shares_out_the_tensors_becomes_a_sequence(
    own_files: list[str], tmp_path: Path
) -> None:
    """The mapping has the weights pass by the only branch that could keep them."""
    job = job_of(own_files)
    everything = frozenset({"Weights", "Inputs", "Outputs"})
    loops = tuple(Loop(d, n, n) for d, n in (("M", 64), ("N", 8), ("K", 16)))
    levels = (
        LevelMapping("Register"),
        LevelMapping("inter_PE_spatial"),
        LevelMapping("Buffer", keep=frozenset({"Inputs"})),
        LevelMapping("DRAM", temporal=loops, keep=everything),
    )
    mapped = replace(job, specification=replace(job.specification, mapping=LoopMapping(levels)))
    files = v4_files(mapped)
    assert "!Parallel" in v4_files(job)["architecture.yaml"]
    assert "!Parallel" not in files["architecture.yaml"]
    assert load_specification(written(files, tmp_path / "out")).mapping == LoopMapping(levels)


# ---- what has no v4 form


def _mapped(job: Job, **changes: LevelMapping) -> Job:
    everything = frozenset({"Weights", "Inputs", "Outputs"})
    levels = {name: LevelMapping(name) for name in job.specification.architecture.level_names}
    levels["DRAM"] = LevelMapping("DRAM", keep=everything)
    mapping = LoopMapping(tuple({**levels, **changes}.values()))
    return replace(job, specification=replace(job.specification, mapping=mapping))


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (LevelMapping("Buffer", temporal=(Loop("M", 5, 3),)), "imperfect factor at Buffer"),
        (LevelMapping("inter_PE_spatial", keep=frozenset({"Inputs"})), "keeps data at inter_PE_spatial"),
        (LevelMapping("inter_PE_spatial", temporal=(Loop("M", 2, 2),)), "has temporal loops at inter_PE"),
    ],
)
def test_mappings_without_a_v4_form_are_refused(
    level: LevelMapping, message: str, own_files: list[str]
) -> None:
    with pytest.raises(Unsupported, match=message):
        v4_files(_mapped(job_of(own_files), **{level.level: level}))


def test_a_least_utilization_is_refused(own_files: list[str], tmp_path: Path) -> None:
    more = tmp_path / "u.yaml"
    more.write_text("constraints: {targets: [{target: Register, type: utilization, min: 0.5}]}\n")
    with pytest.raises(Unsupported, match="least utilization"):
        v4_files(job_of([own_files[0], str(more), *own_files[1:]]))


def test_flattened_input_is_refused(own_files: list[str], tmp_path: Path) -> None:
    job = job_of(own_files)
    with pytest.raises(Unsupported, match="flattened form already") as refused:
        v4_files(replace(job, source=None))
    assert refused.value.hint is not None
    assert "take it as it is" in refused.value.hint


# ---- the command


def test_the_command_writes_and_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "run", None)
    folder = tmp_path / "out"
    assert main(["KTQ", "--export-timeloop", str(folder)]) == 0
    printed = capsys.readouterr()
    names = ["architecture.yaml", "components.yaml", "problem.yaml", "mapper.yaml", "variables.yaml"]
    names += ["ERT.yaml", "ART.yaml"]
    assert printed.out.splitlines() == [str(folder / name) for name in names]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    assert "no algorithm 'optimal', its hybrid search runs instead" in printed.err
    assert "no time limit, 20 s is left out" in printed.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_a_pair_has_a_folder_for_each_side(tmp_path: Path) -> None:
    assert main(["KTQ+softmax", "Accumulator", "--export-timeloop", str(tmp_path / "out")]) == 0
    sides = {p.name: {f.name for f in p.iterdir()} for p in (tmp_path / "out").iterdir()}
    assert set(sides) == {"KTQ", "softmax"}
    assert all(names <= set(ALL_NAMES) for names in sides.values())


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path: Path, own_files: list[str]) -> None:
    """A mapping.yaml that stayed would turn the next export into an evaluation."""
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "mapping:\n- {target: DRAM, type: temporal, factors: M=64 N=8 K=16}\n"
        "- {target: inter_PE_spatial, type: bypass, bypass: [Weights, Inputs, Outputs]}\n"
    )
    folder = tmp_path / "out"
    command = [*own_files, "--export-timeloop", str(folder)]
    assert main([*command, "--mapping", str(mapping)]) == 0
    assert (folder / "mapping.yaml").is_file()
    assert main(command) == 0
    assert not (folder / "mapping.yaml").exists()


@pytest.mark.parametrize("name", ["problem.yaml", "mapping.yaml"])
def test_files_of_others_are_never_replaced(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("mine: true\n")
    assert main(["KTQ", "--export-timeloop", str(tmp_path)]) == 2
    assert f"{name}' was not written by an export" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine: true\n"


@pytest.mark.parametrize(
    "change", [("depth: 32768", "depth: 32769"), ("\nversion", "\n# mine\nversion"), ("", "\n")]
)
def test_an_export_that_was_edited_is_never_replaced(
    change: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["KTQ", "--export-timeloop", str(tmp_path)]
    assert main(command) == 0
    edited = tmp_path / "architecture.yaml"
    text = edited.read_text()
    old, new = change
    text = text.replace(old, new, 1) if old in text and old else text + new
    edited.write_text(text)
    capsys.readouterr()
    before = {place.name: place.read_text() for place in tmp_path.iterdir()}
    assert main(command) == 2
    assert "architecture.yaml' was not written by an export, or was changed since" in capsys.readouterr().err
    assert {place.name: place.read_text() for place in tmp_path.iterdir()} == before


def test_an_export_does_not_replace_its_own_inputs(
    tmp_path: Path, own_files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert main([*own_files, "--export-timeloop", str(folder)]) == 0
    given = ["--spec", *(str(place) for place in sorted(folder.iterdir()))]
    assert main([*given, "--export-timeloop", str(folder)]) == 2
    assert "is in the output folder and would be replaced" in capsys.readouterr().err
    assert main([*given, "--export-timeloop", str(tmp_path / "other")]) == 0


@pytest.mark.parametrize("name", ["problem.yaml", "mapping.yaml"])
@pytest.mark.parametrize("target", ["nothing there", "an export"])
def test_links_are_never_replaced(
    name: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["KTQ", "--export-timeloop", str(tmp_path / "first")]) == 0
    folder = tmp_path / "out"
    folder.mkdir()
    leads_to = tmp_path / "first" / "problem.yaml" if target == "an export" else tmp_path / "nothing"
    (folder / name).symlink_to(leads_to)
    assert main(["KTQ", "--export-timeloop", str(folder)]) == 2
    assert f"{name}' was not written by an export" in capsys.readouterr().err
    assert [place.name for place in folder.iterdir()] == [name]
    assert (folder / name).is_symlink()


def test_fusing_that_leaves_no_mapping_is_not_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["KTQ+softmax", "Scratchpad", "-a", "aimc", "-lf", "--export-timeloop", str(tmp_path / "out")]
    assert main(command) == 3
    assert "has no mapping" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "more",
    [
        ["--json"],
        ["-o", "x"],
        ["--live"],
        ["--certify"],
        ["--pareto"],
        ["--engine", "timeloop"],
        ["--compat", "none"],
    ],
    ids=" ".join,
)
def test_options_without_effect_are_refused(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["KTQ", "--export-timeloop", "x", *more]) == 2
    assert "does not go with --export-timeloop" in capsys.readouterr().err
    assert not Path("x").exists()


def test_what_has_no_form_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["KTQ", "--max-cycles", "100000000", "--export-timeloop", str(tmp_path / "out")]
    assert main(command) == 2
    printed = capsys.readouterr()
    assert "run.py: error: the real Timeloop has no max_cycles" in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_in_the_way_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "problem.yaml").mkdir()
    assert main(["KTQ", "--export-timeloop", str(tmp_path)]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_the_page_shows_what_the_command_prints(tmp_path: Path) -> None:
    shown = commands_in((ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    (block,) = (entry for entry in shown if "--export-timeloop" in entry[0])
    command, expected = block
    check(command.replace("run.py", str(ROOT / "run.py")), expected, tmp_path)


def test_what_todays_front_end_adds_to_the_mapper_is_read() -> None:
    """pytimeloop writes all keys that it knows, two of them under names of its own."""
    section = {**timeloop_settings(SearchSettings("hybrid", timeout=9)), "out_prefix": "timeloop-mapper"}
    section |= {"optimization_metric": [], "log_oaves": False, "log_oaves_mappings": False}
    read = read_settings({"mapper": section})
    assert (read.algorithm, read.timeout) == ("hybrid", 9)
