"""The disk cache: complete files, no harm from damage, no need for a home."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.estimation.cache import AnswerCache, default_cache_folder

KEY = {"source": "test", "attributes": {"a": 1, "b": "x"}}


def _files(folder):
    return [p for p in folder.rglob("*") if p.is_file()]


def test_an_answer_comes_back(tmp_path):
    AnswerCache(tmp_path).put(KEY, {"value": 0.1 + 0.2, "model": "m"})
    assert AnswerCache(tmp_path).get(KEY) == {"value": 0.1 + 0.2, "model": "m"}
    assert AnswerCache(tmp_path).get({**KEY, "source": "other"}) is None


def test_the_order_of_a_key_does_not_matter(tmp_path):
    AnswerCache(tmp_path).put({"a": 1, "b": 2}, {"value": 3})
    assert AnswerCache(tmp_path).get({"b": 2, "a": 1}) == {"value": 3}


def test_damaged_and_foreign_files_count_as_absent(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.put(KEY, {"value": 1})
    (path,) = _files(tmp_path)
    for content in ("", "{", "[]", json.dumps({"key": {"source": "other"}, "answer": {"value": 2}})):
        path.write_text(content)
        assert cache.get(KEY) is None
    cache.put(KEY, {"value": 3})
    assert cache.get(KEY) == {"value": 3}


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = AnswerCache(blocked)
    cache.put(KEY, {"value": 1})
    assert cache.get(KEY) is None
    AnswerCache(None).put(KEY, {"value": 1})
    assert AnswerCache(None).get(KEY) is None


def test_parallel_writers_leave_one_complete_file(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: AnswerCache(tmp_path).put(KEY, {"value": 7, "pad": "x" * 5000}), range(64)))
    (path,) = _files(tmp_path)
    assert json.loads(path.read_text())["answer"]["value"] == 7


def test_old_answers_and_what_was_left_half_written_make_room(tmp_path):
    cache = AnswerCache(tmp_path, most=2)
    for number in range(1500):
        cache.put({"n": number}, {"value": number})
    folders = list((tmp_path / "estimation").iterdir())
    assert len(folders) > 200
    assert all(len(list(folder.iterdir())) <= 2 for folder in folders)
    left, new = folders[0] / ".new-left", folders[0] / ".new-now"
    left.write_text("half")
    new.write_text("half")
    os.utime(left, (1.0, 1.0))
    number = 1500
    while left.exists() and number < 10000:
        cache.put({"n": number}, {"value": number})
        number += 1
    assert not left.exists() and new.exists()


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "transformer-harness"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / ".cache" / "transformer-harness"


def test_without_a_home_there_is_no_cache(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    assert default_cache_folder() is None
