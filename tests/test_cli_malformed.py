"""Malformed files through the command itself: one line on stderr, exit code 2, nothing written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import RUN, SMALL, record_of
from test_spec_malformed import FILES, V4, changed

from harness.cli.arguments import parse_arguments
from harness.cli.output_folder import output_folder
from harness.cli.run import main
from harness.engines.result import Result

_MAPPING: list[str] = []


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs twice, the second time with ``--json``; the folder is as before."""
    before = sorted(Path().iterdir())
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"run.py: error: {error}\n")
    assert main([*arguments, "--json"]) == 2
    captured = capsys.readouterr()
    result = Result.from_json(captured.out)
    assert (result.status, result.reason, result.energy_pj) == ("failed", error, None)
    assert captured.err == f"run.py: error: {error}\n"
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(("old", "new", "error"), [c[1:] for c in V4], ids=[c[0] for c in V4])
def test_specifications(old: str, new: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.yaml").write_text(changed(old, new))
    Path("other.yaml").write_text("variables: {SIZE: 4}\n")
    refused(["--spec", "spec.yaml"], error, capsys)


@pytest.mark.parametrize(
    ("content", "error"),
    [c[1:] for c in FILES if c[0] != "alias-bomb"],
    ids=[c[0] for c in FILES if c[0] != "alias-bomb"],
)
@pytest.mark.parametrize("option", ["--spec", "--mapping", "-m", "--mapper"])
def test_files(option: str, content: bytes, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.yaml").write_bytes(content)
    refused([option, "bad.yaml"] if option == "--spec" else ["KQV", option, "bad.yaml"], error, capsys)


def test_in_a_process_of_its_own() -> None:
    Path("spec.yaml").write_text(changed("class: SRAM", "clas: SRAM"))
    command = [sys.executable, RUN, "--spec", "spec.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "run.py: error: spec.yaml:17: unknown key 'clas' in a !Component (did you mean 'class'?)\n"
    )
    assert [p.name for p in Path().iterdir()] == ["spec.yaml"]


def test_a_device_without_end_is_not_read_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    refused(["--spec", "/dev/zero"], "/dev/zero: the file is larger than 32 MB", capsys)


@pytest.fixture
def mapping(capsys: pytest.CaptureFixture[str]) -> str:
    """The text of a mapping that fits ``SMALL``."""
    if not _MAPPING:
        record_of([*SMALL, "-o", "base"], capsys)
        _MAPPING.append(Path("base/timeloop-mapper.map.yaml").read_text())
    return _MAPPING[0]


MAPPINGS = [
    ("mapping:", "maping:", "m.yaml:1: the mapping must be a list of directives"),
    ("target: Scratchpad", "target: Scratchpd", "m.yaml:32: unknown target 'Scratchpd' (did you mean"),
    ("target: Scratchpad", "target: 99", "m.yaml:32: unknown target '99' (valid names: Accumulator"),
    ("target: Scratchpad", "foo: Scratchpad", "m.yaml:32: unknown key in a datatype directive 'foo'"),
    ("type: temporal", "type: temporl", "m.yaml:48: unknown mapping directive type 'temporl' (did you"),
    ("type: temporal", "type: temporal\n    x: 3", "m.yaml:49: unknown key in a temporal directive 'x'"),
    ("factors: E1", "factors: Z1", "m.yaml:49: unknown dimension in the factors: 'Z' (valid names:"),
    ("factors: E1", "factors: E-1", "m.yaml:49: cannot read the factors"),
    ("factors: E1", "factors: hello", "m.yaml:49: cannot read the factors"),
    ("factors: E1", "factors: D2 E1", "m.yaml:49: two factors for dimension D"),
    ("factors: E1", "factors: E3", "m.yaml:2: the factors of dimension E make 192, but its size is 64"),
    ("factors: E1", "factors: E99999999999999999999", "m.yaml:2: the factors of dimension E make "),
    ("permutation: L", "permutation: Z", "m.yaml:50: unknown dimension in the permutation: 'Z'"),
    ("permutation: LE", "permutation: LL", "m.yaml:50: dimension L appears twice in the permutation"),
    ("split: 1", "split: x", "m.yaml:55: split must be a whole number of 0 or more, not 'x'"),
    ("      - Weights", "      - Wights", "m.yaml:5: unknown data space in keep: 'Wights' (did you mean"),
    ("  - target", "\t- target", "m.yaml:2: broken YAML: found character that cannot start any token"),
    ("factors: E1", "factors: {{ x }}", "m.yaml:49: undefined name in a template: 'x' is undefined"),
    ("factors: E1", "factors: !!python/name:os.system E1", "m.yaml:49: the YAML tag '!!python/name:os.sys"),
]


@pytest.mark.parametrize(("old", "new", "error"), MAPPINGS, ids=[new.strip() for _, new, _ in MAPPINGS])
def test_mappings(mapping: str, old: str, new: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert old in mapping
    Path("m.yaml").write_text(mapping.replace(old, new, 1))
    assert main([*SMALL, "--mapping", "m.yaml", "-o", "out"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"run.py: error: {error}"), captured.err
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert not Path("out").exists()


@pytest.mark.parametrize("text", ["mapping: 5", "mapping:", "mapping: {a: 1}"])
def test_a_mapping_that_is_no_list(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("m.yaml").write_text(text)
    refused([*SMALL, "--mapping", "m.yaml"], "m.yaml:1: the mapping must be a list of directives", capsys)


def test_variables_of_templates(capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.yaml").write_text(changed("meshX: SIZE", "meshX: {{ 2 * size }}"))
    refused(
        ["--spec", "spec.yaml"],
        "spec.yaml:24: undefined name in a template: 'size' is undefined (valid names: add_to_path, cwd, "
        "find_path, find_paths, include, include_all, include_text, path_exists, setenv)",
        capsys,
    )
    for size, macs in (("2", "MAC x4"), ("4", "MAC x8"), ("1.5", "")):
        main(["--spec", "spec.yaml", "--jinja", f"size={size}"])
        assert macs in capsys.readouterr().out


def test_the_variables_of_templates_are_in_the_name_of_the_folder() -> None:
    given = parse_arguments(["--spec", "top.yaml", "--jinja", "b=x/y", "--jinja", "a=1"])
    assert str(output_folder(given, "top", "product")) == "outputs_top_product_a=1_b=x-y"
