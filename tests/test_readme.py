"""The README's tour is real: every command is run again and its output compared.

``...`` stands for lines left out. Times and speeds differ from run to run and are masked; nothing else is.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WIDTH = 100


def _commands() -> list[tuple[str, list[str]]]:
    """(command, expected lines) of all console blocks, in the README's order."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def _masked(line: str) -> str:
    line = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "TIME", line)
    line = re.sub(r"\d+(\.\d+)?( [kM])?/s\b", "RATE", line)
    return " ".join(line.split())


def _pattern(expected: list[str]) -> str:
    parts = [
        r"(?:[^\n]*\n)*?" if line.strip() == "..." else re.escape(_masked(line)) + r"\n" for line in expected
    ]
    return "".join(parts)


@pytest.fixture(scope="module")
def tour_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tour")
    for name in ("run.py", "hwdse_run.py", "hw_configs.json"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_tour_prints_what_the_readme_shows(tour_folder: Path) -> None:
    commands = _commands()
    assert len(commands) >= 8
    environment = dict(os.environ, COLUMNS=str(WIDTH), NO_COLOR="1", PYTHONPATH=str(ROOT))
    for command, expected in commands:
        words = shlex.split(command)
        if words[0] == "python":
            words[0] = sys.executable
        run = subprocess.run(
            words, cwd=tour_folder, env=environment, capture_output=True, text=True, check=False
        )
        printed = "".join(_masked(line) + "\n" for line in (run.stdout + run.stderr).splitlines())
        assert re.fullmatch(_pattern(expected), printed), f"$ {command}\n{run.stdout}{run.stderr}"


def test_every_linked_document_exists() -> None:
    links = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert len(links) >= 10
    assert [link for link in links if not (ROOT / link).is_file()] == []
