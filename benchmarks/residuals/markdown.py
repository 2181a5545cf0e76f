"""The tables of ``docs/energy.md``; a test holds them and the page together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from benchmarks.residuals.estimators import EQUAL, LOGIC, NOT_THERE, Pair
from benchmarks.residuals.golden import Line, Table
from benchmarks.residuals.published import EYERISS, Compared


def reference_table(tables: Iterable[Table]) -> Iterator[str]:
    """How much of each table is equal, and how much differs for which reason."""
    yield "| table | evaluations | figures | equal | the others |"
    yield "|---|---|---|---|---|"
    for table in tables:
        equal = sum(line.equal for line in table.lines)
        reasons = Counter(line.reason for line in table.lines if not line.equal)
        others = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        used = str(table.evaluations) if table.evaluations > 1 else ""
        yield f"| `{table.name}` | {used} | {len(table.lines)} | {equal} | {others} |"


def difference_table(lines: Iterable[Line]) -> Iterator[str]:
    """Lines that differ, equal ones told once."""
    yield "| component, action | reference | ours | ours/reference | reason |"
    yield "|---|---|---|---|---|"
    rows = []
    for line in lines:
        if not line.equal and line.theirs is not None:
            name = line.component.partition("[")[0].rpartition(".")[2]
            what = f"`{name}` {line.what.partition('(')[0]}"
            ratio = "" if line.difference is None else f"{1 + line.difference:.4g}"
            rows.append(f"| {what} | {line.theirs:.6g} | {_number(line.ours)} | {ratio} | {line.reason} |")
    yield from dict.fromkeys(rows)


def kinds_table(pairs: Sequence[Pair]) -> Iterator[str]:
    """One row for each kind of component, node and ratio; figures are of the widest, of the first action."""
    yield "| component | what | default | hwcomponents | ratio | reason |"
    yield "|---|---|---|---|---|---|"
    rows: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        ratio = "" if pair.ratio is None else f"{pair.ratio:.4g}"
        kind = pair.class_name
        key: tuple[str, ...]
        if pair.reason in (EQUAL, NOT_THERE):
            key = (pair.reason, kind)
        elif kind in LOGIC:
            key = (pair.reason, kind, pair.node, ratio)
        else:
            key = (pair.reason, kind, pair.node, ratio, pair.size, pair.what)
        rows.setdefault(key, []).append(pair)
    order = sorted(rows, key=lambda key: (key[0] in (EQUAL, NOT_THERE), key[0], key[1:]))
    for key in order:
        group = sorted(rows[key], key=_telling)
        first = group[0]
        if key[0] in (EQUAL, NOT_THERE):
            ratio = "1" if key[0] == EQUAL else ""
            yield f"| `{key[1]}` | {len(group)} figures | | | {ratio} | {key[0]} |"
            continue
        actions = ", ".join(dict.fromkeys(pair.what for pair in group))
        widths = sorted({int(w) for pair in group if (w := pair.attribute("width")) is not None})
        sizes = f", width {', '.join(map(str, widths))}" if widths else ""
        if first.attribute("depth") not in (None, "1"):
            sizes += f", depth {first.attribute('depth')}"
        figures = f"{_number(first.default)} | {_number(first.chosen)}"
        yield f"| `{first.class_name}` {first.node}{sizes} | {actions} | {figures} | {key[3]} | {key[0]} |"


def _telling(pair: Pair) -> tuple[bool, int]:
    """Actions before leakage, the widest first."""
    return pair.what == "leak", -int(pair.attribute("width") or 0)


def published_table(compared: Iterable[Compared]) -> Iterator[str]:
    yield "| figure | source | published | default | error | hwcomponents | error |"
    yield "|---|---|---|---|---|---|---|"
    for one in compared:
        source = "Eyeriss, 65 nm" if one.published.source == EYERISS else "Horowitz, 45 nm"
        unit = "MAC" if one.published.per else "pJ"
        ours = " | ".join(f"{_number(v)} | {_percent(one.error(v))}" for v in (one.default, one.chosen))
        yield f"| {one.published.label} | {source} | {one.published.value:g} {unit} | {ours} |"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _percent(error: float | None) -> str:
    return "-" if error is None else f"{100 * error:+.0f} %"
