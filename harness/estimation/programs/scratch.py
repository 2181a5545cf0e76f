"""Temporary folders of the programs that are run. Those of processes that were killed go at the next use.

Their names say whose they are: the machine with its process numbers (containers may share a folder for
temporary files, and number their processes each for itself) and the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_NAME = re.compile(r"harness-[a-z]+-([0-9a-f]{8})-(\d+)-")


@contextlib.contextmanager
def scratch_folder(kind: str) -> Iterator[Path]:
    """A new folder, gone afterwards with all in it. ``kind``: lower-case letters. May raise ``OSError``."""
    folder = make_scratch_folder(kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_scratch_folder(kind: str) -> Path:
    """A new folder; whoever made it removes it."""
    import tempfile  # noqa: PLC0415 - slow to import, and most processes find their answers

    _remove_stale(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=f"harness-{kind}-{_machine()}-{os.getpid()}-"))


@lru_cache(maxsize=1)
def _machine() -> str:
    """One text for all processes that see the same process numbers."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - the text is no path
    except OSError:
        numbers = ""
    return hashlib.sha256(f"{platform.node()} {numbers}".encode()).hexdigest()[:8]


def _remove_stale(room: Path) -> None:
    if os.name != "posix":  # elsewhere asking for a process may end it
        return
    with contextlib.suppress(OSError):
        for folder in room.glob("harness-*"):
            match = _NAME.match(folder.name)
            if match and match[1] == _machine() and _is_gone(int(match[2])):
                shutil.rmtree(folder, ignore_errors=True)


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
