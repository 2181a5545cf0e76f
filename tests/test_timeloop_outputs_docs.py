"""docs/timeloop-outputs.md: its code runs on a recorded run, and its messages are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from timeloop_recordings import recording

import harness.timeloop_outputs
from harness.errors import SpecError
from harness.timeloop_outputs import read_map_stats_xml, read_map_text, read_stats

TEXT = (Path(__file__).resolve().parents[1] / "docs/timeloop-outputs.md").read_text(encoding="utf-8")


def test_the_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outputs").mkdir()
    recording("model_gemmini").write_files(tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
    exec(compile(block, "docs/timeloop-outputs.md", "exec"), {"__name__": "documentation"})
    printed = capsys.readouterr().out
    assert "4210692" in printed
    assert "Scratchpad Weights" in printed
    assert "('D', 256, 256, '')" in printed


def test_every_reader_is_told() -> None:
    public = {name for name in harness.timeloop_outputs.__all__ if name[0].islower()}
    assert public == set(re.findall(r"`(\w+)\((?:text|nest)", TEXT))


def test_the_messages_are_the_real_ones() -> None:
    empty, cut = recording("mapper_no_mapping"), recording("mapper_garbage")
    nest = recording("model_gemmini").output("map.txt").splitlines()[:9]
    said = []
    for read, text, kind in (
        (read_stats, empty.output("stats.txt"), "stats.txt"),
        (read_stats, cut.output("stats.txt"), "stats.txt"),
        (read_map_stats_xml, cut.output("map+stats.xml"), "map+stats.xml"),
        (read_map_text, "\n".join(nest), "map.txt"),
    ):
        with pytest.raises(SpecError) as caught:
            read(text, f"timeloop-model.{kind}")
        said.append(str(caught.value))
    (block,) = re.findall(r"^```\n(timeloop-model.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert block.splitlines() == said
