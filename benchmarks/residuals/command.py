"""``python -m benchmarks residuals [--all] [--accelergy] [--markdown] [--json FILE]``.

Prints what differs from the reference's figures, from hwcomponents' and from published ones, by how much and
why; with ``--all`` what is equal, too. The file holds everything.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.residuals import estimators, golden, markdown, published, shipped
from benchmarks.residuals.golden import Line, Table
from benchmarks.residuals.reasons import BY_HAND, FAN_OUT, REASONS
from harness.errors import HarnessError


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks residuals",
        description="Where our energies and areas differ from others', by how much and why.",
    )
    parser.add_argument("--all", action="store_true", help="print what is equal, too")
    parser.add_argument(
        "--accelergy", action="store_true", help="only ask an installed Accelergy beside the default"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables of docs/energy.md only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    arguments = parser.parse_args(argv)
    if arguments.accelergy:
        try:
            pairs = estimators.pairs(estimators.ACCELERGY)
        except HarnessError as error:
            parser.exit(error.exit_code, f"{error}\n")
        _print_pairs(pairs, arguments.all, "accelergy", estimators.REASONS_OF_ACCELERGY)
        return 0
    if arguments.markdown:
        print("\n".join(markdown_tables()))
        return 0
    parts = {
        "Tables of the reference's golden evaluations, with the same component classes": golden.tables(),
        "Values of other runs of Accelergy": (
            Table("a run on the published specifications", 0, golden.checked_values()),
            Table("the integer MAC by two versions of the library", 0, golden.drifted_values()),
        ),
        "The shipped architectures under their defaults beside the reference's tables": shipped.tables(),
    }
    for title, tables in parts.items():
        _print_part(title, tables, arguments.all)
    _print_reasons(line for tables in parts.values() for table in tables for line in table.lines)
    pairs, elsewhere = estimators.pairs(), published.compared()
    _print_pairs(pairs, arguments.all, "hwcomponents", estimators.REASONS)
    _print_published(elsewhere)
    if arguments.json is not None:
        content = {
            "reasons": REASONS,
            "reference": {title: [_plain(table) for table in tables] for title, tables in parts.items()},
            "hwcomponents_reasons": estimators.REASONS,
            "hwcomponents": [{**asdict(pair), "ratio": pair.ratio} for pair in pairs],
            "published": [_plain_published(one) for one in elsewhere],
        }
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def markdown_tables() -> Iterator[str]:
    """Line by line, an empty one between two tables."""
    evaluated, ours = golden.tables(), shipped.tables()
    yield from markdown.reference_table(evaluated)
    yield ""
    lines = [line for table in evaluated for line in table.lines if line.reason not in (BY_HAND, FAN_OUT)]
    lines += [*golden.checked_values(), *golden.drifted_values()]
    yield from markdown.difference_table(lines)
    yield ""
    yield from markdown.reference_table(ours)
    yield ""
    yield from markdown.kinds_table(estimators.pairs())
    yield ""
    yield from markdown.published_table(published.compared())


def _plain(table: Table) -> dict[str, object]:
    lines = [{**asdict(line), "equal": line.equal, "difference": line.difference} for line in table.lines]
    return {"table": table.name, "evaluations": table.evaluations, "lines": lines}


def _plain_published(one: published.Compared) -> dict[str, object]:
    """Flat: what was published, and by how much each estimator is off."""
    return {
        "label": one.published.label,
        "published": one.published.value,
        "source": one.published.source,
        "default": one.default,
        "hwcomponents": one.chosen,
        "error_default": one.error(one.default),
        "error_hwcomponents": one.error(one.chosen),
        "why": one.why,
    }


def _print_title(title: str) -> None:
    print(f"\n{title}\n{'-' * len(title)}")


def _print_part(title: str, tables: Sequence[Table], everything: bool) -> None:
    _print_title(title)
    for table in tables:
        equal = sum(line.equal for line in table.lines)
        used = f", used by {table.evaluations} evaluations" if table.evaluations > 1 else ""
        print(f"{table.name}: {equal} of {len(table.lines)} figures equal{used}")
        for line in _told(table.lines, everything):
            print(f"    {_shown(line)}")


def _told(lines: Sequence[Line], everything: bool) -> Iterator[Line]:
    """What is said of a table: what differs, but what was written by hand only on request; of an action with
    many argument values the first, and any that differs from the one before."""
    told: dict[tuple[str, str], tuple[float | None, float | None]] = {}
    for line in lines:
        if not everything and (line.equal or line.reason == BY_HAND):
            continue
        action, figures = (line.component, line.what.partition("(")[0]), (line.theirs, line.ours)
        if everything or told.get(action) != figures:
            yield line
        told[action] = figures


def _shown(line: Line) -> str:
    unit = "um^2" if line.what == "area" else "pJ"
    figures = f"{_figure(line.theirs)} -> {_figure(line.ours)} {unit}"
    off = "" if line.difference is None or line.equal else f" ({_off(line.difference)})"
    return f"{_short(line.component)} {line.what}: {figures}{off}{f': {line.reason}' if line.reason else ''}"


def _short(component: str) -> str:
    """Without the name of the whole system, and without the count."""
    return component if " " in component else component.partition("[")[0].rpartition(".")[2]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _off(difference: float) -> str:
    """In percent, or as a factor where percents are hard to read."""
    return f"x{1 + difference:.4g}" if abs(difference) > 1 else f"{100 * difference:+.3g} %"


def _print_reasons(lines: Iterable[Line]) -> None:
    counts = Counter(line.reason for line in lines if not line.equal)
    print("\nReasons")
    for reason, count in counts.most_common():
        print(f"  {reason} ({count}): {REASONS.get(reason, 'none gives the figure of the reference')}")


def _print_pairs(
    pairs: Sequence[estimators.Pair], everything: bool, name: str, reasons: Mapping[str, str]
) -> None:
    _print_title(f"Default beside --estimator {name}, part by part of the shipped architectures")
    alike: dict[tuple[str, ...], list[estimators.Pair]] = {}
    for pair in pairs:
        if everything or pair.reason not in (estimators.EQUAL, estimators.NOT_THERE):
            ratio = "" if pair.ratio is None else f"x{pair.ratio:.4g}"
            size = "" if pair.class_name in estimators.LOGIC else pair.size + pair.what
            alike.setdefault((pair.class_name, pair.node, ratio, pair.reason, size), []).append(pair)
    for (class_name, node, ratio, reason, _), group in sorted(alike.items()):
        first = group[0]
        figures = f"{_figure(first.default)} -> {_figure(first.chosen)} {ratio}".rstrip()
        more = f", as {len(group) - 1} more of other widths or actions" if len(group) > 1 else ""
        print(f"{class_name} {node} {first.size} {first.what}: {figures}{more}: {reason}")
    counts = Counter((pair.reason, pair.class_name) for pair in pairs)
    print("\nReasons")
    for reason in dict.fromkeys(reason for (reason, _), _ in counts.most_common()):
        classes = ", ".join(f"{name} {n}" for (r, name), n in sorted(counts.items()) if r == reason)
        print(f"  {reason} ({classes}): {reasons.get(reason, 'none predicts the ratio')}")


def _print_published(elsewhere: Sequence[published.Compared]) -> None:
    _print_title("Published figures: published, default (error), hwcomponents (error)")
    for one in elsewhere:
        unit = "MAC" if one.published.per else "pJ"
        ours = ", ".join(_with_error(one, value) for value in (one.default, one.chosen))
        print(f"{one.published.label}: {one.published.value:g} {unit}, {ours}")
        print(f"    {one.published.source}; {one.why}")


def _with_error(one: published.Compared, ours: float | None) -> str:
    error = one.error(ours)
    return "-" if error is None else f"{_figure(ours)} ({_off(error)})"
