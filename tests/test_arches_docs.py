"""docs/architectures.md: its table is complete and its examples work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from arches_cases import matmul

from harness.errors import SpecError
from harness.spec.template_header import OPERATORS
from harness.spec.templates import list_architectures, load_architecture_template

TEXT = (Path(__file__).parents[1] / "docs" / "architectures.md").read_text()
ALL = list_architectures()


@pytest.mark.parametrize("template", [t for t in ALL if t.variant_of is None], ids=lambda t: t.name)
def test_the_table_has_every_architecture_as_it_is(template: Any) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{template.name}` |")]
    cells = [cell.strip() for cell in row.split("|")[3:6]]
    clock = template.parameter["global_cycle_seconds"].default * 1e9
    node = template.parameter["technology"].default
    assert cells == [
        f"{template.technology}, {clock:g} ns",
        ", ".join(template.fusion_levels),
        f"`{template.norm_variant}`",
    ]
    assert template.technology == node


def test_every_component_file_is_named() -> None:
    folder = Path(__file__).parents[1] / "arches" / "components"
    assert [f.name for f in folder.glob("*.yaml") if f"`{f.name}`" not in TEXT] == []


def test_the_python_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["specification"].architecture.arithmetic.instances == 32 * 16


def test_the_example_template_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```\n(\{#.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    file = tmp_path / "mine.yaml.jinja"
    file.write_text(example.replace("  ...\n", ""))
    template = load_architecture_template(str(file))
    tree = template.render({"pe_cols": "6"}, matmul(64, 9, 64), "matmul")
    assert tree["architecture"]["nodes"][1]["constraints"]["spatial"]["factors"] == ["L=1", "D=1", "E=3"]
    with pytest.raises(SpecError, match="there is no unit that divides"):
        template.render({}, matmul(64, 9, 64), "norm")
    with pytest.raises(SpecError, match="multipliers come in pairs"):
        template.resolve({"pe_cols": 3})


@pytest.mark.parametrize("template", ALL, ids=lambda t: t.name)
def test_declarations_are_complete(template: Any) -> None:
    assert template.description
    assert template.source
    assert set(template.operators) <= set(OPERATORS)
    assert template.fusion_levels[0] == "DRAM"
    for parameter in template.parameters:
        assert parameter.meaning
        assert "\n" not in parameter.meaning
        assert parameter.allowed
