"""A comparison of tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.energy.compare import Compared, Comparison
from harness.report.energy.figures import six
from harness.report.energy.screen import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_comparison(console: Console, comparison: Comparison, everything: bool = False) -> None:
    """What differs or is on one side only; with ``everything`` also what is equal."""
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    title = Text.assemble((comparison.architecture, "bold"), " (ours) against ", (comparison.file, "bold"))
    console.print(title)
    shown = [line for line in comparison.lines if everything or line.status != "equal"]
    if shown:
        console.print()
        console.print(_table(shown))
        console.print()
    counts = [
        (comparison.count(status), status) for status in ("equal", "differs", "only ours", "only theirs")
    ]
    words = {"equal": "equal in six digits", "differs": "different"}
    told = [f"{count} {words.get(status, status)}" for count, status in counts if count]
    console.print(Text(f"{len(comparison.lines)} lines: " + (", ".join(told) or "none")))


def _table(lines: list[Compared]) -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("component", overflow="fold", style="cyan")
    table.add_column("action", overflow="fold", min_width=10)
    for heading in ("ours", "theirs", "theirs/ours", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for line in lines:
        table.add_row(
            plain(line.component if line.component != before else ""),
            plain(line.action),
            *(_figure(value) for value in (line.ours, line.theirs)),
            "-" if line.ratio is None else f"{line.ratio:.4g}",
            "equal" if line.equal else _figure(line.difference, signed=True),
        )
        before = line.component
    return table


def _figure(value: float | None, signed: bool = False) -> str:
    if value is None:
        return "-"
    return ("+" if signed and value > 0 else "") + six(value)
