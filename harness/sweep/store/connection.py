"""Opening a store, and telling what SQLite has against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from harness.errors import HarnessError, SpecError
from harness.sweep.store.schema import ADDED_SINCE, SCHEMA, SCHEMA_VERSION, lacking

FILE_NAME = "sweep.sqlite"
_APPLICATION = 0x54485753
"""Of ``PRAGMA application_id``: the file is a store of ours and no other program's database."""


class _ReadCursor(sqlite3.Cursor):
    """A file may be damaged anywhere, which shows only when the rows are fetched."""

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        try:
            super().execute(sql, parameters)
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error
        return self

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.DatabaseError) -> HarnessError:
        file = self.connection.file if isinstance(self.connection, _ReadConnection) else ""
        return HarnessError(f"cannot read '{file}': {told(error)}")


class _ReadConnection(sqlite3.Connection):
    """Raises HarnessError for a file that cannot be read."""

    file = ""

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        return self.cursor(_ReadCursor).execute(sql, parameters)


def create(file: Path | str) -> sqlite3.Connection:
    """A connection that may write; the tables are made when they are not there."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    try:
        version = _checked_version(connection, file, new=0)
        # Write-ahead: readers go on reading, and a commit is one append. What was committed survives the
        # death of the program and, as each commit waits for the disk, a power cut.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version < SCHEMA_VERSION:
            connection.execute("BEGIN IMMEDIATE")
            # Asked again: another program may have done it while this one waited.
            _bring_up_to_date(connection, _checked_version(connection, file, new=0))
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    statements = [f"ALTER TABLE {table} ADD COLUMN {column} TEXT" for table, column in lacking(version)]
    if version == 0:
        statements = [statement for statement in SCHEMA.split(";") if statement.strip()]
        statements.append(f"PRAGMA application_id = {_APPLICATION}")
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def open_to_read(file: Path) -> sqlite3.Connection:
    """HarnessError when the file is no store of this version."""
    try:
        connection = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10, factory=_ReadConnection
        )
    except sqlite3.Error as error:
        raise HarnessError(f"cannot read '{file}': {told(error)}") from error
    connection.file = str(file)
    try:
        _show_what_lacks(connection, lacking(_checked_version(connection, file)))
    except BaseException:
        connection.close()
        raise
    return connection


def _show_what_lacks(connection: sqlite3.Connection, columns: Sequence[tuple[str, str]]) -> None:
    """Tables of an earlier version as they would be now: a view in front of each, of the same name."""
    by_table: dict[str, list[str]] = {}
    for table, column in columns:
        by_table.setdefault(table, []).append(f"NULL AS {column}")
    for table, added in by_table.items():
        view = f"CREATE TEMP VIEW {table} AS SELECT *, {', '.join(added)} FROM main.{table}"
        connection.execute(view)


def _checked_version(connection: sqlite3.Connection, file: Path | str, new: int | None = None) -> int:
    """``new``: the version of a file that has nothing in it, which else is no store."""
    if new is not None and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return new
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != _APPLICATION:
        raise HarnessError(f"'{file}' is not a store of this program's sweeps", hint="choose another with -o")
    if version not in (*ADDED_SINCE, SCHEMA_VERSION):
        message = f"'{file}' has schema {version}, this program reads {SCHEMA_VERSION}"
        raise HarnessError(message, hint="choose another folder with -o")
    return version


@contextmanager
def sound_rows() -> Iterator[None]:
    """Around what makes objects of rows: a store that somebody has edited is told as that."""
    try:
        yield
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, SpecError, sqlite3.Error) as error:
        message = f"a row of the store {FILE_NAME} is damaged ({type(error).__name__}: {error})"
        raise HarnessError(message, hint="--fresh makes it anew") from error


def told(error: sqlite3.Error) -> str:
    text = str(error)
    if "disk is full" in text:
        return "the disk is full"
    if "not a database" in text or "malformed" in text:
        return f"the file is damaged or no store ({text})"
    return text
