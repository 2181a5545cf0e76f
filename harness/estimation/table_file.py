"""Reading CSV tables strictly: every row complete, every number checked, errors with file and line.

A line that starts with ``#`` is a comment (the source of the figures is stated there). A file whose name
ends in ``.gz`` is decompressed on reading. What spreadsheets leave behind does no harm: a byte order mark,
CRLF, columns without a name at the end as long as they are empty. Files and rows are bounded, so that a
wrong file ends in an error instead of filling the memory.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import EstimationError, Location

MAX_BYTES = 32_000_000
MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a CSV file: column name -> text, and where it stands."""

    cells: dict[str, str]
    location: Location

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        if value is None:
            raise EstimationError(f"column '{column}' is missing from the table", self.location)
        return value

    def not_negative(self, column: str) -> float:
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            raise EstimationError(f"{column} is '{text}', not a number", self.location) from None
        if not math.isfinite(value) or value < 0:
            raise EstimationError(f"{column} is {text}, it cannot be negative or infinite", self.location)
        return value

    def positive(self, column: str) -> float:
        value = self.not_negative(column)
        if value == 0:
            raise EstimationError(f"{column} is 0, it must be above 0", self.location)
        return value


def read_table(path: Path) -> Iterator[TableRow]:
    """The rows of a CSV file. :class:`EstimationError` for an unreadable file or a ragged row."""
    header, rows = _header_and_rows(path)
    for location, fields in rows:
        yield TableRow({c: f.strip() for c, f in zip(header, fields, strict=True)}, location)


def read_numbers(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, tuple[float, ...]]]:
    """The line of every row and its named columns, as numbers of 0 or more: for large tables, without the
    ceremony.
    """
    header, rows = _header_and_rows(path)
    for column in columns:
        if column not in header:
            raise EstimationError(f"column '{column}' is missing from the table", Location(str(path)))
    places = [header.index(column) for column in columns]
    for location, fields in rows:
        try:
            values = tuple([float(fields[place]) for place in places])
        except ValueError:
            values = (-1.0,)
        if min(values) < 0 or not math.isfinite(sum(values)):
            row = TableRow(dict(zip(header, fields, strict=True)), location)
            values = tuple(row.not_negative(column) for column in columns)
        yield location.line or 0, values


def _header_and_rows(path: Path) -> tuple[list[str], Iterator[tuple[Location, list[str]]]]:
    lines = _content_lines(path)
    if not lines:
        raise EstimationError("the table is empty", Location(str(path)))
    if len(lines) > MAX_ROWS + 1:
        raise EstimationError(f"the table has more than {MAX_ROWS} rows", Location(str(path), lines[-1][0]))
    reader = csv.reader(text for _, text in lines)
    place = Location(str(path), lines[0][0])
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise EstimationError(f"the header is no CSV: {error}", place) from None
    written = len(header)
    while header and not header[-1]:
        header.pop()
    _check_header(header, place)
    return header, _rows(path, lines[1:], reader, (len(header), written))


def _rows(
    path: Path, lines: list[tuple[int, str]], reader: Iterator[list[str]], widths: tuple[int, int]
) -> Iterator[tuple[Location, list[str]]]:
    """``widths``: the columns with a name, and with those without one at the end of the header."""
    file = str(path)
    width, written = widths
    for line, _ in lines:
        location = Location(file, line)
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise EstimationError(f"the row is no CSV: {error}", location) from None
        if fields is None:
            raise EstimationError("a quoted field goes over several lines", location)
        while width < len(fields) <= written and not fields[-1].strip():
            fields.pop()
        if len(fields) != width:
            raise EstimationError(
                f"the row has {len(fields)} fields, the header {width} columns",
                location,
                "a missing field shifts the others into the wrong columns",
            )
        yield location, fields


def _content_lines(path: Path) -> list[tuple[int, str]]:
    """(line number from 1, text) of the lines that are neither empty nor comments."""
    text = _text(path, _bytes(path))
    numbered = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [(number, line) for number, line in numbered if line and line[0] != "#" and not line.isspace()]


def _bytes(path: Path) -> bytes:
    place = Location(str(path))
    if path.exists() and not path.is_file():
        raise EstimationError("the table cannot be read: this is no file", place)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if path.suffix == ".gz" and len(data) <= MAX_BYTES:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise EstimationError(f"the table cannot be read: {reason}", place) from None
    if len(data) > MAX_BYTES:
        raise EstimationError(f"the table is larger than {MAX_BYTES // 1_000_000} MB", place)
    return data


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EstimationError(
            "the table cannot be read: this is not UTF-8", Location(str(path), line), "save it as UTF-8"
        ) from None


def _check_header(header: list[str], location: Location) -> None:
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise EstimationError(f"column '{sorted(repeated)[0]}' occurs twice in the header", location)
    if "" in header or not header:
        raise EstimationError("a column of the header has no name", location)
