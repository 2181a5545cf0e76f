"""Reading YAML and templates: values, positions, merge keys, inclusion, bounds on work."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SpecError
from harness.spec.located import where
from harness.spec.yaml_loader import QuotedStr, load_yaml_file, load_yaml_text


def value_of(text: str, **jinja: Any) -> Any:
    return load_yaml_text(f"key: {text}", "text.yaml", jinja or None)["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-9", 1e-9),
        ("1.2e-09", 1.2e-9),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("12", 12),
        ("+12", 12),
        ("1_000", 1000),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b101", 5),
        (".inf", math.inf),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("N", "N"),
        ("~", None),
        ("", None),
        ("32nm", "32nm"),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("'12'", "12"),
        ("[a, 1, yes]", ["a", 1, "yes"]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    read = value_of(text)
    assert read == value
    assert type(read) is type(value) or isinstance(value, (str, list))


def test_quotes_are_remembered() -> None:
    tree = load_yaml_text("a: \"32nm\"\nb: '1+1'\nc: 1+1\nd: >\n  folded\n  text\n")
    assert [isinstance(tree[k], QuotedStr) for k in "abcd"] == [True, True, False, False]
    assert tree["d"] == "folded text\n"


def test_keys_are_text_as_written() -> None:
    assert list(load_yaml_text("on: 1\nN: 2\n010: 3\nnull: 4\n")) == ["on", "N", "010", "null"]


def test_tags_and_positions() -> None:
    tree = load_yaml_text("nodes:\n- !Component\n  name: A\n- !Nothing\n- !Container {name: B}\n", "f.yaml")
    nodes = tree["nodes"]
    assert [n.tag for n in nodes] == ["Component", "Nothing", "Container"]
    assert nodes[1] == {}
    assert str(where(nodes[0], "name")) == "f.yaml:3"
    assert str(where(nodes, 2)) == "f.yaml:5"
    assert str(where(tree, "nodes")) == "f.yaml:1"


def test_merge_keys() -> None:
    text = """
base: &base {a: 1, nested: {x: 1, y: 1}}
more: &more {a: 5, b: 6}
flat: {<<: *base, nested: {x: 2}}
deep: {<<<: *base, nested: {x: 2}}
both: {<<: [*base, *more], c: 3}
"""
    tree = load_yaml_text(text)
    assert tree["flat"] == {"a": 1, "nested": {"x": 2}}
    assert tree["deep"] == {"a": 1, "nested": {"x": 2, "y": 1}}
    assert tree["both"] == {"a": 1, "b": 6, "c": 3, "nested": {"x": 1, "y": 1}}


def test_uses_of_an_alias_are_copies() -> None:
    tree = load_yaml_text("a: &a {x: 1}\nb: *a\n")
    tree["a"]["x"] = 2
    assert tree["b"] == {"x": 1}


def test_template_values_loops_and_lines() -> None:
    text = "a: {{ size * 2 }}\n{% for n in names %}\n{{ n }}: 1\n{% endfor %}\nlast: 0\n"
    tree = load_yaml_text(text, "t.yaml", {"size": 4, "names": ["x", "y"]})
    assert tree == {"a": 8, "x": 1, "y": 1, "last": 0}
    assert [str(where(tree, k)) for k in tree] == ["t.yaml:1", "t.yaml:3", "t.yaml:3", "t.yaml:5"]


def test_braces_of_flow_mappings_are_no_template() -> None:
    assert value_of("{a: {b: {c: 1}}}") == {"a": {"b": {"c": 1}}}


def test_inclusion_functions(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.yaml").write_text('classes: [!Component {name: "a b", size: 2*X}]\n')
    (tmp_path / "parts" / "two.yaml").write_text("classes: [{name: second}]\n")
    (tmp_path / "text.txt").write_text("deep: {a: 1}\n")
    main = tmp_path / "main.yaml"
    main.write_text(
        "one: {{ include('parts/one.yaml', 'classes.0') }}\n"
        "all: {{ include_all('parts', 'classes') }}\n"
        "{{ add_to_path('parts') }}\n"
        "names: {{ include('two.yaml') }}\n"
        "there: [{{ path_exists('two.yaml') }}, {{ path_exists('three.yaml') }}]\n"
        "{{ include_text('text.txt') }}\n"
    )
    tree = load_yaml_file(main)
    assert tree["one"] == {"name": "a b", "size": "2*X"}
    assert tree["one"].tag == "Component"
    assert isinstance(tree["one"]["name"], QuotedStr)
    assert not isinstance(tree["one"]["size"], QuotedStr)
    assert [c["name"] for c in tree["all"]] == ["a b", "second"]
    assert tree["names"] == {"classes": [{"name": "second"}]}
    assert tree["there"] == [True, False]
    assert tree["deep"] == {"a": 1}


def test_included_lines_know_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "macros.yaml").write_text("ignore: &macro\n  a: 1\n")
    main = tmp_path / "main.yaml"
    main.write_text("!include macros.yaml\nuse: {<<: *macro}\n")
    tree = load_yaml_file(main)
    assert tree["use"] == {"a": 1}
    assert where(tree["ignore"], "a") is not None
    assert str(where(tree["ignore"], "a")).endswith("macros.yaml:2")
    assert str(where(tree, "use")) == f"{main}:2"


@pytest.mark.parametrize("named", ["absolute", "relative"])
def test_paths_made_with_cwd_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    folder = tmp_path / "designs"
    (folder / "small").mkdir(parents=True)
    (folder / "small" / "arch.yaml").write_text("a: 1\n")
    (folder / "top.yaml.jinja2").write_text(
        "{{ add_to_path(cwd() ~ '/small') }}\n"
        "two: {{ include('arch.yaml', 'a') }}\n"
        "{% set arch = cwd() ~ '/small/arch.yaml' %}\n"
        "there: {{ path_exists(arch) }}\n"
        "one: {{ include(arch, 'a') }}\n"
        "all: {{ include_all(cwd() ~ '/small/*.yaml', 'a') }}\n"
    )
    monkeypatch.chdir(tmp_path)
    start = tmp_path if named == "absolute" else Path()
    assert load_yaml_file(start / "designs" / "top.yaml.jinja2") == {
        "two": 1, "there": True, "one": 1, "all": 1
    }  # fmt: skip


@pytest.mark.parametrize("line", ["!include next0.yaml\n", "a: {{ include('next0.yaml') }}\n"])
def test_files_that_include_many_are_stopped(tmp_path: Path, line: str) -> None:
    for number in range(15):
        (tmp_path / f"next{number}.yaml").write_text(f"!include next{number + 1}.yaml\n" * 4)
    (tmp_path / "next15.yaml").write_text("ignore: 1\n")
    main = tmp_path / "main.yaml"
    main.write_text(line)
    with pytest.raises(SpecError, match="more than 1000 files are included"):
        load_yaml_file(main)


@pytest.mark.parametrize("path", ["../../secret.yaml", "/etc/hostname", "link.yaml"])
def test_nothing_outside_is_included(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.yaml").write_text("a: 1\n")
    folder = tmp_path / "designs" / "spec"
    folder.mkdir(parents=True)
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    main = folder / "main.yaml"
    main.write_text(f"{{{{ include_text('{path}') }}}}\n")
    with pytest.raises(SpecError, match="outside the folders of the given files"):
        load_yaml_file(main)
    if not path.startswith("/"):
        assert load_yaml_file(main, roots=[tmp_path]) == {"a": 1}


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in 'x' * 4000 %}{% for b in 'x' * 4000 %}{% endfor %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}"
        "{% set n.s %}{{ n.s }}{{ n.s }}{% endset %}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
        "{% set l = [] %}{% do l.append(l) %}{% do l.append(l) %}"
        "{% for i in l recursive %}{{ loop(i) }}{% endfor %}",
        "{% set n = namespace(a=[1]) %}{% for i in range(60) %}"
        "{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}",
        "{% set n = namespace(a=1) %}{% for i in range(60) %}"
        "{% set n.a = {'x': n.a, 'y': n.a} %}{% endfor %}",
        "{% set n = namespace(a=[1]) %}{% for i in range(60) %}"
        "{% set n.a = dict(x=n.a, y=n.a) %}{% endfor %}",
        "{{ 'a' * 10**9 }}",
        "{{ 'aa'.replace('a', 'b' * 10**6).replace('b', 'c' * 10**6) }}",
        "{{ ['a'] * 10**9 }}",
        "{% for i in range(900) %}" + "x" * 20_000 + "{% endfor %}",
    ],
)
def test_templates_that_never_end_or_explode_are_stopped(template: str) -> None:
    with pytest.raises(SpecError, match="a template that loops"):
        load_yaml_text(f"a: 1\n{template}\n", "t.yaml")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ range.__self__ }}",
        "{{ include.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ '{:99999999999}'.format(1) }}",
        "{{ 'a'.ljust(10**10) }}",
        "{{ 'a'|center(10**10) }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{% include 'other.yaml' %}",
        "{% import 'other.yaml' as x %}",
    ],
)
def test_templates_stay_in_the_sandbox(template: str) -> None:
    with pytest.raises(SpecError):
        load_yaml_text(f"a: 1\nb: {template}\n", "t.yaml")


def test_a_fatal_template_error_names_its_line() -> None:
    with pytest.raises(SpecError) as caught:
        load_yaml_text("a: 1\n\nb: {{ 1 // 0 }}\n", "t.yaml")
    assert str(caught.value) == "t.yaml:3: the template fails: integer division or modulo by zero"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{% if true %}\na: 1\n{% endif %}\nb: 2\n", 4),
        ("{% set text %}\n1\n{% endset %}\na: {{ text | trim }}\nb: 2\n", None),
        ("{% macro one() %}\n1\n{% endmacro %}\na: {{ one() | trim }}\nb: 2\n", None),
        ('a: {{ "\\ue0009\\ue001" | length - 2 }}\nb: 2\n', 2),
        ("# no markup\na: 1\nb: 2\n", 3),
    ],
)
def test_places_in_a_template_are_those_of_its_lines_or_none(template: str, line: int | None) -> None:
    tree = load_yaml_text(template, "t.yaml.jinja")
    assert tree == {"a": 1, "b": 2}
    assert tree.key_locations["b"].line == line


def test_a_value_that_looks_like_a_mark_stays() -> None:
    tree = load_yaml_text("a: x{{ v }}\n", "t.yaml.jinja", {"v": "\ue0007\ue001"})
    assert tree == {"a": "x\ue0007\ue001"}
