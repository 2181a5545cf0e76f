"""Writes an output folder: every file complete or not at all, nothing outside the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import HarnessError


def write_folder(folder: Path, files: Mapping[str, str], obsolete: Iterable[str] = ()) -> None:
    """Each text under its name, by way of a temporary file that is renamed when complete.

    ``obsolete`` are names of an earlier run that do not belong to this result; they are removed first, so
    that a failed run never leaves the figures of the one before. HarnessError when the folder cannot be
    made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in obsolete:
            if name not in files:
                (folder / _plain_name(name)).unlink(missing_ok=True)
        for name, text in files.items():
            _write(folder / _plain_name(name), text)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def make_folder(folder: Path) -> Path | None:
    """Makes the folder and those above it; the folder if it was not there before, else None.

    HarnessError when it cannot be made or nothing can be written into it.
    """
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return folder if new else None


def remove_if_empty(folder: Path | None) -> None:
    """Takes back :func:`make_folder` when nothing came of it."""
    if folder is not None:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _cannot_write(folder: Path, error: OSError) -> HarnessError:
    return HarnessError(f"cannot write the output folder '{folder}': {error.strerror or error}")


def _plain_name(name: str) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"not a plain file name: {name!r}")
    return name


def _write(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        # mkstemp makes files for the owner alone; results are as readable as any other file.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
