"""The folder of a sweep: who may write it, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.sweep.earlier.folders import earlier_indices, is_index, read_result_folders
from harness.sweep.record import FILE_NAME as RECORD_NAME
from harness.sweep.results import SweepResults
from harness.sweep.store.connection import FILE_NAME, open_to_read
from harness.sweep.store.importing import reader_of_records
from harness.sweep.store.reading import StoreReader

LOCK_NAME = ".sweep.lock"


@dataclass(frozen=True)
class Opened:
    """``unreadable`` has one line for each record that cannot be read."""

    results: SweepResults
    unreadable: tuple[str, ...]


def open_run(folder: Path, run: int) -> SweepResults:
    """The points that one run of a sweep has written or found there."""
    return SweepResults([StoreReader(open_to_read(folder / FILE_NAME), run)])


def open_results(folder: Path) -> Opened:
    """Everything that a folder holds: its store, and records of folders that are in no store.

    A sweep may be running there; what it has committed is seen. Raises HarnessError when nothing is there.
    """
    if not folder.is_dir():
        raise HarnessError(f"no folder '{folder}' to summarise", hint="choose another with -o")
    readers = []
    if (folder / FILE_NAME).is_file():
        readers.append(StoreReader(open_to_read(folder / FILE_NAME)))
    known = {index for reader in readers for index in reader.indices()}
    found = read_result_folders(folder, known)
    if found.records or found.earlier:
        readers.append(reader_of_records(found.records, found.earlier))
    results = SweepResults(readers)
    if len(results) == 0:
        for line in found.unreadable:
            raise HarnessError(f"no results in '{folder}': {line}")
        raise HarnessError(f"no results in '{folder}': neither {FILE_NAME} nor */{RECORD_NAME} is there")
    return Opened(results, found.unreadable)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Holds the folder for one sweep. Raises HarnessError when another one, alive, holds it.

    The lock is the system's and ends with the process, however that ends.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only where something is written

    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another sweep is running in '{folder}'{_who(folder)}"
        raise HarnessError(message, hint="wait for it, or choose another folder with -o") from error
    except OSError as error:
        raise HarnessError(f"cannot write the output folder '{folder}': {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def refuse_to_replace_earlier(folder: Path, first: int, last: int) -> None:
    """Raises HarnessError when configurations of the earlier harness lie under numbers from ``first`` to
    ``last``: nobody could make them again.
    """
    in_the_way = [index for index in earlier_indices(folder, ()) if first <= index <= last]
    if in_the_way:
        message = f"'{folder}' holds results of the earlier harness, under {in_the_way[0]} for one"
        raise HarnessError(message, hint="keep them: choose another folder with -o, or other numbers with -i")


def _who(folder: Path) -> str:
    """The process and the start of the run that holds the folder, as far as its store tells."""
    try:
        running = StoreReader(open_to_read(folder / FILE_NAME)).running()
    except HarnessError:
        return ""
    return "" if running is None else f" (process {running[0]}, since {running[1]}: {running[2]})"


def discard_store(folder: Path) -> None:
    """Removes the store and the records beside it; the caller holds the folder."""
    try:
        for record in folder.glob(f"*/{RECORD_NAME}"):
            if is_index(record.parent.name) and not record.parent.is_symlink():
                record.unlink()
        for suffix in ("", "-wal", "-shm", "-journal"):
            (folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise HarnessError(f"cannot write the output folder '{folder}': {error.strerror}") from error
