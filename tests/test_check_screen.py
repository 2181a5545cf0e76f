"""What the screen of a check leaves out: what is equal where something is not, and blanks in pipes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_check_command import spoiled, timeloops

from harness.cli.harness import main as harness


def test_of_several_folders_only_what_differs_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    place = tmp_path / "a-folder-with-a-long-name" / "and-another-one-below-it"
    timeloops(place / "good")
    spoiled(timeloops(place / "off"))
    assert harness(["check", str(place)]) == 1
    text = capsys.readouterr().out
    report, table = text.split("\nchecked  ")
    assert len(report.splitlines()) < 12 and "what differs" in report and "differs: 1 of" in report
    assert "ours    transformer-harness" not in report and " equal" not in report
    assert table.splitlines()[-1] == "2 checked: 1 equal, 1 different"
    # Paths are broken between folders, and a pipe gets no blanks at the ends of lines.
    assert all(len(line) <= 80 and line == line.rstrip() for line in text.splitlines())
    path = report.split("\n\n")[0].splitlines()
    assert "".join(path).startswith(str(place / "off")) and all(line.endswith("/") for line in path[:-2])


def test_levels_that_are_equal_are_counted_where_another_one_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    equal, off = timeloops(tmp_path / "good"), spoiled(timeloops(tmp_path / "off"))
    assert harness(["check", str(equal)]) == 0
    levels = re.findall(r"^\S.* equal(?: as printed)?$", _table(capsys.readouterr().out), re.MULTILINE)
    assert harness(["check", str(off)]) == 1
    table = _table(capsys.readouterr().out)
    assert re.search(rf"^{len(levels) - 1} others +\d+ +\d+ +equal", table, re.MULTILINE)
    assert len(table.splitlines()) < 10


def test_a_mistyped_name_is_told_before_an_installation_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_TIMELOOP_BIN", str(tmp_path))
    assert harness(["check", str(tmp_path / "nope")]) == 2
    captured = capsys.readouterr().err
    assert "no such file" in captured and "installed" not in captured


def _table(text: str) -> str:
    return text[text.index("\nlevel ") :].split("\n\n", maxsplit=1)[0]
