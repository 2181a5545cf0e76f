"""What a benchmark yields, as rows for the screen and for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One measured figure. ``ratio`` compares it with ``compared_with`` (the label of another row)."""

    label: str
    value: float
    unit: str
    note: str = ""
    ratio: float | None = None
    compared_with: str | None = None


@dataclass(frozen=True)
class Section:
    """The rows of one benchmark, with what was measured and how in one sentence."""

    name: str
    title: str
    method: str
    rows: tuple[Row, ...] = field(default=())


def shown(value: float) -> str:
    """Three significant digits, thousands grouped."""
    if value >= 1000:
        digits = len(str(int(value)))
        return f"{round(value, 3 - digits):,.0f}"
    return f"{value:.3g}"


def as_text(section: Section) -> str:
    """The section as a table of plain text."""
    label_width = max((len(row.label) for row in section.rows), default=0)
    value_width = max((len(shown(row.value)) for row in section.rows), default=0)
    unit_width = max((len(row.unit) for row in section.rows), default=0)
    lines = [f"{section.title}", f"  {section.method}", ""]
    for row in section.rows:
        line = f"  {row.label:<{label_width}}  {shown(row.value):>{value_width}} {row.unit:<{unit_width}}"
        if row.ratio is not None:
            line += f"  {shown(row.ratio)} x {row.compared_with}"
        if row.note:
            line += f"  ({row.note})"
        lines.append(line.rstrip())
    return "\n".join(lines)
