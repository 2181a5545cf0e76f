"""Sentences that fit the terminal, and consoles that are no terminal."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from rich.table import Table

from harness.report.prose import Prose, folded
from harness.report.terminal import command_console

LINE = "search    random_pruned, best found by edp: 40 valid of 392 mappings in 1.3 s, 312/s, 4 of 5 opened"


@pytest.mark.parametrize("width", range(24, 100))
def test_lines_fit_and_keep_numbers_with_their_units(width: int) -> None:
    lines = folded(LINE, width, 10).splitlines()
    assert all(len(line) <= width for line in lines)
    assert " ".join(line.strip() for line in lines) == LINE
    assert all(line.startswith(" " * 10) for line in lines[1:])
    assert any("1.3 s," in line for line in lines) and any("392 mappings" in line for line in lines)


def test_what_fits_stays_as_it_is_and_what_has_no_spaces_is_not_broken() -> None:
    assert folded("  a   b", 7) == "  a   b"
    path = "/a/folder/" + "with-a-long-name/" * 5
    assert folded(f"page in {path}", 40) == f"page in\n    {path}"
    assert folded("     3  KQV: a b", 14).splitlines() == ["     3  KQV: a", "         b"]


def test_a_cell_of_prose_is_broken_where_a_line_is() -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("accuracy", Prose("[97.2 %] scaled, 2.8 % row; +- stated for none of it"))
    stream = io.StringIO()
    Console(file=stream, width=50).print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines == ["accuracy  [97.2 %] scaled, 2.8 % row; +- stated", "          for none of it"]


def test_what_is_no_terminal_gets_no_blanks_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "30")
    command_console(narrowest=60).print("a  \n  b", justify="center")
    first, second, last = stream.getvalue().split("\n")
    assert (first.split(), second.split(), last) == (["a"], ["b"], "")
    assert first.endswith("a") and second.endswith("b") and 25 < len(first) < 35
