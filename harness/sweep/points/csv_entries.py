"""CSV files of configurations: a header of keys, then a configuration a row; empty cells are defaults."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Location
from harness.sweep.points.entry import Entry, Flaw, Source, file_text

CSV_SUFFIXES = (".csv", ".tsv")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class CsvPlace:
    """A row; names stand in the header."""

    file: str
    header: int
    line: int
    number: int

    def value(self, key: str | None = None) -> str:
        return f"{Location(self.file, self.line)}: configuration {self.number}: "

    def name(self, key: str) -> str:
        return f"{Location(self.file, self.header)}: "


def csv_source(path: Path) -> Source:
    """The rows as entries of texts. Separators are commas, or what the header has more of.

    Rows without any value are skipped. Raises ValueError, as text with the line, for a header that cannot
    be understood.
    """
    file = str(path)
    text = file_text(path)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    entries: list[Entry] = []
    header: list[str] | None = None
    header_line = line = 1
    try:
        for cells in reader:
            began, line = line, reader.line_num + 1
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if header is None:
                header, header_line = values, began
                _check_header(values, str(Location(file, began)))
                continue
            if len(values) != len(header):
                content: object = Flaw(f"the row has {len(values)} cells, the header {len(header)}")
            else:
                content = {key: value for key, value in zip(header, values, strict=True) if value}
            entries.append(Entry(content, CsvPlace(file, header_line, began, len(entries))))
    except csv.Error as error:
        raise ValueError(f"{Location(file, line)}: not CSV: {error}") from error
    if header is None:
        raise ValueError(f"{Location(file, 1)}: the first row must name the parameters")
    return Source(tuple(entries), (), CsvPlace(file, header_line, header_line, 0))


def _check_header(keys: list[str], place: str) -> None:
    for number, key in enumerate(keys):
        if not key:
            raise ValueError(f"{place}: column {number + 1} has no name")
        if key in keys[:number]:
            raise ValueError(f"{place}: the column '{key}' is there twice")
