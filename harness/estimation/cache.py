"""A cache of slow answers on disk, by content.

One small JSON file per question below the user's cache folder. A damaged, foreign or unwritable cache is
as good as none: it never stops or changes an estimation. Files are complete when they appear (written
aside, then renamed), so parallel runs may share the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

FORMAT = 1
"""Part of every key: raise it when the meaning of a stored answer changes."""


MOST_PER_FOLDER = 64
"""Answers in each of 256 folders: some 16 000, of a few KB at most each."""

_LEFT_BEHIND_S = 3600.0
"""A file that is still being written after this long is of a process that was killed."""


def default_cache_folder() -> Path | None:
    """``$XDG_CACHE_HOME/transformer-harness`` or ``~/.cache/transformer-harness``; None without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base and Path(base).is_absolute():
        return Path(base) / "transformer-harness"
    try:
        home = Path.home()
    except (RuntimeError, KeyError):
        return None
    return home / ".cache" / "transformer-harness" if home.is_absolute() else None


class AnswerCache:
    """``folder`` None switches it off. ``most`` files are kept in each of 256 folders, the newest."""

    def __init__(self, folder: Path | None, kind: str = "estimation", most: int = MOST_PER_FOLDER) -> None:
        self._folder = None if folder is None else folder / kind
        self._most = most

    def get(self, key: dict[str, object]) -> dict[str, object] | None:
        path = self._path(key)
        if path is None:
            return None
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        # The key is stored too: a truncated or foreign file is then never taken for an answer.
        if not isinstance(stored, dict) or stored.get("key") != json.loads(_canonical(key)):
            return None
        answer = stored.get("answer")
        return answer if isinstance(answer, dict) else None

    def put(self, key: dict[str, object], answer: dict[str, object]) -> None:
        path = self._path(key)
        if path is None:
            return
        import tempfile  # noqa: PLC0415 - slow to import, and most processes find their answers

        text = json.dumps({"key": json.loads(_canonical(key)), "answer": answer})
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(path.parent)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(path)
        except OSError:
            if temporary is not None:
                _forget(Path(temporary))

    def _make_room(self, folder: Path) -> None:
        for left in folder.glob(".new-*"):
            if _age(left) < time.time_ns() - _LEFT_BEHIND_S * 1e9:
                _forget(left)
        files = list(folder.glob("*.json"))
        if len(files) >= self._most:
            files.sort(key=_age)
            for file in files[: len(files) + 1 - self._most]:
                _forget(file)

    def _path(self, key: dict[str, object]) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(_canonical(key).encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"


def _canonical(key: dict[str, object]) -> str:
    return json.dumps({"format": FORMAT, **key}, sort_keys=True, default=str)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # another process was faster
        return 0


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
