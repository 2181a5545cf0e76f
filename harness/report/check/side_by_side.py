"""Ours against theirs after a search, on a terminal: what was found, in what time, and whether it is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.engines.cross_check import CrossCheck
from harness.engines.result import Result
from harness.errors import one_line
from harness.report import quantities
from harness.report.check.checked import Checked
from harness.report.check.screen import plain_table, print_checked
from harness.report.proof_screen import percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_side_by_side(
    console: Console,
    ours: Result,
    theirs: Result | None,
    of_ours: CrossCheck | None,
    of_theirs: CrossCheck | None,
) -> None:
    """The table, where both searched, and the comparison of each mapping; in full where figures differ."""
    if theirs is not None:
        console.print(_table(ours, theirs))
        console.print()
        if theirs.status != "ok":
            line = f"its search: {one_line(theirs.reason or theirs.status)}"
            console.print(line, highlight=False, markup=False)
    for check, whose, who in (
        (of_ours, "our mapping", "the real Timeloop"),
        (of_theirs, "its mapping", "this package"),
    ):
        if check is None:
            continue
        if check.comparison.status == "equal":
            line = f"{whose}: {who} gives the same {check.comparison.compared:,} figures"
            console.print(line, highlight=False, markup=False)
        else:
            print_checked(console, Checked(whose, check))


def _table(ours: Result, theirs: Result) -> Table:
    table = plain_table()
    table.add_column("", style="dim", no_wrap=True)
    table.add_column("ours", justify="right", overflow="fold")
    table.add_column("theirs", justify="right", overflow="fold")
    table.add_column("theirs/ours", justify="right", no_wrap=True)
    table.add_row(*_row("EDP", quantities.edp, ours.edp_j_cycles, theirs.edp_j_cycles))
    table.add_row(*_row("energy", quantities.energy, ours.energy_pj, theirs.energy_pj))
    table.add_row(*_row("cycles", quantities.whole, ours.cycles, theirs.cycles))
    table.add_row(*_row("utilisation", quantities.fraction, ours.utilization, theirs.utilization))
    table.add_row(*_row("time", _time, ours.search.seconds, theirs.search.seconds))
    table.add_row("mappings tried", _tried(ours), _tried(theirs), "")
    table.add_row("valid ones", f"{ours.search.valid:,}", f"{theirs.search.valid:,}", "")
    table.add_row("search", ours.search.mapper, theirs.search.mapper, "")
    table.add_row("status", _status(ours), _status(theirs), "")
    return table


def _row[N: (int, float)](
    name: str, shown: Callable[[N | None], str], ours: N | None, theirs: N | None
) -> tuple[str, str, str, str]:
    return name, shown(ours), shown(theirs), _ratio(ours, theirs)


def _tried(result: Result) -> str:
    """A proof looks at parts of mappings; those it looks at as a whole are few."""
    search = result.search
    nodes = "" if search.certificate is None else f" and {search.certificate.nodes:,} nodes"
    return f"{search.evaluated_in_words}{nodes}"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else quantities.duration(seconds)


def _ratio(ours: float | None, theirs: float | None) -> str:
    return f"{theirs / ours:.4g}" if ours and theirs else "-"


def _status(result: Result) -> str:
    search = result.search
    if result.status != "ok":
        return "no mapping" if result.status == "no_mapping" else "failed"
    if search.status == "optimal":
        return "proven best"
    if search.status == "bound" and search.gap is not None:
        return f"within {percent(search.gap)}"
    ended = "" if result.timeloop is None else result.timeloop.ended
    return "best found" + (f", {ended}" if ended not in ("", "finished") else "")
