"""How a figure comes about: the tree of its parts, and the arithmetic down to the digit that is printed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.engines.energy_tables import LEAK, EnergyTables, Line
from harness.engines.given_answers import GIVEN
from harness.estimation.answers import Contribution
from harness.estimation.query import FITS
from harness.estimation.query import digits as _number
from harness.report import quantities
from harness.report.energy.figures import (
    Row,
    arguments_of,
    heading,
    part_name,
    percent,
    rows_of,
    six,
    watts,
)
from harness.report.energy.find import Found, find_lines
from harness.report.energy.origins import Origins, cited, ways
from harness.report.energy.screen import print_origins, print_warnings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

DIGITS = 6
"""Of the tables; the arithmetic is shown with more, so that it can be followed to the last of them."""
SHOWN_DIGITS = 12
MOST_TERMS = 12
"""Terms of a sum that are all written out."""


def print_derivation(console: Console, tables: EnergyTables, name: str) -> None:
    """Of every figure that ``name`` means, alike ones once. Raises SpecError for a name of nothing."""
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    found = find_lines(tables, name)
    component = found.component
    console.print(Text.assemble((component.full_name, "bold"), f" of {heading(tables)}"))
    count = f"{component.instances} instances" if component.instances > 1 else "1 instance"
    kind = f"class {component.class_name}, " if component.class_name else ""
    console.print(Text(f"{kind}{count}; estimator: {tables.estimator}", "dim"))
    origins = Origins()
    told: set[tuple[str, ...]] = set()
    for row in _rows(found):
        console.print()
        console.print(_tree(tables, row, origins, told))
    console.print()
    print_origins(console, origins)
    print_warnings(console, list(dict.fromkeys(w for line in found.lines for w in line.answer.warnings)))


def _rows(found: Found) -> list[Row]:
    """Alike lines together; of a single action with many arguments all."""
    component = found.component
    wanted = set(map(id, found.lines))
    rows = rows_of(component, everything=False) if len(found.lines) == len(component.lines) else None
    if rows is None:
        grouped = [row for row in rows_of(component) if isinstance(row, Row) and id(row.line) in wanted]
        return grouped or [Row(component, _name(line), (line,)) for line in found.lines]
    return [row for row in rows if isinstance(row, Row)]


def _name(line: Line) -> str:
    return " ".join(filter(None, (line.action or "area", arguments_of(line))))


def _tree(tables: EnergyTables, row: Row, origins: Origins, told: set[tuple[str, ...]]) -> Tree:
    """``told``: who was passed over, as far as it stands in a tree before."""
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    line, answer = row.line, row.line.answer
    title = Text.assemble((f"{row.component.name}.{row.label}", "bold cyan"), " = ")
    title.append(f"{six(line.value)} {line.unit}", "bold")
    tree = Tree(title, guide_style="dim")
    if not answer.parts:
        tree.add(Text(answer.note or "a placeholder without hardware"))
    for part in answer.parts:
        _add_part(tree, part, row, (origins, told))
    for text in _arithmetic(line):
        tree.add(text)
    after = _of_all(tables, row)
    if after:
        tree.add(Text(after, "dim"))
    return tree


def _add_part(tree: Tree, part: Contribution, row: Row, before: tuple[Origins, set[tuple[str, ...]]]) -> None:
    from rich.text import Text  # noqa: PLC0415

    finding = part.finding
    unit = row.line.unit
    name = part_name(part, row.component.full_name)
    title = Text()
    if part.factor != 1:
        title.append(f"{_number(part.factor)} x ")
    title.append(".".join(filter(None, (name or row.component.name, part.action or "area"))), "cyan")
    if part.class_name:
        title.append(f"  ({part.class_name})", "dim")
    title.append(f"  {_number(finding.value)} {unit}")
    branch = tree.add(title)
    branch.add(_grid(_told(part, unit, *before)))


def _told(
    part: Contribution, unit: str, origins: Origins, told: set[tuple[str, ...]]
) -> Iterable[tuple[str, Sequence[str]]]:
    """What there is to tell of a part: labels, and a text or several for each."""
    finding = part.finding
    if part.factors:
        yield "factor", [" x ".join(f"{_number(f)} ({name})" for name, f in part.factors)]
    rank = "" if finding.estimator == GIVEN else f"rank {finding.accuracy:g}"
    source = f"{finding.estimator} [{origins.origin(finding).number}]"
    yield "source", [", ".join(filter(None, (source, rank, cited(finding)[1])))]
    yield "accuracy", [f"{finding.fit}: {FITS[finding.fit]}"]
    if finding.attributes:
        yield "used", [" ".join(f"{name}={value}" for name, value in finding.attributes)]
    for label, text in ways(finding):
        yield label, [text]
    # A row as it is, which the source names already, needs no arithmetic.
    if len(finding.steps) > 1 or any(" x " in step or not cited(finding)[1] for step in finding.steps):
        yield "worked out", [*finding.steps, f"= {_number(finding.value)} {unit}"]
    if finding.uncertainty is not None:
        yield "stated ±", [percent(finding.uncertainty)]
    if finding.passed_over:
        yield "passed over", ["as above"] if finding.passed_over in told else finding.passed_over
        told.add(finding.passed_over)
    if finding.warnings:
        yield "warning", finding.warnings


def _grid(told: Iterable[tuple[str, Sequence[str]]]) -> Table:
    """Labels beside their texts, which stay beside them where they are broken."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True, min_width=11)
    table.add_column(overflow="fold")
    for label, texts in told:
        for number, text in enumerate(texts):
            style = "yellow" if label == "warning" else ""
            table.add_row(label if number == 0 else "", Text(text, style=style))
    return table


def _arithmetic(line: Line) -> list[Text]:
    """The sum of the parts as far as there is one, and its rounding."""
    from rich.text import Text  # noqa: PLC0415

    answer, parts = line.answer, line.answer.parts
    told: list[Text] = []
    plain = len(parts) == 1 and parts[0].factor == 1
    if parts and not plain:
        terms = [_term(part) for part in parts]
        if len(terms) > MOST_TERMS:
            terms = [*terms[:3], f"... {len(terms) - 4} more ...", terms[-1]]
        told.append(Text(f"{' + '.join(terms)} = {_number(answer.value)} {line.unit}"))
    if not math.isclose(answer.value, line.value, rel_tol=10**-SHOWN_DIGITS):
        rounded = f"{_number(answer.value)} -> {_number(line.value)} {line.unit}"
        told.append(Text(f"rounded to {DIGITS} digits: {rounded}"))
    return told


def _term(part: Contribution) -> str:
    value = _number(part.finding.value)
    return value if part.factor == 1 else f"{_number(part.factor)} x {value}"


def _of_all(tables: EnergyTables, row: Row) -> str:
    """What all instances come to, for what does not depend on a mapping."""
    line, count = row.line, row.component.instances
    times = f"x {count} instances = " if count > 1 else ""
    if line.action is None:
        return f"{times}{quantities.area(line.value * count)}" if times else ""
    if line.action == LEAK and line.value:
        clock = f" / {tables.cycle_seconds * 1e9:g} ns = " if tables.cycle_seconds else ""
        power = watts(tables.watts(line.value * count)) if tables.cycle_seconds else ""
        return f"{times}{six(line.value * count)} pJ/cycle{clock}{power}"
    return ""
