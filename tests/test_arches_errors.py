"""Templates and parameters that cannot be right: each gives one line that says what and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from arches_cases import matmul

from harness.errors import HarnessError
from harness.spec.shipped import shipped_folder
from harness.spec.templates import load_architecture_template

GEMM = matmul(64, 64, 64)


def _message(error: pytest.ExceptionInfo[HarnessError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("architecture", "given", "expected"),
    [
        ("gemmini", {"pe_row": "32"}, "unknown parameter 'pe_row' (did you mean 'pe_rows'?)"),
        ("gemmini", {"pe_rows": "many"}, "pe_rows must be a whole number, not 'many'"),
        ("gemmini", {"pe_rows": "16.5"}, "pe_rows must be a whole number, not '16.5'"),
        ("gemmini", {"pe_rows": True}, "pe_rows must be a whole number, not True"),
        ("gemmini", {"pe_rows": [16]}, "pe_rows must be a whole number, not [16]"),
        ("gemmini", {"pe_rows": "1e400"}, "pe_rows must be a whole number, not '1e400'"),
        ("gemmini", {"pe_rows": 0}, "pe_rows must be 1 to 65536, not 0"),
        ("gemmini", {"pe_cols": "-3"}, "pe_cols must be 1 to 65536, not -3"),
        ("gemmini", {"scratchpad_size": None}, "scratchpad_size must be a whole number, not None"),
        ("gemmini", {"scratchpad_size": 4}, "scratchpad_size must be 16 or more, not 4"),
        (
            "gemmini",
            {"scratchpad_size": 1001},
            "scratchpad_size words of input_bits must fill whole rows of scratchpad_width bits",
        ),
        ("gemmini", {"scratchpad_bandwidth": "fast"}, "must be a finite number, not 'fast'"),
        ("gemmini", {"global_cycle_seconds": "nan"}, "must be a finite number, not 'nan'"),
        ("gemmini", {"global_cycle_seconds": True}, "must be a finite number, not True"),
        ("gemmini", {"min_array_fill": 1.5}, "min_array_fill must be 0 to 1, not 1.5"),
        ("gemmini", {"dataflow": "RS"}, "dataflow must be one of WS, IS, OS, not 'RS'"),
        ("gemmini", {"dataflow": 3}, "dataflow must be WS, IS, OS, not 3"),
        ("gemmini", {"strict_utilization": "maybe"}, "must be true or false, not 'maybe'"),
        ("gemmini", {"technology": "32"}, "technology must be text like [0-9]+(\\.[0-9]+)?nm, not '32'"),
        ("gemmini", {"technology": '32nm", x: "'}, "technology must be text like"),
        ("gemmini", {"technology": 32}, "technology must be text like"),
        (
            "pim_analog",
            {"dataflow": "OS"},
            "dataflow=OS is refused: the cells of a crossbar hold an operand and cannot accumulate",
        ),
        ("pim_analog", {"cell_bits": 3}, "word_bits must be a multiple of cell_bits"),
        ("dimc", {"imc_size": 1000}, "imc_size must give every PE of the array a weight"),
        (
            "gemmini",
            {"pe_rows": "x", "pe_colls": 1, "dataflow": "XS"},
            "architecture 'gemmini': 3 mistakes: pe_rows must be a whole number, not 'x'; unknown parameter"
            " 'pe_colls' (did you mean 'pe_cols'?); dataflow must be one of WS, IS, OS, not 'XS'",
        ),
    ],
)
def test_wrong_parameters(architecture: str, given: dict[str, Any], expected: str) -> None:
    with pytest.raises(HarnessError) as error:
        load_architecture_template(architecture).render(given, GEMM, "matmul")
    assert expected in _message(error)
    assert f"architecture '{architecture}'" in str(error.value)


@pytest.mark.parametrize(
    ("given", "value"),
    [("32", 32), (" 1_024 ", 1024), ("1e3", 1000), (16.0, 16), (8, 8), ("+4", 4)],
)
def test_whole_numbers_come_in_several_spellings(given: Any, value: int) -> None:
    resolved = load_architecture_template("gemmini").resolve({"pe_rows": given})
    assert resolved["pe_rows"] == value
    assert isinstance(resolved["pe_rows"], int)


def test_whole_bandwidths_stay_whole() -> None:
    resolved = load_architecture_template("gemmini").resolve({"scratchpad_bandwidth": "32.0"})
    assert repr(resolved["scratchpad_bandwidth"]) == "32"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gemini", "unknown architecture 'gemini' (did you mean 'gemmini'?)"),
        ("../gemmini", "../gemmini: no such architecture template"),
        ("nowhere/chip.yaml.jinja", "nowhere/chip.yaml.jinja: no such architecture template"),
        ("", "unknown architecture ''"),
    ],
)
def test_unknown_architectures(name: str, expected: str) -> None:
    with pytest.raises(HarnessError) as error:
        load_architecture_template(name)
    assert expected in _message(error)


def test_operators_that_are_refused_give_the_reason(tmp_path: Path) -> None:
    template = _write(
        tmp_path, "name: a\ndescription: d\noperators: [matmul]\nrefuses: {norm: no unit can divide}"
    )
    with pytest.raises(HarnessError) as error:
        load_architecture_template(template).render({}, GEMM, "norm")
    assert _message(error) == "architecture 'a' does not run norm operators: no unit can divide"
    with pytest.raises(HarnessError) as error:
        load_architecture_template(template).render({}, GEMM, "conv")
    assert _message(error) == "architecture 'a' does not run conv operators (it runs: matmul)"


HEAD = "name: a\ndescription: d\noperators: [matmul]\n"
BODY = "architecture: {version: 0.4, nodes: []}\n"


def _write(folder: Path, header: str, body: str = BODY, name: str = "a") -> str:
    file = folder / f"{name}.yaml.jinja"
    file.write_text("{#\n" + header + "\n#}\n" + body)
    return str(file)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("description: d\noperators: [matmul]", ":1: the template does not declare its name"),
        ("name: a\noperators: [matmul]", ":1: the template does not declare its description"),
        ("name: a\ndescription: d", ":1: the template does not declare the operators that it runs"),
        (HEAD + "fusion_level: [DRAM]", ":5: unknown template declaration 'fusion_level' (did you mean"),
        (
            "name: a\ndescription: d\noperators: [matmull]",
            ":4: unknown operator class 'matmull' (did you mean",
        ),
        ("name: a\ndescription: d\noperators: matmul", ":4: 'operators' must be a list of names"),
        (HEAD + "refuses: {norms: why}", ":5: unknown operator class 'norms'"),
        (HEAD + "refuses: {norm: ''}", ":5: 'refuses' must map each name to the reason in words"),
        (HEAD + "source: [1]", ":5: 'source' must be a text"),
        (HEAD + "parameters: [p]", ":5: 'parameters' must map each name to its declaration"),
        (HEAD + "parameters:\n  p: 16", ":6: the declaration of parameter 'p' must be a mapping"),
        (
            HEAD + "parameters:\n  p: {type: int, default: 1}",
            ":6: parameter 'p' does not declare its meaning",
        ),
        (
            HEAD + "parameters:\n  p: {type: integer, default: 1, meaning: m}",
            ":6: unknown type of parameter 'p' 'integer' (did you mean 'int'?)",
        ),
        (
            HEAD + "parameters:\n  p: {type: int, default: 1, meaning: m, min: 0}",
            ":6: unknown key of parameter 'p' 'min' (did you mean 'minimum'?)",
        ),
        (
            HEAD + "parameters:\n  p: {type: int, default: 0, meaning: m, minimum: 1}",
            ":6: the default is not allowed: p must be 1 or more, not 0",
        ),
        (
            HEAD + "parameters:\n  p: {type: int, default: 0, meaning: m, minimum: low}",
            ":6: the minimum of parameter 'p' must be a number",
        ),
        (
            HEAD + "parameters:\n  p: {type: choice, default: a, meaning: m}",
            ":6: 'choices' of parameter 'p' goes with the type choice",
        ),
        (HEAD + "parameters:\n  p-q: {type: int, default: 0, meaning: m}", ":6: 'p-q' cannot be the name"),
        (
            HEAD + "parameters:\n  problem: {type: int, default: 0, meaning: m}",
            "'problem' cannot be the name",
        ),
        (HEAD + "unused: {rf_sise: why}", ":1: unknown parameter 'rf_sise'"),
        (HEAD + "defaults: 3", ":5: 'defaults' must map parameter names to values"),
        (HEAD + "defaults: {p: 3}", ":5: unknown parameter 'p'"),
        (HEAD + "checks: [p > 1]", ":5: each of 'checks' must be {expression: ..., message: ...}"),
        (
            HEAD + "components: [[x]]",
            ":5: each of 'components' must be a file name or {file: ..., when: ...}",
        ),
        (HEAD + "extends: gemminy", "unknown architecture 'gemminy' (did you mean 'gemmini'?)"),
        (HEAD + "extends: a", "templates that extend each other without end"),
        (
            HEAD + "extends: gemmini\ndefaults: {pe_rows: 0}",
            ":6: the default is not allowed: pe_rows must be",
        ),
        (
            HEAD + "parameters_from: gemmini\nparameters:\n  pe_rows: {type: int, default: 1, meaning: m}",
            "parameter 'pe_rows' is declared twice",
        ),
        ("name: [a", "a.yaml.jinja:"),
    ],
)
def test_broken_declarations(tmp_path: Path, header: str, expected: str) -> None:
    template = _write(tmp_path, header)
    with pytest.raises(HarnessError) as error:
        load_architecture_template(template)
    assert expected in _message(error)
    assert "a.yaml.jinja" in str(error.value) or "unknown architecture" in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BODY, ":1: the template has no declarations"),
        ("{#\nname: a\n", ":1: the declarations of the template do not end"),
    ],
)
def test_templates_without_declarations(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "a.yaml.jinja"
    file.write_text(text)
    with pytest.raises(HarnessError) as error:
        load_architecture_template(str(file))
    assert expected in _message(error)


def test_a_template_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml.jinja"
    file.write_bytes(b"{#\nname: \xff\n#}")
    with pytest.raises(HarnessError) as error:
        load_architecture_template(str(file))
    assert "the template is not a text file" in _message(error)


@pytest.mark.parametrize(
    ("header", "body", "expected"),
    [
        (HEAD, "architecture: {{ pe_rows }}\n", ":7: undefined name in a template: 'pe_rows' is undefined"),
        (HEAD, "architecture: {% if %}\n", ":7: broken template"),
        (HEAD, "{% for i in range(10**9) %}x{% endfor %}", "loops"),
        (HEAD, "x: {{ problem.__class__.__mro__ }}\n", ":7: "),
        (HEAD, "x: {{ fit('M', 4) }}\n", ":7: problem 'matmul' has no dimension 'M'"),
        (HEAD, "x: {{ include_text('../../etc/passwd') }}\n", ":7: "),
        (HEAD + "components: [nothing.yaml]", BODY, ":5: unknown component file 'nothing.yaml'"),
        (HEAD + "components: [../gemmini.yaml.jinja]", BODY, ":5: unknown component file"),
        (HEAD + "components: [{file: intmac.yaml, when: 'p > 1'}]", BODY, ":5: in expression 'p > 1'"),
    ],
)
def test_broken_bodies(tmp_path: Path, header: str, body: str, expected: str) -> None:
    template = load_architecture_template(_write(tmp_path, header, body))
    with pytest.raises(HarnessError) as error:
        template.render({}, GEMM, "matmul")
    assert expected in _message(error)


@pytest.mark.parametrize("call", ["include('../side.yaml')", "include_text('../side.yaml')"])
def test_a_template_reads_nothing_above_its_folder(tmp_path: Path, call: str) -> None:
    """Sweeps know a template by what lies beside and below it: two of other content must not be one study."""
    (tmp_path / "arch").mkdir()
    (tmp_path / "side.yaml").write_text("x: 1\n")
    template = load_architecture_template(_write(tmp_path / "arch", HEAD, f"x: {{{{ {call} }}}}\n"))
    with pytest.raises(HarnessError) as error:
        template.render({}, GEMM, "matmul")
    assert "'../side.yaml' is outside the folders of the given files" in _message(error)


def test_a_component_file_without_classes(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "mine.yaml").write_text("components: {version: 0.4}\n")
    template = load_architecture_template(_write(tmp_path, HEAD + "components: [mine.yaml]"))
    with pytest.raises(HarnessError) as error:
        template.render({}, GEMM, "matmul")
    assert "mine.yaml: a component file must hold components: {classes: [...]}" in _message(error)


def test_a_template_of_ones_own_may_extend_a_shipped_one(tmp_path: Path) -> None:
    header = (
        "name: mine\ndescription: a wide gemmini\nextends: gemmini\ndefaults: {pe_cols: 64}\n"
        "checks: [{expression: pe_cols >= 32, message: mine is wide}]"
    )
    template = load_architecture_template(_write(tmp_path, header, "", name="mine"))
    assert template.parameter["pe_cols"].default == 64
    tree = template.render({}, GEMM, "matmul")
    assert {"spatial": {"meshX": 64}}.items() <= tree["architecture"]["nodes"][6].items()
    with pytest.raises(HarnessError) as error:
        template.resolve({"pe_cols": 16})
    assert _message(error) == "architecture 'mine': mine is wide"


def test_unknown_kinds_of_shipped_data() -> None:
    with pytest.raises(HarnessError) as error:
        shipped_folder("arch")
    assert _message(error) == "unknown kind of shipped data 'arch' (did you mean 'arches'?)"
