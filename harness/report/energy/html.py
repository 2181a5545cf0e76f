"""The tables of an architecture as HTML: markup without scripts, for a page of its own or of a sweep."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from harness.engines.energy_tables import EnergyTables, Line
from harness.report.energy.figures import Row, heading, part_name, percent, rows_of, six, totals
from harness.report.energy.origins import Origins, Use
from harness.report.energy.screen import of_all, used_words

_NUMBER = ' class="number"'
_HEADS = {"figure": _NUMBER, "of all": ' class="number all"', "±": _NUMBER, "class": ' class="kind"'}
_JOINT = re.compile(r"([_/=]|\.(?=[A-Za-z]))(?=.)")
"""Where long names and paths may be broken."""


def tables_html(tables: EnergyTables) -> str:
    """Figures, what they used, how sums are made, sources, totals, warnings. Every text is escaped."""
    origins = Origins(tables)
    parts = [
        f"<h3>{_text(heading(tables))}</h3>",
        f'<p class="hint">Energy per action, and area, of one instance. Estimator: '
        f"{_text(tables.estimator)}.</p>",
        _figures(tables, origins),
        _definitions(totals(tables)),
        _folded("Attributes used and scaling, part by part", _uses(tables, origins)),
    ]
    sums = list(_sums(tables))
    if sums:
        parts.append(_folded("What the sums are made of", _table(("sum of", "parts"), sums, "wide")))
    parts.append('<h4>Sources</h4><ol class="sources">')
    parts += [f"<li>{_text(origin.text)}</li>" for origin in origins.all()]
    parts.append("</ol>")
    if tables.warnings:
        parts.append("<h4>Warnings</h4>" + _list(tables.warnings))
    return "\n".join(parts)


def _figures(tables: EnergyTables, origins: Origins) -> str:
    rows: list[str] = []
    stated = any(line.answer.uncertainty is not None for c in tables.components for line in c.lines)
    for component in tables.components:
        if not component.hardware:
            continue
        count = f" <small>×{component.instances:,}</small>" if component.instances > 1 else ""
        shown = rows_of(component)
        for number, row in enumerate(shown):
            name = f"{_text(component.name)}{count}" if number == 0 else ""
            kind = _text(component.class_name) if number == 0 else ""
            cells = [f'<th scope="row">{name}</th>', f'<td class="kind">{kind}</td>']
            if isinstance(row, Row):
                cells += _cells(tables, row, origins, stated)
            else:
                cells.append(f'<td colspan="4">… {row} more</td>')
            rows.append("<tr>" + "".join(cells) + "</tr>")
    head = ["component", "class", "action", "figure", "of all", "±", "from"]
    if not stated:
        head.remove("±")
    return _table_of(head, rows)


def _cells(tables: EnergyTables, row: Row, origins: Origins, stated: bool) -> list[str]:
    line = row.line
    numbers = ",".join(str(origin.number) for origin in origins.of(line))
    unit = "um²" if line.action is None else "pJ"
    uncertainty = [f"<td{_NUMBER}>{_text(percent(line.answer.uncertainty))}</td>"] if stated else []
    return [
        f"<td>{_text(row.label)}</td>",
        f"<td{_NUMBER}>{six(line.value)} <small>{unit}</small></td>",
        f'<td class="number all">{_text(of_all(tables, row))}</td>',
        *uncertainty,
        f"<td>{_text(line.answer.fit)} [{numbers}]</td>" if numbers else "<td>–</td>",
    ]


def _uses(tables: EnergyTables, origins: Origins) -> str:
    head = ("part", "of class", "actions", "attributes used, scaling", "from")
    rows = [
        _use_cells(".".join(filter(None, (component.name, use.part))), use)
        for component in tables.components
        for use in origins.uses(component)
    ]
    return _table(head, rows, "wide uses")


def _use_cells(name: str, use: Use) -> list[str]:
    used = "\n".join(_text(line) + "<br>" for line in used_words(use).splitlines())
    actions = ", ".join(use.actions)
    return [
        _text(name), _text(use.class_name), _text(actions), used.removesuffix("<br>"),
        _text(f"{use.finding.fit} [{use.origin.number}]"),
    ]  # fmt: skip


def _sums(tables: EnergyTables) -> Iterable[list[str]]:
    """Name and arithmetic of every figure with more than one part, or a part that counts more than once."""
    for component in tables.components:
        for row in rows_of(component):
            if isinstance(row, Row) and _is_sum(row.line):
                yield [_text(f"{component.name}.{row.label}"), _text(_sum(row.line, component.full_name))]


def _is_sum(line: Line) -> bool:
    parts = line.answer.parts
    return len(parts) > 1 or any(part.factor != 1 for part in parts)


def _sum(line: Line, component: str) -> str:
    terms = [
        f"{part.factor:.12g} × {part_name(part, component) or 'itself'}.{part.action or 'area'} "
        f"({six(part.finding.value)})"
        for part in line.answer.parts
    ]
    return f"{' + '.join(terms)} = {six(line.answer.value)} {line.unit}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """``rows`` of cells that are markup already."""
    lines = [
        "<tr>"
        + "".join(f'<th scope="row">{c}</th>' if at == 0 else f"<td>{c}</td>" for at, c in enumerate(row))
        + "</tr>"
        for row in rows
    ]
    return _table_of(head, lines, kind)


def _table_of(head: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    top = "".join(f'<th scope="col"{_HEADS.get(name, "")}>{_text(name)}</th>' for name in head)
    body = "\n".join(rows)
    classes = f"data estimates {kind}".strip()
    return (
        f'<div class="scroll"><table class="{classes}"><thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _folded(title: str, content: str) -> str:
    return f'<details class="more"><summary>{_text(title)}</summary>{content}</details>'


def _definitions(pairs: Iterable[tuple[str, str]]) -> str:
    told = "".join(f"<dt>{_text(label)}</dt><dd>{_text(text)}</dd>" for label, text in pairs)
    return f'<dl class="facts">{told}</dl>'


def _list(texts: Iterable[str]) -> str:
    return '<ul class="notes">' + "".join(f"<li>{_text(text)}</li>" for text in texts) + "</ul>"


def _text(text: str) -> str:
    """Escaped; long names may be broken at their joints, which is no change of the text."""
    return _JOINT.sub(r"\1<wbr>", html.escape(text.replace("m^2", "m²"), quote=False))
