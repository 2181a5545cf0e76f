"""The Python code in the documentation runs as it stands, block after block in one process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from timeloop_recordings import recording

from harness.sweep import frames
from harness.sweep.results import SweepResults

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("document", ["docs/api.md"])
def test_python_blocks_run(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of its own, with one beside it that the real Timeloop wrote."""
    monkeypatch.chdir(tmp_path)
    theirs = tmp_path / "timeloop_outputs"
    theirs.mkdir()
    recording("mapper_gemmini").write_inputs(theirs)
    recording("mapper_gemmini").write_files(theirs)
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    names: dict[str, object] = {"__name__": "documentation"}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"{document}, block {number}", "exec"), names)
    printed = capsys.readouterr().out
    assert "ok" in printed
    assert "missing.yaml" in printed
    assert re.search(r"^equal in \d{3} fields$", printed, re.MULTILINE)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("configurations", frames.CONFIGURATION_COLUMNS),
        ("layers", frames.LAYER_COLUMNS),
        ("engines", (*frames.CHECK_COLUMNS, *frames.ENGINE_COLUMN)),
        ("levels", frames.LEVEL_COLUMNS),
        ("dataspaces", frames.SPACE_COLUMNS),
    ],
)
def test_every_column_of_a_frame_is_documented_and_no_other(rows: str, columns: tuple[str, ...]) -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    table = text.split(f"\n`{rows}`\n\n")[1].split("\n\n")[0]
    listed = [name for line in table.splitlines() for name in re.findall(r"`(.*?)`", line.split("|")[1])]
    assert sorted(name for name in listed if not name.startswith(frames.PARAMETER)) == sorted(columns)


def test_every_method_of_sweep_results_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8").split("### SweepResults")[1]
    public = [name for name in vars(SweepResults) if not name.startswith("_") and name != "reader"]
    assert [name for name in public if not re.search(rf"`{name}\b", text)] == []
