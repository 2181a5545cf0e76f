"""What published specifications use: small files of our own with the same features.

The published ones themselves are tried by ``python -m benchmarks compatibility`` (docs/compatibility.md).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.compatibility.collections import find_trials
from benchmarks.compatibility.command import main as compatibility
from benchmarks.compatibility.trial import MAPPED, REFUSED, Options, run_trial
from harness.cli.run import main as run
from harness.errors import EstimationError, HarnessError, SpecError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.component_classes import read_component_classes
from harness.estimation.hwc.models import Question, _action
from harness.spec import load_specification
from harness.spec.jinja_render import render
from harness.spec.loading import load_tree
from harness.spec.passed_over import passed_over

TOP = """\
{{add_to_path(cwd())}}
{% set alternative = cwd() ~ '/' ~ architecture ~ '/problem.yaml' %}
{% if path_exists(alternative) %}
  {% set problem = problem | default(alternative) %}
{% endif %}
{% set problem = problem | default('_include/problem.yaml') %}
problem: {{include(problem, 'problem')}}
{% set mapping = cwd() ~ '/' ~ architecture ~ '/mapping.yaml' %}
{% if path_exists(mapping) %}
extra_mapping_constraints:
  version: 0.4
  targets: {{include(mapping, 'mapping')}}
{% endif %}
architecture: {{include(cwd() ~ '/' ~ architecture ~ '/arch.yaml', 'architecture')}}
variables: {version: 0.4, technology: "45nm", global_cycle_seconds: 1e-9}
components:
  version: 0.4
  classes: {{include_all('_components/*.yaml', 'compound_components.classes')}}
mapper: {{include(cwd() ~ '/_include/mapper.yaml', 'mapper')}}
globals:
  version: 0.4
  environment_variables: {TIMELOOP_HIDE_INCONSEQUENTIAL_STATS: 1}
  expression_custom_functions: []
"""

BASE = """\
problem_base_ignore: &problem_base
  version: 0.4
  instance: {C: 1, M: 1, P: 1, R: 1, Wstride: 1, W: 1}
  shape:
    dimensions: [C, M, R, P]
    coefficients: [{name: Wstride, default: 1}]
    data_spaces:
    - {name: Weights, projection: [[[C]], [[M]], [[R]]]}
    - {name: Inputs, projection: [[[C]], [[R], [P, Wstride]]]}
    - {name: Outputs, projection: [[[M]], [[P]]], read_write: true}
"""


def layer(sizes: str) -> str:
    return (
        f"{{{{include_text('../problem_base.yaml')}}}}\nproblem:\n  <<<: *problem_base\n  instance: {sizes}\n"
    )


ARCH = """\
architecture:
  version: 0.4
  nodes:
  - !Container {name: system}
  - !Component {name: DRAM, class: DRAM, attributes: {type: "LPDDR4", width: 64, datawidth: 8}}
  - !Component
    name: buffer
    class: smartbuffer_SRAM
    attributes: {depth: 1024, width: 64, datawidth: 8}
  - !Container
    name: column
    spatial: {meshX: 4}
    constraints:
      spatial: {factors: [P=1, R=1, C=1]}
      temporal: {factors: [M=1, C<=1], permutation: [M, C]}
  - !Component {name: spad, class: regfile, attributes: {depth: 16, width: 8, datawidth: 8}}
  - !Component {name: mac, class: intmac, attributes: {width: 8}}
"""

BUFFER = """\
compound_components:
  version: 0.4
  classes:
  - name: smartbuffer_SRAM
    attributes: {technology: "must_specify", width: "must_specify", depth: "must_specify"}
    subcomponents:
    - {name: storage, class: SRAM, attributes: {width: width, depth: depth}}
    - {name: "address[0..1]", class: intadder, attributes: {width: ceil(log2(depth))}}
    actions:
    - &write
      name: write
      subcomponents:
      - {name: storage, actions: [{name: write}]}
      - {name: "address[0]", actions: [{name: add}]}
    - {name: read, subcomponents: [{name: storage, actions: [{name: read}]}]}
    - {name: leak, subcomponents: [{name: storage, actions: [{name: leak}]}]}
    - {<<: *write, name: update}
"""

MAPPER = "mapper: {version: 0.4, optimization_metrics: [edp], victory_condition: 20, algorithm: random}\n"

MAPPING = """\
mapping:
- {target: DRAM, type: temporal, factors: C=2, permutation: [C, M, R, P]}
- {target: buffer, type: temporal, factors: P=8 R=3, permutation: [R, P, C, M]}
- {target: column, type: spatial, factors: M=4, permutation: [M, C, R, P]}
- {target: spad, type: temporal, factors: C=1 M=1 R=1 P=1}
"""


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def designs(tmp_path: Path) -> Path:
    """A checkout: designs by one template, and layers beside them."""
    return written(
        tmp_path / "checkout",
        {
            "designs/top.yaml.jinja2": TOP,
            "designs/_components/buffer.yaml": BUFFER,
            "designs/_include/mapper.yaml": MAPPER,
            "designs/_include/problem.yaml": BASE.replace("problem_base_ignore: &problem_base", "problem:"),
            "designs/plain/arch.yaml": ARCH,
            "designs/mapped/arch.yaml": ARCH,
            "designs/mapped/mapping.yaml": MAPPING,
            "designs/mapped/problem.yaml": BASE.replace(
                "problem_base_ignore: &problem_base", "problem:"
            ).replace("C: 1, M: 1, P: 1, R: 1", "C: 2, M: 4, P: 8, R: 3"),
            "layer_shapes/problem_base.yaml": BASE,
            "layer_shapes/net/0.yaml": layer("{C: 4, M: 8, P: 16, R: 3, WStride: 2}"),
            "layer_shapes/net/1.yaml": layer("{C: 4, M: 8}"),
            "layer_shapes/other/0.yaml": "problem: {version: 0.4, instance: {K: 2}, shape: {dimensions: [K], "
            "data_spaces: [{name: Z, projection: [[[K]]], read_write: true}]}}\n",
        },
    )


def load(designs: Path, architecture: str, problem: str | None = None):
    values = {"architecture": architecture}
    if problem is not None:
        values["problem"] = str(designs / "layer_shapes" / problem)
    return load_specification([designs / "designs/top.yaml.jinja2"], values)


def test_a_template_picks_architecture_problem_mapping_and_components(designs):
    plain, mapped = load(designs, "plain"), load(designs, "mapped")
    assert plain.problem.bound == {"C": 1, "M": 1, "R": 1, "P": 1}
    assert mapped.problem.bound == {"C": 2, "M": 4, "R": 3, "P": 8}
    assert plain.architecture.level_names == ("spad", "inter_column_spatial", "buffer", "DRAM")
    assert [c["name"] for c in plain.compound_components] == ["smartbuffer_SRAM"]
    assert plain.settings.algorithm == "random"
    assert plain.mapping is None
    assert mapped.mapping is None, "the targets are constraints, under which the published script searches"
    factors = {t["target"]: t.get("factors") for t in mapped.tree["architecture_constraints"]["targets"]}
    assert factors["buffer"] == "P=8,R=3"


def test_a_layer_beside_the_designs_may_include_what_layers_share(designs):
    assert load(designs, "plain", "net/0.yaml").problem.bound == {"C": 4, "M": 8, "R": 3, "P": 16}
    given = [designs / "layer_shapes/net/1.yaml", designs / "designs/plain/arch.yaml"]
    assert load_specification(given).problem.bound["M"] == 8


def test_beside_the_designs_only_yaml_and_templates_are_read(designs):
    written(designs, {"private.txt": "key: value\n", "elsewhere/x.yaml": "problem: 1\n"})
    (designs / "linked.yaml").symlink_to(designs / "private.txt")
    deep = designs.parent / "far.yaml"
    deep.write_text("problem: 1\n")
    for name in ("../private.txt", "../linked.yaml", "../../far.yaml", str(deep)):
        top = written(
            designs, {"designs/top2.yaml.jinja": f"problem: {{{{include('{name}', 'problem')}}}}\n"}
        )
        with pytest.raises(HarnessError, match="outside the folders of the given files"):
            load_specification([top / "designs/top2.yaml.jinja"])


def test_a_folder_can_be_found(designs):
    text = "variables: {where: \"{{find_path('plain')}}\"}\n{{include_text('plain/arch.yaml')}}\n"
    files = written(designs, {"designs/own.yaml.jinja": text})
    given = [files / "designs/own.yaml.jinja", designs / "layer_shapes/net/0.yaml"]
    assert load_specification(given).architecture.level_names[0] == "spad"


@pytest.mark.parametrize(
    ("call", "lines"), [("indent(2)", "a\n\n  b"), ("indent(2, true, true)", "  a\n  \n  b")]
)
def test_text_below_a_key_is_indented(call, lines):
    assert render("{{ 'a\\n\\nb' | " + call + " }}", "t.jinja", {}, {}, str)[0] == lines


def test_indentation_has_its_measure():
    with pytest.raises(HarnessError, match="a template that loops"):
        render("{{ 'a\\nb' | indent(1000000000) }}", "t.jinja", {}, {}, str)


def test_a_size_in_another_case_has_no_effect_as_in_timeloop_and_is_told(designs):
    specification = load(designs, "plain", "net/0.yaml")
    assert specification.problem.data_spaces[1].ranks[1][1].coefficient == 1
    assert passed_over(specification.tree) == (
        "the problem's size WStride=2 has no effect, as in Timeloop: Wstride stays 1",
    )
    assert passed_over(load(designs, "plain", "net/1.yaml").tree) == ()


def test_the_remark_is_printed(designs, tmp_path, capsys):
    top, problem = designs / "designs/top.yaml.jinja2", designs / "layer_shapes/net/0.yaml"
    given = ["--spec", str(top), "--jinja", "architecture=plain", "--jinja", f"problem={problem}"]
    assert run([*given, "-o", str(tmp_path / "out"), "--json"]) == 0
    printed = capsys.readouterr()
    assert "note: the problem's size WStride=2 has no effect" in printed.err
    assert json.loads(printed.out)["status"] == "ok"


def test_one_iteration_of_a_container_is_true_anyway(designs):
    arch = designs / "designs/plain/arch.yaml"
    arch.write_text(ARCH.replace("factors: [M=1, C<=1]", "factors: [M=2]"))
    with pytest.raises(HarnessError, match="'column' is a container: it has no temporal loops to constrain"):
        load(designs, "plain")
    arch.write_text(ARCH.replace("factors: [M=1, C<=1]", "factors: [M>=2]"))
    with pytest.raises(HarnessError, match="it has no temporal loops"):
        load(designs, "plain")


OLD = """\
architecture:
  version: 0.3
  subtree:
  - name: System
    required_actions: [read]
    local:
    - {name: DRAM, class: DRAM, attributes: {type: LPDDR4, word-bits: 8, block-size: 64}}
    subtree:
    - name: Chip
      attributes: {technology: "45nm"}
      local:
      - name: Buffer
        class: SRAM
        attributes: {entries: ENTRIES, depth: 1024, width: 64, word-bits: 8, block-size: 8}
      subtree:
      - name: PEs[0..7]
        local:
        - {name: Register, class: regfile, attributes: {depth: 8, width: 8, word-bits: 8, meshX: 8}}
        - {name: MAC, class: intmac, attributes: {width: 8, meshX: 8}}
problem:
  version: 0.3
  shape:
    name: product
    dimensions: [L, E, D]
    data_spaces:
    - {name: Weights, projection: [[[D]], [[E]]]}
    - {name: Inputs, projection: [[[E]], [[L]]]}
    - {name: Outputs, projection: [[[D]], [[L]]], read_write: True}
  instance: {L: LENGTH, E: WIDTH, D: WIDTH*3}
mapspace:
  targets:
  - {target: Register, type: bypassing, keep: [Weights], bypass: [Inputs, Outputs]}
  - {target: Buffer, type: spatial, factors: L=1, permutation: D E, split: 1}
"""
OLD_VARIABLES = """\
variables: {version: 0.3, global_cycle_seconds: 1e-9, LENGTH: 16, WIDTH: 8, WIDTH*3: 24, ENTRIES: 8192}
"""


def test_version_03_with_its_variables(tmp_path):
    folder = written(tmp_path, {"old.yaml": OLD, "variables.yaml": OLD_VARIABLES})
    specification = load_specification([folder / "old.yaml", folder / "variables.yaml"])
    assert specification.problem.bound == {"L": 16, "E": 8, "D": 24}, "WIDTH*3 is a name, no product"
    assert specification.architecture.level_names == ("Register", "Buffer", "DRAM")
    register, buffer, _ = specification.architecture.storage
    assert (register.instances, register.mesh_x, buffer.size_words) == (8, 8, 8192)
    assert register.full_name == "System.Chip.PEs[0..7].Register"
    assert buffer.attributes["global_cycle_seconds"] == 1e-9
    assert specification.constraints.of("Register").keep == {"Weights"}


def test_a_variable_that_is_missing_is_told(tmp_path):
    folder = written(tmp_path, {"old.yaml": OLD})
    with pytest.raises(
        HarnessError, match=r"the bound of dimension L must be a whole number .* not 'LENGTH'"
    ):
        load_specification([folder / "old.yaml"])


def test_variables_of_a_file_of_the_front_end_are_its_own_matter(tmp_path):
    text = OLD.replace("architecture:\n", "dumped_by_timeloop_front_end: true\narchitecture:\n", 1)
    folder = written(tmp_path, {"old.yaml": text, "variables.yaml": OLD_VARIABLES})
    with pytest.raises(HarnessError, match="not 'LENGTH'"):
        load_specification([folder / "old.yaml", folder / "variables.yaml"])


TWICE = """\
components:
  version: 0.4
  classes:
  - {name: unit, attributes: {width: 4}}
compound_components:
  version: 0.4
  classes:
  - {name: unit, attributes: {width: 8}}
"""


def test_of_two_classes_in_a_file_the_later_counts_and_it_is_told(designs):
    written(designs, {"twice.yaml": TWICE})
    given = [designs / "designs/plain/arch.yaml", designs / "layer_shapes/net/1.yaml", designs / "twice.yaml"]
    specification = load_specification(given)
    classes = read_component_classes(specification.compound_components)
    assert dict(classes["unit"].attributes) == {"width": 8}
    (told,) = passed_over(specification.tree)
    assert told == (f"the component class unit of {given[2]}:4 gives way to that of {given[2]}:8")


def test_in_two_files_they_must_be_equal(designs):
    one, other = TWICE.split("compound_components:\n")
    written(designs, {"one.yaml": one, "other.yaml": "compound_components:\n" + other})
    given = [designs / "designs/plain/arch.yaml", designs / "layer_shapes/net/1.yaml"]
    specification = load_specification([*given, designs / "one.yaml", designs / "other.yaml"])
    with pytest.raises(EstimationError, match="'unit' is defined twice, differently"):
        read_component_classes(specification.compound_components)


def test_area_share_is_the_older_name_of_area_scale():
    for name in ("area_share", "area_scale"):
        unit = {"name": "unit", "subcomponents": [{"name": "a", "class": "c", name: 0.5}]}
        assert read_component_classes([unit])["unit"].parts[0].area_scale == 0.5


def energies(designs: Path, text: str, estimator: str = "tables") -> dict[str, float]:
    (designs / "designs/plain/arch.yaml").write_text(text)
    specification = load(designs, "plain", "net/1.yaml")
    options = EstimationOptions(estimator=estimator, use_hwcomponents=False)
    found = estimate(specification.architecture, specification.compound_components, options)
    return {
        name.split("[")[0].split(".")[-1]: of.energy_pj("read") or 0 for name, of in found.ert.by_name.items()
    }


def test_technology_minus_one_asks_for_placeholders(designs):
    text = ARCH.replace("attributes: {depth: 1024,", "attributes: {technology: -1, depth: 1024,")
    of_files = energies(designs, text)
    assert of_files["buffer"] == 1, "storage costs 1, the addresses are no part of reading"
    assert of_files["DRAM"] == 512


def test_the_estimator_of_placeholders_answers_for_all(designs):
    text = ARCH.replace("class: regfile", "class: some_storage_of_ours")
    assert energies(designs, text, "placeholder")["spad"] == 1
    with pytest.raises(EstimationError, match="class 'some_storage_of_ours'"):
        energies(designs, text)


def test_a_model_that_computes_is_asked_to_add():
    asked = []

    def ask(component, attributes, action, arguments):
        asked.append(action)
        if action == "add":
            raise ValueError("no action with name add")
        return action

    assert _action(ask, Question("intadder", "add", {}, {}), {}) == "compute"
    assert asked == ["add", "compute"]
    with pytest.raises(ValueError, match="no action"):
        _action(lambda *_: (_ for _ in ()).throw(ValueError("no action")), Question("x", "go", {}, {}), {})


def test_the_benchmark_finds_the_specifications_of_a_checkout(designs):
    trials = find_trials(designs, every_layer=False)
    assert [(t.design, t.case) for t in trials] == [
        ("designs/mapped", "default problem"),
        ("designs/plain", "default problem"),
        ("designs/plain", "net/0.yaml"),
        ("designs/plain", "other/0.yaml"),
    ]
    assert len(find_trials(designs, every_layer=True)) == 5


def test_other_layouts_are_found_too(tmp_path):
    names = {
        "exercise/arch/a.yaml": "", "exercise/prob/p.yaml": "", "exercise/map/m.yaml": "",
        "arch_spec_examples/one/arch.yaml": "", "arch_spec_examples/problem.yaml": "",
        "arch_spec_examples/sparseloop/x/arch.yaml": "", "arch_spec_examples/sparseloop/x/mapping.yaml": "",
        "harness/arch/system_a.yaml": "", "harness/arch/system_gemmini.yaml": "",
        "harness/layers/FF1_layer.yaml": "", "harness/layers/softmax_layer.yaml": "",
        "harness/constraints/constraints.yaml": "", "harness/mapper/mapper.yaml": "",
        "flat/arch.yaml": "", "flat/problems/l.yaml": "", "flat/mapper.yaml": "",
        "tutorial/top.yaml.jinja": "", "tutorial/inputs/arch.yaml": "", "tutorial/inputs/problem.yaml": "",
        "exercise/ref-output/arch/no.yaml": "",
    }  # fmt: skip
    trials = find_trials(written(tmp_path, names), every_layer=False)
    found = {(t.design, t.case): [f.name for f in t.files] for t in trials}
    assert found == {
        ("exercise", "a, m"): ["a.yaml", "p.yaml", "m.yaml"],
        ("arch_spec_examples/one", "arch"): ["arch.yaml", "problem.yaml", "mapper.yaml", "variables.yaml"],
        ("arch_spec_examples/sparseloop/x", "arch"): ["arch.yaml", "mapping.yaml"],
        ("harness/arch/system_a.yaml", "FF1_layer.yaml"): ["system_a.yaml", "FF1_layer.yaml", "mapper.yaml"],
        ("harness/arch/system_gemmini.yaml", "FF1_layer.yaml"): [
            "system_gemmini.yaml", "FF1_layer.yaml", "constraints.yaml", "mapper.yaml",
        ],
        ("flat/arch.yaml", "l"): ["arch.yaml", "l.yaml", "mapper.yaml"],
        ("tutorial", "top.yaml.jinja"): ["top.yaml.jinja"],
        ("tutorial", "arch, problem"): [
            "arch.yaml", "problem.yaml", "components.yaml", "mapper.yaml", "variables.yaml",
        ],
    }  # fmt: skip


def test_a_trial_maps(designs):
    trials = {(t.design, t.case): t for t in find_trials(designs, every_layer=False)}
    mapped = run_trial(trials["designs/plain", "net/0.yaml"], Options(profile="quick", search_seconds=2))
    assert (mapped.status, mapped.passed, mapped.message) == (MAPPED, True, "")
    assert mapped.edp is not None


def test_the_table_has_a_row_for_each_design(designs, tmp_path, capsys):
    written(designs, {"designs/plain/arch.yaml": ARCH.replace("M=1, C<=1", "M=2")})
    given = [str(designs), "--only", "plain", "--json", str(tmp_path / "runs.json"), "--jobs", "2"]
    assert compatibility(given) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == "checkout: 3 specifications"
    assert printed[5].startswith("| designs/plain | 3 | 0 | ")
    assert "refused (other/0.yaml): designs/top.yaml.jinja2:14: unknown dimension" in printed[5]
    assert "it has no temporal loops to constrain" in printed[5]
    records = json.loads((tmp_path / "runs.json").read_text())
    assert [(r["case"], r["status"]) for r in records] == [
        ("default problem", REFUSED),
        ("net/0.yaml", REFUSED),
        ("other/0.yaml", REFUSED),
    ]


def shares(folder: Path, beside: Path) -> Path:
    """A specification in ``folder`` that includes a file in ``beside``."""
    for place in (folder, beside):
        place.mkdir(parents=True, exist_ok=True)
    (beside / "s.yaml").write_text("secret: 1\n")
    file = folder / "a.yaml"
    file.write_text(f"architecture: {{{{include('{beside / 's.yaml'}')}}}}\n")
    return file


def test_what_lies_beside_a_folder_is_read_but_not_where_the_folder_above_holds_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home" / "user"
    monkeypatch.setenv("HOME", str(home))
    designs = shares(home / "designs" / "one", home / "designs" / "two")
    assert load_tree([designs])["architecture"] == {"secret": 1}
    for folder, beside in (
        (home, tmp_path / "home" / "other"),
        (home / "designs", home / ".config"),
        (tmp_path / "home", tmp_path / "elsewhere"),
    ):
        with pytest.raises(SpecError, match="is outside the folders of the given files"):
            load_tree([shares(folder, beside)])
    # /tmp and the like belong to all programs.
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(SpecError, match="is outside the folders of the given files"):
        load_tree([shares(tmp_path / "mine", tmp_path / "theirs")])
