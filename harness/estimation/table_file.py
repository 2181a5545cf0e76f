"""Reading CSV tables strictly: every row complete, every number checked, errors with file and line.

A line that starts with ``#`` is a comment (the source of the figures is stated there). A file whose name
ends in ``.gz`` is decompressed on reading.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import EstimationError, Location


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
    lines = list(_content_lines(path))
    if not lines:
        raise EstimationError("the table is empty", Location(str(path)))
    reader = csv.reader(text for _, text in lines)
    header = [name.strip() for name in next(reader)]
    _check_header(header, Location(str(path), lines[0][0]))
    for (line, _), fields in zip(lines[1:], reader, strict=False):
        location = Location(str(path), line)
        if len(fields) != len(header):
            raise EstimationError(
                f"the row has {len(fields)} fields, the header {len(header)} columns",
                location,
                "a missing field shifts the others into the wrong columns",
            )
        yield TableRow({c: f.strip() for c, f in zip(header, fields, strict=True)}, location)


def _content_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) of the lines that are neither empty nor comments."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EstimationError(f"the table cannot be read: {error}", Location(str(path))) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _check_header(header: list[str], location: Location) -> None:
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise EstimationError(f"column '{sorted(repeated)[0]}' occurs twice in the header", location)
    if "" in header:
        raise EstimationError("a column of the header has no name", location)
