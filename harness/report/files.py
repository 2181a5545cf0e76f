"""Writes an output folder: every file complete or not at all, nothing outside the folder."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.errors import HarnessError

_RANDOM_CHARACTERS = 8
"""At the end of the names of temporary files."""

_BINARY = getattr(os, "O_BINARY", 0)


def write_folder(folder: Path, files: Mapping[str, str | bytes], obsolete: Iterable[str] = ()) -> None:
    """Each text or content under its name, by way of a temporary file that is renamed when complete.

    ``obsolete`` are names of an earlier run that do not belong to this result; they are removed, so that a
    failed run never leaves the figures of the one before. The new files appear together when all of them
    are complete, also when two runs write the same folder at once. HarnessError when the folder cannot be
    made or written; then it is as it was before.
    """
    token = os.urandom(_RANDOM_CHARACTERS // 2).hex()
    complete: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            place = folder / _plain_name(name)
            if place.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
            temporary = folder / f".{name}.{token}"
            complete[temporary] = place
            _write(temporary, content)
        with _one_at_a_time(folder):
            for name in obsolete:
                if name not in files:
                    (folder / _plain_name(name)).unlink(missing_ok=True)
            for temporary in list(complete):
                temporary.replace(complete[temporary])
                del complete[temporary]
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        for temporary in complete:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Holds a lock on the folder where the system has such locks."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(ImportError, OSError):
            import fcntl  # noqa: PLC0415 - not on every system

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


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


def remove_temporaries(folder: Path, names: Iterable[str]) -> None:
    """Removes what a killed :func:`write_folder` of ``names`` left; only for who writes the folder alone."""
    known = set(names)
    try:
        for path in folder.iterdir():
            name, _, rest = path.name[1:].rpartition(".")
            if path.name.startswith(".") and name in known and len(rest) == _RANDOM_CHARACTERS:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def remove_if_empty(folder: Path | None) -> None:
    """Takes back :func:`make_folder` when nothing came of it."""
    if folder is not None:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _cannot_write(folder: Path, error: OSError) -> HarnessError:
    reason = error.strerror or str(error)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        reason = "a file is in the way"
    elif isinstance(error, IsADirectoryError) and error.filename is not None:
        reason = f"the folder '{Path(error.filename).name}' is in the way of a file"
    return HarnessError(f"cannot write the output folder '{folder}': {reason}")


def _plain_name(name: str) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"not a plain file name: {name!r}")
    return name


def _write(place: Path, content: str | bytes) -> None:
    """A new file, as readable as any other."""
    if isinstance(content, str):
        content = content.encode("utf-8", errors="backslashreplace")
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        rest = memoryview(content)
        while rest:
            rest = rest[stream.write(rest) :]
