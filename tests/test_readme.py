"""The README's tour is real: every command is run again and its output compared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from console_blocks import check, commands_in

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tour_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tour")
    for name in ("run.py", "hwdse_run.py", "hw_configs.json"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_tour_prints_what_the_readme_shows(tour_folder: Path) -> None:
    commands = commands_in(README)
    assert len(commands) >= 8
    for command, expected in commands:
        check(command, expected, tour_folder)


def test_every_linked_document_exists() -> None:
    links = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert len(links) >= 10
    assert [link for link in links if not (ROOT / link).is_file()] == []
