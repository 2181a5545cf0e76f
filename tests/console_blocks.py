"""Commands with their output in documents, and whether they still print that.

``...`` stands for lines left out. Times, speeds and digests of programs differ from run to run and are
masked; nothing else is.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100


def commands_in(document: str) -> list[tuple[str, list[str]]]:
    """(command, expected lines) of all console blocks, in the document's order."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", document, flags=re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def check(command: str, expected: list[str], folder: Path) -> None:
    """Runs the command in ``folder`` and compares what it prints."""
    environment = dict(os.environ, COLUMNS=str(WIDTH), NO_COLOR="1", PYTHONPATH=str(ROOT))
    words = shlex.split(command)
    if words[0] == "python":
        words[0] = sys.executable
    run = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    printed = "".join(_masked(line) + "\n" for line in (run.stdout + run.stderr).splitlines())
    assert re.fullmatch(_pattern(expected), printed), f"$ {command}\n{run.stdout}{run.stderr}"


def _masked(line: str) -> str:
    line = re.sub(r"\d+(\.\d+)? (ms|s|min)\b", "TIME", line)
    line = re.sub(r"\d+(\.\d+)?( [kM])?/s\b", "RATE", line)
    line = re.sub(r"\bsha256:[0-9a-f]+", "DIGEST", line)
    return " ".join(line.split())


def _pattern(expected: list[str]) -> str:
    parts = [
        r"(?:[^\n]*\n)*?" if line.strip() == "..." else re.escape(_masked(line)) + r"\n" for line in expected
    ]
    return "".join(parts)
