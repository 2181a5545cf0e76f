"""The tables of an architecture on a terminal: figures, what they used, sources, totals, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.engines.energy_tables import LEAK, EnergyTables, Line
from harness.report import quantities
from harness.report.energy.figures import Row, heading, percent, rows_of, six, totals, watts
from harness.report.energy.origins import Origins, Use

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDE = 110


def print_tables(console: Console, tables: EnergyTables, everything: bool = False) -> None:
    """Everything; without ``everything`` equal lines are one, and what is no hardware is left out."""
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    origins = Origins(tables)
    title = Text(heading(tables), style="bold")
    title.append(f"   per action, of one instance; estimator: {tables.estimator}", style="default not bold")
    console.print(title)
    console.print()
    console.print(_figures(tables, origins, everything, console.width))
    console.print()
    console.print(_uses(tables, origins, console.width))
    console.print()
    print_origins(console, origins)
    console.print()
    console.print(pairs(totals(tables)))
    hidden = [] if everything else [c.name for c in tables.components if not c.hardware]
    if hidden:
        what = "levels stand" if len(hidden) > 1 else "level stands"
        note = f"{len(hidden)} {what} for fan-out or nothing that is built, and cost nothing (--all)"
        console.print(Text(note, "dim"))
    print_warnings(console, tables.warnings)


def _figures(tables: EnergyTables, origins: Origins, everything: bool, width: int) -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    shown = [c for c in tables.components if everything or c.hardware]
    stated = any(line.answer.uncertainty is not None for c in shown for line in c.lines)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("component", no_wrap=True, overflow="ellipsis", max_width=26 if width >= WIDE else 18)
    if width >= WIDE:
        table.add_column("class", overflow="fold", style="dim")
    table.add_column("action", overflow="fold", min_width=16)
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("of all", justify="right", no_wrap=True)
    if stated:
        table.add_column("±", justify="right", no_wrap=True)
    table.add_column("from", overflow="fold", min_width=12)
    for component in shown:
        name = plain(component.name + (f" x{component.instances}" if component.instances > 1 else ""), "cyan")
        kind = plain(component.class_name)
        rows = rows_of(component, everything)
        for number, row in enumerate(rows):
            cells: list[RenderableType] = [name if number == 0 else ""]
            if width >= WIDE:
                cells.append(kind if number == 0 else "")
            if isinstance(row, Row):
                cells += _cells(tables, row, origins, stated)
            else:
                cells.append(plain(f"... {row} more (--all)", "dim"))
            table.add_row(*cells, end_section=number == len(rows) - 1)
    return table


def _cells(tables: EnergyTables, row: Row, origins: Origins, stated: bool) -> list[RenderableType]:
    line = row.line
    figure = f"{six(line.value)} {'um^2' if line.action is None else 'pJ  '}"
    cells: list[RenderableType] = [plain(row.label), figure, of_all(tables, row)]
    if stated:
        cells.append(percent(line.answer.uncertainty))
    numbers = ",".join(str(origin.number) for origin in origins.of(line))
    return [*cells, plain(f"{line.answer.fit} [{numbers}]" if numbers else "-")]


def of_all(tables: EnergyTables, row: Row) -> str:
    """What all instances of the component take up or leak; "" for energies, which depend on the mapping."""
    return of_all_instances(tables, row.line, row.component.instances)


def of_all_instances(tables: EnergyTables, line: Line, instances: int) -> str:
    if line.action is None:
        return quantities.area(line.value * instances)
    if line.action == LEAK:
        return watts(tables.watts(line.value * instances))
    return ""


def _uses(tables: EnergyTables, origins: Origins, width: int) -> Table:
    """Which attributes each part used, and how it was scaled."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("part", overflow="fold", max_width=30 if width >= WIDE else 24)
    if width >= WIDE:
        table.add_column("class", overflow="fold", style="dim", max_width=24)
    table.add_column("actions", overflow="fold", max_width=22 if width >= WIDE else 16)
    table.add_column("attributes used, scaling", overflow="fold", ratio=1)
    table.add_column("from", overflow="fold", min_width=12)
    for component in tables.components:
        uses = origins.uses(component)
        if any(use.part for use in uses):
            table.add_row(plain(component.name, "cyan"))
        for use in uses:
            name = plain(f" {use.part}") if use.part else plain(component.name, "cyan")
            actions, used = plain(", ".join(use.actions)), plain(used_words(use))
            whence = plain(f"{use.finding.fit} [{use.origin.number}]")
            kind = [plain(use.class_name)] if width >= WIDE else []
            table.add_row(name, *kind, actions, used, whence)
    return table


def used_words(use: Use) -> str:
    """Attributes and scaling of a part, a line for each."""
    marks = {"row": "row ", "stated ±": "± "}
    return "\n".join(marks.get(label, "") + text for label, text in use.details) or "nothing"


def print_origins(console: Console, origins: Origins) -> None:
    console.print(pairs([(f"[{origin.number}]", origin.text) for origin in origins.all()]))


def print_warnings(console: Console, warnings: Sequence[str]) -> None:
    """Each once."""
    from rich.text import Text  # noqa: PLC0415

    if warnings:
        console.print()
    for warning in warnings:
        console.print(Text.assemble(("warning: ", "yellow"), warning))


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(plain(label), plain(value))
    return table


def plain(text: str, style: str = "") -> RenderableType:
    """Text as it is: brackets of names and numbers are no markup."""
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style=style)
