"""The rows of a sweep for other programs: CSV, JSON, Markdown, Parquet, and a plain table for people.

CSV, JSON and Parquet have every figure unrounded; what is not known is an empty field or null, never NaN.
Rows come one by one from the store, so that CSV, JSON and Markdown need no more memory for more rows.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.errors import HarnessError, unknown_name
from harness.report.files import write_folder
from harness.report.prose import folded
from harness.report.sweep.aligned import Columns, aligned, fitting
from harness.report.sweep.comparison_grid import (
    GRID_COLUMNS,
    comparison_grid,
    grid_markdown,
    grid_rows,
    grid_text,
)
from harness.report.sweep.words import plain
from harness.sweep.frames import PARAMETER, Row, rows_of

if TYPE_CHECKING:
    from harness.sweep.results import SweepResults

ExportedRows = Literal["configurations", "layers", "levels", "dataspaces", "architectures"]
"""Those of :class:`SweepResults`, and architectures against layers, each with its best configuration."""
TextFormat = Literal["table", "markdown", "csv", "json"]
FORMATS = (*get_args(TextFormat), "parquet")

_WORDS = ("reason", "operator", "bound_by", "proof", "notes", "key", "check", "check_told", "engine")
"""Columns of words that may be empty throughout."""
_FIRST = (
    "index", "study", "architecture", "model", PARAMETER, "layer", "kind", "level", "name", "dataspace",
    "times", "status", "check", "cycles", "energy_pj", "edp_j_cycles", "edp_sum", "edp", "utilization",
    "bound_by", "proof", "seconds", "area_um2", "reason",
)  # fmt: skip
"""Of the plain table, which may have no room for all columns."""

_AT_ONCE = 1000
UNFOLDED = 10**6


def export(
    results: SweepResults,
    rows: ExportedRows = "configurations",
    format: TextFormat = "csv",
    study: int | None = None,
    width: int = UNFOLDED,
) -> Iterator[str]:
    """The text in pieces. ``study`` None: all studies, one after the other.

    ``width`` is for the plain table alone, which has as many columns as fit, those that tell most before the
    others, and names the rest. Raises SpecError for another kind of rows or format.
    """
    if rows == "architectures" and format in ("table", "markdown"):
        return _grids(results, format, study, width)
    columns, found = _rows(results, rows, study)
    if format == "csv":
        return _csv(columns, found)
    if format == "json":
        return _json(columns, found)
    if format == "markdown":
        return _markdown(columns, found)
    if format == "table":
        return _table(columns, found, width)
    raise unknown_name("format", format, FORMATS)


def write_parquet(
    results: SweepResults, path: Path, rows: ExportedRows = "configurations", study: int | None = None
) -> None:
    """The file appears when it is complete. HarnessError without pyarrow, or when it cannot be written."""
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        hint = "pip install 'transformer-harness[parquet]'"
        raise HarnessError("Parquet needs the package pyarrow", hint=hint) from error
    columns, found = _rows(results, rows, study)
    values: list[list[Any]] = [[] for _ in columns]
    for row in found:
        for column, value in zip(values, row, strict=True):
            column.append(_finite(value))
    arrays = [_arrow_array(pyarrow, name, column) for name, column in zip(columns, values, strict=True)]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=list(columns)), buffer)
    write_folder(path.parent, {path.name: buffer.getvalue()})


def _arrow_array(pyarrow: Any, name: str, values: list[Any]) -> Any:
    """Of the one type that all values have; texts where they differ or exceed 64 bits."""
    if all(value is None for value in values):
        return pyarrow.array(values, pyarrow.string() if name in _WORDS else pyarrow.float64())
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.array([None if value is None else _exact(value) for value in values])


def _studies(results: SweepResults, study: int | None) -> list[int]:
    if study is not None:
        return [study]
    return [s.number for s in results.studies if any(results.counts(s.number).values())]


def _grids(
    results: SweepResults, format: Literal["table", "markdown"], study: int | None, width: int
) -> Iterator[str]:
    for position, number in enumerate(_studies(results, study)):
        grid = comparison_grid(results, number)
        yield "\n" if position else ""
        yield grid_markdown(grid) if format == "markdown" else grid_text(grid, width) + "\n"


def _grid_rows(results: SweepResults, study: int) -> Iterator[Row]:
    for row in grid_rows(comparison_grid(results, study)):
        yield (study, *row)


def _rows(
    results: SweepResults, rows: ExportedRows, study: int | None
) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Studies may have other parameters than others: all columns, and None for those a study lacks."""
    studies = _studies(results, study)
    if rows == "architectures":
        return ("study", *GRID_COLUMNS), chain.from_iterable(_grid_rows(results, n) for n in studies)
    parts = [rows_of(results, rows, number) for number in studies]
    if len(parts) == 1:
        return parts[0]
    columns = tuple(dict.fromkeys(name for names, _ in parts for name in names))
    return columns, _chained(columns, parts)


def _chained(
    columns: tuple[str, ...], parts: Iterable[tuple[tuple[str, ...], Iterator[Row]]]
) -> Iterator[Row]:
    for names, rows in parts:
        places = [names.index(name) if name in names else None for name in columns]
        for row in rows:
            yield tuple(None if place is None else row[place] for place in places)


def _csv(columns: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    yield _taken(stream)
    for some in _by_thousand(rows):
        writer.writerows([_exact(value) for value in row] for row in some)
        yield _taken(stream)


def _taken(stream: io.StringIO) -> str:
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return text


def _json(columns: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
    """A list of objects, one a line."""
    separator = "[\n"
    for some in _by_thousand(rows):
        objects = (dict(zip(columns, map(_finite, row), strict=True)) for row in some)
        lines = [json.dumps(entry, allow_nan=False, ensure_ascii=False) for entry in objects]
        yield separator + ",\n".join(lines)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _markdown(columns: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
    heads, cells, fixed = _for_people(columns, rows)
    if not cells:
        yield "no rows\n"
        return
    yield _markdown_row(heads)
    yield _markdown_row(["---"] * len(heads))
    for row in cells:
        yield _markdown_row(row)
    if fixed:
        yield f"\nIn all rows: {fixed}\n"


def _markdown_row(cells: Sequence[str]) -> str:
    escaped = (" ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


def _table(columns: Sequence[str], rows: Iterator[Row], width: int) -> Iterator[str]:
    heads, cells, fixed = _for_people(columns, rows)
    if not cells:
        yield "no rows\n"
        return
    order = sorted(range(len(heads)), key=lambda place: _rank(heads[place]))
    heads, cells = [heads[place] for place in order], [[row[place] for place in order] for row in cells]
    left = [place for place in range(len(heads)) if _are_words(row[place] for row in cells)]
    table = Columns(tuple(heads), len(heads), left)
    shown = max(fitting(table, cells, width), 1)
    first = replace(table, heads=table.heads[:shown], left=[place for place in left if place < shown])
    yield aligned(first, [row[:shown] for row in cells], width) + "\n"
    if shown < len(heads):
        yield folded(f"no room for: {', '.join(heads[shown:])} (--format csv has them)", width) + "\n"
    if fixed:
        yield folded(f"in all rows: {fixed}", width) + "\n"


def _rank(column: str) -> int:
    """What tells rows apart and what people look for comes first, the rest in its own order."""
    if column.startswith(PARAMETER):
        return _FIRST.index(PARAMETER)
    return _FIRST.index(column) if column in _FIRST else len(_FIRST)


def _for_people(columns: Sequence[str], rows: Iterator[Row]) -> tuple[list[str], list[list[str]], str]:
    """Heads, cells with six digits, and in one line the columns that are the same in all rows; empty ones and
    hashes are not told at all.
    """
    cells = [[_rounded(value) for value in row] for row in rows]
    fixed, varying = [], []
    for number, name in enumerate(columns):
        if name == "key":
            continue
        values = {row[number] for row in cells}
        if number and len(cells) > 1 and len(values) == 1:
            if values != {"-"}:
                fixed.append(f"{name}={values.pop()}")
        else:
            varying.append(number)
    return [columns[n] for n in varying], [[row[n] for n in varying] for row in cells], " ".join(fixed)


def _are_words(cells: Iterable[str]) -> bool:
    return any(cell != "-" and not cell.lstrip("-").replace(".", "", 1)[:1].isdigit() for cell in cells)


def _by_thousand(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _exact(value: Any) -> str:
    """Doubles with all the digits that tell them from any other; nothing for what is not known."""
    value = _finite(value)
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else plain(value)


def _rounded(value: Any) -> str:
    value = _finite(value)
    return f"{value:.6g}" if isinstance(value, float) else plain(value)
