"""How figures of the tables are written: with six digits, as the tables have them; alike lines as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.engines.energy_tables import LEAK, ComponentFigures, EnergyTables, Line
from harness.engines.given_answers import GIVEN
from harness.estimation.answers import Contribution
from harness.estimation.query import CLOCK_ARGUMENTS, Finding

MOST_NAMES = 4
"""Names of components in a line."""

MOST_ALIKE = 8
"""Lines of one action, with different arguments and figures, that are all shown."""


def six(value: float) -> str:
    """Six significant digits, without an exponent where people read numbers without one."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.6g}"
    places = max(0, 5 - math.floor(math.log10(abs(value))))
    text = f"{round(value, places):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def watts(value: float | None) -> str:
    """For example ``22.8 uW``."""
    if value is None:
        return "-"
    if value == 0:
        return "0 W"
    units = ((1.0, "W"), (1e-3, "mW"), (1e-6, "uW"), (1e-9, "nW"))
    size, unit = next((u for u in units if value >= u[0]), units[-1])
    return f"{value / size:.4g} {unit}"


def percent(uncertainty: float | None) -> str:
    return "" if uncertainty is None else f"{uncertainty * 100:.3g} %"


def arguments_of(line: Line) -> str:
    """Arguments that tell lines of one action apart; Accelergy writes the clock beside every action."""
    return " ".join(f"{name}={value}" for name, value in line.answer.arguments if name not in CLOCK_ARGUMENTS)


def part_name(part: Contribution, component: str) -> str:
    """``storage`` for ``System.Buffer[1..16].storage``; "" for a component without parts."""
    return part.component.removeprefix(component).removeprefix(".")


@dataclass(frozen=True)
class Row:
    """Neighbouring lines that are alike but for the action or its arguments, shown as one."""

    component: ComponentFigures
    label: str
    lines: tuple[Line, ...]

    @property
    def line(self) -> Line:
        return self.lines[0]


def rows_of(component: ComponentFigures, everything: bool = False) -> list[Row | int]:
    """The lines as rows; a number stands for that many lines that are left out."""
    groups: list[list[Line]] = []
    for line in component.lines:
        if groups and not everything and _alike(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
    rows: list[Row | int] = [Row(component, _label(group), tuple(group)) for group in groups]
    if everything:
        return rows
    shown: list[Row | int] = []
    for run in _runs(rows):
        shown += run if len(run) <= MOST_ALIKE else [*run[:3], len(run) - 4, run[-1]]
    return shown


def _runs(rows: Sequence[Row | int]) -> list[list[Row | int]]:
    """Rows of one action after the other."""
    runs: list[list[Row | int]] = []
    for row in rows:
        before = runs[-1][-1] if runs else None
        alike = isinstance(before, Row) and isinstance(row, Row) and before.line.action == row.line.action
        if alike:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _alike(a: Line, b: Line) -> bool:
    """Same figure from the same parts."""
    if a.value != b.value or a.unit != b.unit or len(a.answer.parts) != len(b.answer.parts):
        return False
    pairs = zip(a.answer.parts, b.answer.parts, strict=True)
    return all((p.component, p.factor, _told(p)) == (q.component, q.factor, _told(q)) for p, q in pairs)


def _told(part: Contribution) -> Finding:
    """The finding, without the line of a given table, which is another for each action."""
    finding = part.finding
    return replace(finding, citation="") if finding.estimator == GIVEN else finding


def _label(group: Sequence[Line]) -> str:
    """The actions of a row, and from which to which of their arguments."""
    if group[0].action is None:
        return "area"
    if group[0].action == LEAK:
        return "leak per cycle"
    actions = dict.fromkeys(str(line.action) for line in group)
    texts = list(dict.fromkeys(filter(None, map(arguments_of, group))))
    if not texts:
        return ", ".join(actions)
    last = texts[-1].rpartition("=")[2]
    return f"{', '.join(actions)} {texts[0]}" + (f"..{last}" if len(texts) > 1 else "")


def heading(tables: EnergyTables) -> str:
    """What the tables are of, in one line."""
    where = [f"at {tables.technology}" if tables.technology is not None else ""]
    where.append("" if tables.cycle_seconds is None else f"{tables.cycle_seconds * 1e9:g} ns")
    place = ", ".join(filter(None, where))
    return " ".join(filter(None, (tables.architecture, place)))


def totals(tables: EnergyTables) -> list[tuple[str, str]]:
    """Label and text of the lines under the tables."""
    from harness.report import quantities  # noqa: PLC0415

    area = tables.area_um2
    found = [("total area", "not given" if area is None else f"{quantities.area(area)} of all instances")]
    leak = f"{six(tables.leak_pj_per_cycle)} pJ/cycle"
    power = "" if tables.leak_watts is None else f" = {watts(tables.leak_watts)}"
    found.append(("total leakage", f"{leak}{power} of all instances, with nothing switched off"))
    if tables.uncharged:
        counted = f"{six(tables.charged_leak_pj_per_cycle)} pJ/cycle at most"
        found.append(("in a run", f"{counted}: the model leaves out that of {_names(tables.uncharged)}"))
    return found


def _names(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return ", ".join([*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"])
