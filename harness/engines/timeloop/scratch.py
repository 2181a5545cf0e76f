"""The private folder of one run: inputs in, outputs back, gone afterwards."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HarnessError
from harness.timeloop_outputs.archive import MOST_CHARACTERS

OUTPUTS = "out"
"""The programs want their output folder to be there."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder, readable for nobody else."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="harness-timeloop-"))
    except OSError as error:
        raise HarnessError(
            f"the real Timeloop needs a temporary folder: {error.strerror or error}"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_inputs(folder: Path, files: Mapping[str, str]) -> None:
    """HarnessError where the disk is full, say."""
    try:
        (folder / OUTPUTS).mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"cannot write into {folder}: {error.strerror or error}") from error


def read_outputs(folder: Path, prefix: str) -> dict[str, str]:
    """What the program wrote under its name, by file name; without what is empty or no plain file."""
    found = {}
    for file in sorted((folder / OUTPUTS).glob(f"{prefix}.*")):
        try:
            state = file.lstat()
            if stat.S_ISREG(state.st_mode) and 0 < state.st_size <= MOST_CHARACTERS:
                found[file.name] = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return found
