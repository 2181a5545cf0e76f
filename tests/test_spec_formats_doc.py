"""The examples of docs/formats.md: its files are written, its Python is run, in the order of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
BLOCK = re.compile(r"^```(yaml|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    counts = {"yaml": 0, "python": 0}
    for kind, text in BLOCK.findall(PAGE.read_text()):
        counts[kind] += 1
        if kind == "yaml":
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text)
        else:
            exec(compile(text, str(PAGE), "exec"), names)
    assert counts == {"yaml": 6, "python": 9}
