"""Programs and files that go wrong: figures that are no numbers, and lines that nobody can make sense of."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from timeloop_recordings import recording

from harness.cli.harness import main
from harness.engines.timeloop.process import run_program

LINES = 3000


class Stumbles:
    """A log that cannot read its first line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)
        if len(self.lines) == 1:
            raise OverflowError("cannot convert float infinity to integer")


def test_a_line_that_cannot_be_read_does_not_end_the_listening(tmp_path: Path) -> None:
    """The program would hang with its pipe full, and lose all that it has found."""
    log = Stumbles()
    wordy = f"for i in range({LINES}): print(i, 100 * 'y')"
    command = [sys.executable, "-c", wordy]
    ended = run_program(command, tmp_path, log, environment=dict(os.environ), limit_seconds=60.0)
    assert (ended.how, ended.code) == ("finished", 0)
    assert len(log.lines) == LINES


def folder_with(recorded: str, kind: str, change: tuple[str, str], place: Path) -> Path:
    """The folder of a recorded run in which the pattern of ``change`` is its text in one file."""
    made = recording(recorded)
    files = {
        f"{made.program}.{name}": made.output(name) for name in ("stats.txt", "map+stats.xml", "map.txt")
    }
    files["parsed-processed-input.yaml"] = "".join(made.inputs.values())
    name = next(name for name in files if name.endswith(kind))
    files[name], found = re.subn(*change, files[name])
    assert found
    place.mkdir()
    for name, content in files.items():
        (place / name).write_text(content, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("stats.txt", (r"(Energy \(total\) +: )[0-9.e+-]+", r"\g<1>inf"), "is no number but inf"),
        ("map+stats.xml", (r"(<energy_>)[0-9.e+-]+", r"\g<1>-nan"), "is no number but nan"),
        ("input.yaml", (r"energy: [1-9][0-9.e+-]*", "energy: 1e308"), "the energy is no finite number but"),
        (
            "input.yaml",
            (r"(network_(?:fill|drain)_latency: )\d+", rf"\g<1>{'9' * 400}"),
            "beyond what can be",
        ),
    ],
)
def test_a_folder_with_such_figures_is_refused_in_a_line(
    kind: str, change: tuple[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with("model_gemmini", kind, change, tmp_path / "run")
    assert main(["check", str(folder)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
