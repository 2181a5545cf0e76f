"""The tables of an architecture on a terminal: figures, what they used, sources, totals, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.engines.energy_tables import LEAK, ComponentFigures, EnergyTables, Line
from harness.report import quantities
from harness.report.energy.figures import Row, heading, percent, rows_of, six, totals, watts
from harness.report.energy.origins import Origins, Use
from harness.report.energy.wrapping import Cell, wrapped

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDE = 110
CROWDED = 18
"""Characters for actions, below which columns stand nearer to each other."""

WHENCE = len("interpolated [10]")
"""Characters of the column with accuracy class and sources."""


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
    head = ["component", "action", "figure", "of all", *(["±"] if stated else []), "from"]
    groups = [[_cells(tables, row, origins, stated) for row in _rows(c, everything)] for c in shown]
    columns = zip(head, *(row for rows in groups for row in rows), strict=True)
    widths = [max(map(_longest, column)) for column in columns]
    widths[0] = min(widths[0], 26 if width >= WIDE else 15 if stated else 18)
    kind = min(20, max((len(c.class_name) for c in shown), default=0)) if width >= WIDE else 0
    # Sources and figures are never broken; actions take what is left.
    gaps = len(widths) - (0 if kind else 1)
    left = width - (sum(widths) - widths[1] + kind + 2 * gaps)
    crowded = left < min(widths[1], CROWDED)
    widths[1] = max(10, min(widths[1], left + (gaps if crowded else 0)))
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 0 if crowded else 1, 0, 0)
    )
    for name, room in zip(head, widths, strict=True):
        numbers = name in ("figure", "of all", "±")
        style = "cyan" if name == "component" else ""
        table.add_column(name, width=room, justify="right" if numbers else "left", style=style)
        if name == "component" and kind:
            table.add_column("class", width=kind, style="dim")
    for component, rows in zip(shown, groups, strict=True):
        for number, row in enumerate(rows):
            cells = [plain(cell) for cell in row]
            if kind:
                cells.insert(1, plain(component.class_name if number == 0 else ""))
            table.add_row(*cells, end_section=number == len(rows) - 1)
    return table


def _rows(component: ComponentFigures, everything: bool) -> list[tuple[str, Row | int]]:
    """The rows, the first after the component's name."""
    name = component.name + (f" x{component.instances}" if component.instances > 1 else "")
    rows = rows_of(component, everything)
    return [(name if number == 0 else "", row) for number, row in enumerate(rows)]


def _longest(text: str) -> int:
    return max(map(len, text.split("\n")))


def _cells(tables: EnergyTables, row: tuple[str, Row | int], origins: Origins, stated: bool) -> list[str]:
    name, shown = row
    if isinstance(shown, int):
        return [name, f"... {shown} more (--all)", *[""] * (4 if stated else 3)]
    line = shown.line
    figure = f"{six(line.value)} {'um^2' if line.action is None else 'pJ  '}"
    plus_minus = [percent(line.answer.uncertainty)] if stated else []
    source = whence(line.answer.fit, [origin.number for origin in origins.of(line)])
    return [name, shown.label, figure, of_all(tables, shown), *plus_minus, source]


def whence(fit: str, numbers: Sequence[int]) -> str:
    """For example "row [1]"; many sources on lines of their own, so that none is ever cut off."""
    if not numbers:
        return "-"
    told = f"{fit} [{','.join(map(str, numbers))}]"
    return told if len(told) <= WHENCE else "\n".join([fit, *wrapped(told.removeprefix(f"{fit} "), WHENCE)])


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
    table.add_column("part", overflow="fold", max_width=30 if width >= WIDE else 20)
    if width >= WIDE:
        table.add_column("class", overflow="fold", style="dim", max_width=24)
    table.add_column("actions", overflow="fold", max_width=22 if width >= WIDE else 16)
    table.add_column("attributes used, scaling", overflow="fold", ratio=1)
    table.add_column("from", width=_whence_width(tables, origins))
    for component in tables.components:
        uses = origins.uses(component)
        if any(use.part for use in uses):
            table.add_row(plain(component.name, "cyan"))
        for use in uses:
            name = plain(f" {use.part}") if use.part else plain(component.name, "cyan")
            actions, used = plain(", ".join(use.actions)), plain(used_words(use))
            source = plain(whence(use.finding.fit, [use.origin.number]))
            kind = [plain(use.class_name)] if width >= WIDE else []
            table.add_row(name, *kind, actions, used, source)
    return table


def _whence_width(tables: EnergyTables, origins: Origins) -> int:
    uses = (use for component in tables.components for use in origins.uses(component))
    return max((len(whence(use.finding.fit, [use.origin.number])) for use in uses), default=4)


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
    return Cell(text, style)
