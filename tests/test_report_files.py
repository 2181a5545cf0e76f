"""Output folders: complete files or none, nothing stale, nothing outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.report import files
from harness.report.files import write_folder


def test_writes_and_replaces(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_folder(folder, {"one.txt": "1", "two.txt": "2"})
    write_folder(folder, {"one.txt": "11"})
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"one.txt": "11", "two.txt": "2"}


def test_stale_files_of_this_program_go_and_others_stay(tmp_path: Path) -> None:
    write_folder(tmp_path, {"stats.txt": "old", "result.json": "old", "notes.txt": "mine"})
    write_folder(tmp_path, {"result.json": "new"}, obsolete=("stats.txt", "result.json"))
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"result.json": "new", "notes.txt": "mine"}


def test_a_failed_write_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, {"one.txt": "old"})

    def broken(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", broken)
    with pytest.raises(HarnessError, match=r"cannot write the output folder .*No space left on device"):
        write_folder(tmp_path, {"one.txt": "new"})
    assert [p.name for p in tmp_path.iterdir()] == ["one.txt"]
    assert (tmp_path / "one.txt").read_text() == "old"


def test_only_plain_names(tmp_path: Path) -> None:
    for name in ("../escape", "a/b", "", "..", "/abs"):
        with pytest.raises(ValueError, match="not a plain file name"):
            write_folder(tmp_path / "f", {name: "x"})
    assert list(tmp_path.iterdir()) == [tmp_path / "f"]
    assert list((tmp_path / "f").iterdir()) == []


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(HarnessError, match="cannot write the output folder"):
        write_folder(tmp_path / "out", {"one.txt": "1"})


def test_results_are_as_readable_as_other_files(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_folder(tmp_path, {"one.txt": "1"})
    finally:
        os.umask(before)
    assert (tmp_path / "one.txt").stat().st_mode & 0o777 == 0o644


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a.png": b"\x89PNG\r\n", "b.txt": "a\nb"})
    assert (tmp_path / "a.png").read_bytes() == b"\x89PNG\r\n"
    assert (tmp_path / "b.txt").read_bytes() == b"a\nb"


def test_a_full_disk_in_the_middle_of_a_file_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(place: Path, content: str | bytes) -> None:
        place.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(HarnessError, match="No space left on device"):
        write_folder(tmp_path, {"one.txt": "new", "two.txt": "new"})
    assert list(tmp_path.iterdir()) == []
