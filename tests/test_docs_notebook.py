"""The example notebook has been run, and its cells still give the figures that stand below them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "sweep.ipynb"
MOST_BYTES = 1_000_000


def code_cells() -> list[dict[str, Any]]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def printed(cell: dict[str, Any]) -> str:
    return "".join("".join(out["text"]) for out in cell["outputs"] if out["output_type"] == "stream")


def shown(cell: dict[str, Any]) -> dict[str, Any]:
    """The value of the last expression, by kind."""
    found = [out["data"] for out in cell["outputs"] if out["output_type"] == "execute_result"]
    return found[0] if found else {}


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text.replace(",", ""))]


def cells_of_table(html: str) -> list[float]:
    return numbers(" ".join(re.findall(r"<t[dh]>(.*?)</t[dh]>", html)))


def run_cell(code: str, names: dict[str, object]) -> object:
    """What a notebook would show: the value of the last statement, if it is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_the_notebook_was_run_from_top_to_bottom() -> None:
    cells = code_cells()
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [out["output_type"] for cell in cells for out in cell["outputs"]]
    assert "error" not in kinds
    assert all(cell["outputs"] for cell in cells)


def test_the_notebook_is_small_and_tells_nothing_of_the_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    assert not re.search(r'["\' ](/home|/work|/tmp|/root|/Users)/|[A-Z]:\\\\', text)
    # Figures are pictures, so that viewers which run nothing show them too.
    assert sum("image/png" in shown(cell) for cell in code_cells()) >= 3


def test_the_cells_give_the_same_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "notebook"}
    compared = 0
    for cell in code_cells():
        value: Any = run_cell(source(cell), names)
        said, before = numbers(capsys.readouterr().out), numbers(printed(cell))
        assert said == pytest.approx(before, rel=1e-6), source(cell)
        compared += len(said)
        data = shown(cell)
        if "image/png" in data:
            assert value._repr_png_().startswith(b"\x89PNG")
        elif "text/html" in data:
            figures = cells_of_table(value.to_html())
            assert figures == pytest.approx(cells_of_table("".join(data["text/html"])), rel=1e-6)
            compared += len(figures)
        elif data:
            assert repr(value) == "".join(data["text/plain"])
    assert compared > 100
