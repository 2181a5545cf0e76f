"""Make the pictures of the documentation from real runs: ``python docs/make_pictures.py``.

A picture is the coloured screen of the command as an SVG, so that what the README shows is what one sees.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 84
PICTURES = {"run-kqv": ["KQV"]}


def screen_of(arguments: list[str]) -> str:
    """What ``run.py`` prints on a colour terminal, with its colour codes."""
    environment = dict(os.environ, FORCE_COLOR="1", COLUMNS=str(WIDTH), TERM="xterm-256color")
    environment.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "run.py"), *arguments]
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return run.stdout


def _without_progress(screen: str) -> str:
    """The screen as it stands at the end: on a terminal each progress line overwrites the one before."""
    colours_only = re.sub(r"\x1b\[[0-9;?]*[A-HJKhl]|\r", "", screen)
    plain = re.compile(r"\x1b\[[0-9;]*m")
    lines = [line for line in colours_only.splitlines() if not plain.sub("", line).startswith("searching ")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip()


def main() -> None:
    for name, arguments in PICTURES.items():
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
            console.print(Text.from_ansi(_without_progress(screen_of(arguments))))
        target = ROOT / "docs" / "images" / f"{name}.svg"
        target.parent.mkdir(exist_ok=True)
        picture = console.export_svg(title="python run.py " + " ".join(arguments))
        # The export asks a web site for its font; the viewer's own monospace font serves as well.
        target.write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL), encoding="utf-8")
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
