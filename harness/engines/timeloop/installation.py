"""Which Timeloop is installed: its two programs, and a digest of each.

They are sought on ``PATH``, or in the one folder that the environment variable :data:`FOLDER` names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from harness.errors import Unavailable

FOLDER = "HARNESS_TIMELOOP_BIN"

ProgramName = Literal["timeloop-mapper", "timeloop-model"]
MAPPER: ProgramName = "timeloop-mapper"
MODEL: ProgramName = "timeloop-model"

_INSTALL = (
    "install Timeloop from github.com/NVlabs/timeloop, or run in the Docker image of github.com/"
    "Accelergy-Project/accelergy-timeloop-infrastructure; the Python package timeloopfe is optional"
)


@dataclass(frozen=True)
class Program:
    """An executable and a digest of it (``sha256:`` and 12 hex digits): another build is another engine."""

    name: ProgramName
    path: Path
    identity: str


def program_named(name: ProgramName) -> Program:
    """The installed program. Unavailable with what to install where there is none."""
    folder = os.environ.get(FOLDER, "")
    found = shutil.which(name, path=folder or None)
    if found is None:
        where = f"in {folder}, which {FOLDER} names" if folder else "on PATH"
        advice = f"correct or unset {FOLDER}" if folder else f"name the folder of the programs in {FOLDER}"
        raise Unavailable(
            f"the real Timeloop is not installed: no {name} {where}", hint=f"{_INSTALL}; or {advice}"
        )
    path = Path(found).absolute()  # not beyond links: a wrapper may go by the name it is called by
    try:
        state = path.stat()
        identity = _digest(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror or error}") from error
    return Program(name, path, identity)


@lru_cache(maxsize=8)
def _digest(path: Path, size: int, changed_ns: int) -> str:
    """``size`` and ``changed_ns`` are there for the cache: a program that is replaced is read again."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()[:12]}"
