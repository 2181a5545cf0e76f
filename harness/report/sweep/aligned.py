"""Plain tables that fit the screen: a row that is too wide takes several lines, and no cell is lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_GAP, _NARROW = 2, 1
"""Blanks between columns, and where that makes a row too wide."""


@dataclass(frozen=True)
class Columns:
    """The heads of a table. ``figures`` is the first column of the second part: where rows do not fit, the
    columns before it and those from it on are kept apart. ``left`` are columns of words, set to the left.
    """

    heads: tuple[str, ...]
    figures: int
    left: Collection[int] = ()


def aligned(columns: Columns, rows: Sequence[Sequence[str]], width: int) -> str:
    """Head, rule and rows; column 0 stands before the first line of each row."""
    widths = [max(map(len, column)) for column in zip(columns.heads, *rows, strict=True)]
    for gap in (_GAP, _NARROW):
        if _taken(widths, gap) <= width:
            folds = [range(1, len(widths))]
            break
    else:
        gap, folds = _GAP, _folds(widths, columns.figures, width)
    rule = ["-" * width for width in widths]
    return "\n".join(
        line
        for row in (columns.heads, rule, *rows)
        for line in _folded(row, widths, folds, columns.left, gap)
    )


def fitting(columns: Columns, rows: Sequence[Sequence[str]], width: int) -> int:
    """How many of the first columns stand beside each other."""
    widths = [max(map(len, column)) for column in zip(columns.heads, *rows, strict=True)]
    for count in range(len(widths), 0, -1):
        if _taken(widths[:count], _NARROW) <= width:
            return count
    return 0


def _taken(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _folds(widths: Sequence[int], figures: int, width: int) -> list[range]:
    """The columns of each line: the two parts apart, as many to a line as fit."""
    folds = []
    for begin, end in ((1, figures), (figures, len(widths))):
        start, used = begin, widths[0]
        for column in range(begin, end):
            used += _GAP + widths[column]
            if used > width and column > start:
                folds.append(range(start, column))
                start, used = column, widths[0] + _GAP + widths[column]
        if start < end:
            folds.append(range(start, end))
    return folds


def _folded(
    row: Sequence[str], widths: Sequence[int], folds: Sequence[range], left: Collection[int], gap: int
) -> list[str]:
    def cell(column: int) -> str:
        text = row[column]
        return text.ljust(widths[column]) if column in left else text.rjust(widths[column])

    lines = []
    for number, fold in enumerate(folds):
        first = cell(0) if number == 0 else " " * widths[0]
        lines.append((" " * gap).join([first, *(cell(column) for column in fold)]).rstrip())
    return lines
