"""What a sweep looks like on a terminal: what is mapped, the best for each purpose, the failures, a table."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.sweep.comparison import CRITERIA, best_by, comparable, ranked, varying_keys
from harness.sweep.metrics import Metrics
from harness.sweep.outcome import LayerOutcome
from harness.sweep.record import ConfigurationRecord, Settings
from harness.sweep.workload import Workload

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN_TIES = 8


def print_sweep_heading(
    console: Console,
    *,
    architecture: str,
    configurations: int,
    others: AbstractMapping[str, int],
    workload: Workload,
    settings: Settings,
) -> None:
    """What is about to run; configurations of other architectures in the file are told, not passed over."""
    layers = len(workload.shares)
    jobs = configurations * len(workload.problems)
    _say(
        console,
        f"{_several(layers, 'layer')} of {workload.model} on {_several(configurations, 'configuration')} "
        f"of {architecture}: {_several(jobs, 'job')}",
    )
    if others:
        left = ", ".join(f"{count} of {name}" for name, count in others.items())
        _say(console, f"left out  {left} (take them with --arch)")
    if workload.fusion_level is not None:
        _say(console, f"fusion    {settings.fusion}: {', '.join(_fused(workload)) or 'no layer'}")
    _say(console, f"search    {settings.mapper}")
    console.print()


def _fused(workload: Workload) -> list[str]:
    return [share.layer.name for share in workload.shares if share.fusion is not None]


def print_summary(console: Console, records: Sequence[ConfigurationRecord], table: bool) -> None:
    """One summary for each group of records that can be compared."""
    groups = comparable(records)
    if len(groups) > 1:
        _say(
            console,
            f"{len(groups)} groups with different layers, fusion, mapper settings or versions; "
            "each is ranked for itself",
        )
    for group in groups:
        console.print()
        _print_group(console, group, table)


def _print_group(console: Console, records: Sequence[ConfigurationRecord], table: bool) -> None:
    first = records[0]
    good = ranked(records)
    failed = len(records) - len(good)
    shown = (
        f"{len(good)} of {_several(len(records), 'configuration')} mapped {'whole' if failed else ''}".strip()
    )
    _say(console, f"{shown}, {_layers(first.layers)} of {first.settings.model}")
    if first.settings.fusion is not None:
        fused = ", ".join(o.layer for o in first.layers if o.fused)
        _say(console, f"fused at {first.settings.fusion}: {fused}")
    keys = varying_keys(records)
    architectures = len({record.architecture for record in records}) > 1
    for criterion in CRITERIA if good else ():
        best = best_by(criterion, records)
        console.print()
        metrics = best[0].metrics
        assert metrics is not None
        console.print(f"[bold]best by {criterion.name}[/]  {_value(criterion.name, metrics)}")
        for record in best[:_SHOWN_TIES]:
            _say(console, f"  {record.index:>4}  {_described(record, keys, architectures)}")
        if len(best) > _SHOWN_TIES:
            _say(console, f"        and {len(best) - _SHOWN_TIES} more that are equal")
    _print_failures(console, records)
    _print_notes(console, records)
    if table and good:
        console.print()
        _say(console, _table(records, keys, architectures, console.width))
    console.print()


def _print_failures(console: Console, records: Sequence[ConfigurationRecord]) -> None:
    failed = [record for record in records if record.metrics is None]
    if not failed:
        return
    console.print()
    console.print(f"[bold red]not ranked[/], {_several(len(failed), 'configuration')} without all mappings")
    for record in failed:
        for reason, layers in _by_reason(record).items():
            _say(console, f"  {record.index:>4}  {', '.join(layers)}: {reason}")


def _by_reason(record: ConfigurationRecord) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for outcome in record.layers:
        if not outcome.ok:
            reasons.setdefault(outcome.reason or "", []).append(outcome.layer)
    return reasons


def _print_notes(console: Console, records: Sequence[ConfigurationRecord]) -> None:
    """Reservations about figures, each once with the layers and configurations that it is about."""
    where: dict[str, dict[str, list[str]]] = {}
    for record in records:
        for outcome in record.layers:
            for note in outcome.notes:
                where.setdefault(note, {}).setdefault(outcome.layer, []).append(str(record.index))
    if where:
        console.print()
    for note, layers in where.items():
        places = "; ".join(f"{layer} on {', '.join(indices)}" for layer, indices in layers.items())
        _say(console, f"note: {note} ({places})")


def _value(criterion: str, metrics: Metrics) -> str:
    return {
        "EDP-sum": quantities.edp(metrics.edp_sum),
        "EDP of totals": quantities.edp(metrics.edp),
        "energy": quantities.energy(metrics.energy_pj),
        "cycles": quantities.whole(metrics.cycles),
        "utilisation": quantities.fraction(metrics.utilization),
    }[criterion]


def _described(record: ConfigurationRecord, keys: Sequence[str], architectures: bool) -> str:
    parts = [record.architecture] if architectures else []
    parts += [f"{key}={_plain(record.parameters.get(key))}" for key in keys]
    return " ".join(parts) or record.architecture


def _table(
    records: Sequence[ConfigurationRecord], keys: Sequence[str], architectures: bool, width: int
) -> str:
    """Plain text; where it is wider than the screen, each row takes several lines. No column is lost."""
    described = [*(["arch"] if architectures else []), *keys]
    figures = ["EDP-sum", "EDP", "energy J", "cycles", "util %", "mm^2"]
    rows = []
    for record, m in ranked(records):
        own = [record.architecture] if architectures else []
        own += [_plain(record.parameters.get(key)) for key in keys]
        area = "-" if m.area_um2 is None else f"{m.area_um2 / 1e6:.3f}"
        sums = [f"{m.edp_sum:.4e}", f"{m.edp:.4e}", f"{m.energy_pj / 1e12:.4e}", str(m.cycles)]
        rows.append([str(record.index), *own, *sums, f"{100 * m.utilization:.3f}", area])
    head = ["idx", *described, *figures]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    folds = _folds(widths, 1 + len(described), width)
    rule = ["-" * width for width in widths]
    lines = [line for row in (head, rule, *rows) for line in _folded(row, widths, folds)]
    return "\n".join([*lines, "EDP-sum and EDP (of totals) in J*cycles"])


def _folds(widths: Sequence[int], figures: int, width: int) -> list[range]:
    """The columns of each line: all in one, or else those of the configuration apart from the figures
    (which begin with column ``figures``), as many to a line as fit. Column 0 stands before every first line.
    """
    if sum(widths) + 2 * (len(widths) - 1) <= width:
        return [range(1, len(widths))]
    folds = []
    for begin, end in ((1, figures), (figures, len(widths))):
        start, used = begin, widths[0]
        for column in range(begin, end):
            used += 2 + widths[column]
            if used > width and column > start:
                folds.append(range(start, column))
                start, used = column, widths[0] + 2 + widths[column]
        if start < end:
            folds.append(range(start, end))
    return folds


def _folded(row: Sequence[str], widths: Sequence[int], folds: Sequence[range]) -> list[str]:
    lines = []
    for number, fold in enumerate(folds):
        first = row[0] if number == 0 else ""
        cells = [first.rjust(widths[0]), *(row[column].rjust(widths[column]) for column in fold)]
        lines.append("  ".join(cells))
    return lines


def _layers(outcomes: Sequence[LayerOutcome]) -> str:
    return " ".join(f"{o.layer} x{o.times}" if o.times > 1 else o.layer for o in outcomes)


def _plain(value: object) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _several(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
