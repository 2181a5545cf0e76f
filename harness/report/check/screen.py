"""A comparison of both engines on a terminal: level by level, compact where all is equal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import PurePath
from typing import TYPE_CHECKING

from harness.engines.comparison import Comparison, Field, Place, Value
from harness.engines.cross_check import CrossCheck
from harness.errors import one_line
from harness.report import quantities
from harness.report.check.checked import Checked, theirs_in_words
from harness.report.energy.screen import plain
from harness.report.energy.wrapping import wrapped
from harness.report.prose import folded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_MOST_LINES, _FEW_LINES = 20, 5
"""Of differing fields, and where several folders differ; --all shows every one."""

_STYLES = {"equal": "green", "rounded": "green", "differs": "bold red", "absent": "dim"}


def print_checked(console: Console, checked: Checked, everything: bool = False, brief: bool = False) -> None:
    """One comparison: both sides, the sums, the levels, what differs and why, the verdict.

    ``brief``, one of several: only what differs and why.
    """
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    check = checked.check
    if check is None:
        _print_heading(console, checked.name, f"not checked: {checked.reason}")
        return
    _print_heading(console, checked.name, _subject(check, checked.name))
    fields = check.comparison.fields
    if not brief:
        console.print(_sides(check))
        if fields:
            console.print()
            console.print(_sums(check.comparison))
            console.print()
            console.print(_every_field(fields) if everything else _levels(fields))
    differing = () if everything else check.comparison.differing
    if differing:
        most = _FEW_LINES if brief else _MOST_LINES
        console.print()
        console.print(_differing(differing[:most]))
        if len(differing) > most:
            console.print(f"and {len(differing) - most} more (--all)", highlight=False)
    console.print()
    for sentence in (*check.causes, *check.remarks):
        told = folded(f"- {one_line(sentence)}", console.width, hang=2)
        console.print(Text(told), soft_wrap=True)
    print_verdict(console, checked)


def _print_heading(console: Console, name: str, more: str) -> None:
    """In one line where it fits; a long path is broken between its folders."""
    from rich.text import Text  # noqa: PLC0415

    name = one_line(name)
    if not more or len(name) + 2 + len(more) <= console.width:
        rest = f"  {more}" if more else ""
        console.print(Text.assemble(("\n".join(wrapped(name, console.width)), "bold"), rest))
        return
    console.print(Text("\n".join(wrapped(name, console.width)), style="bold"))
    console.print(Text(folded(f"  {more}", console.width, hang=0)), soft_wrap=True)


def print_verdict(console: Console, checked: Checked) -> None:
    """The last line: equal or not, and what was counted."""
    from rich.text import Text  # noqa: PLC0415

    style = {"equal": "bold green", "differs": "bold red"}.get(checked.status, "bold yellow")
    word = checked.status.replace("_", " ")
    told = folded(f"{word}: {_verdict_words(checked)}", console.width, hang=len(word) + 2)
    console.print(Text.assemble((word, style), told[len(word) :]), soft_wrap=True)


def print_list(console: Console, every: Sequence[Checked]) -> None:
    """A line for each of several."""
    from rich.text import Text  # noqa: PLC0415

    table = plain_table()
    table.add_column("checked", overflow="fold", ratio=1)
    table.add_column("fields", justify="right", no_wrap=True)
    table.add_column("differ", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    names = _names([checked.name for checked in every])
    for name, checked in zip(names, every, strict=True):
        comparison = None if checked.check is None else checked.check.comparison
        style = {"equal": "green", "differs": "bold red"}.get(checked.status, "yellow")
        table.add_row(
            plain(one_line(name)),
            "-" if comparison is None else f"{comparison.compared:,}",
            "-" if comparison is None else f"{len(comparison.differing):,}",
            Text(checked.status.replace("_", " "), style=style),
        )
    console.print(table)
    words = {"equal": "equal", "differs": "different", "not_checked": "not checked"}
    counts = {word: sum(c.status == status for c in every) for status, word in words.items()}
    told = [f"{count:,} {word}" for word, count in counts.items() if count]
    console.print(f"{len(every):,} checked: {', '.join(told)}", highlight=False)


def _names(paths: Sequence[str]) -> list[str]:
    """Without the folders that all of them lie in."""
    parts = [PurePath(path).parts for path in paths]
    levels = zip(*(part[:-1] for part in parts), strict=False)
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    return [str(PurePath(*part[shared:])) for part in parts]


def _subject(check: CrossCheck, folder: str) -> str:
    """A folder of the real Timeloop has no name of its architecture but its own."""
    named = [name for name in (check.ours.architecture, check.ours.layer) if name]
    told = [name for name in named if name != PurePath(folder).name]
    return one_line(", ".join(told))


def _sides(check: CrossCheck) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("ours", Text(f"transformer-harness {check.ours.provenance.version}"))
    table.add_row("theirs", Text(theirs_in_words(check.theirs)))
    return table


def _sums(comparison: Comparison) -> Table:
    """The figures of the whole, as people read them."""
    table = plain_table()
    table.add_column("", style="dim", no_wrap=True)
    for heading in ("ours", "theirs"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    words = {
        "cycles": ("cycles", _whole),
        "energy_pj": ("energy", lambda value: quantities.energy(_real(value))),
        "edp_j_cycles": ("EDP", lambda value: quantities.edp(_real(value))),
        "utilization": ("utilisation", lambda value: quantities.fraction(_real(value))),
    }
    for field in comparison.fields:
        if field.place.part == "whole" and field.name in words:
            word, shown = words[field.name]
            table.add_row(word, shown(field.ours), shown(field.theirs), _marked(field))
    return table


def _levels(fields: Sequence[Field]) -> Table:
    """A line for each level and network. Where something differs only for those, by data space."""
    table = plain_table()
    table.add_column("level", overflow="fold", style="cyan")
    table.add_column("data space", overflow="fold")
    table.add_column("integers", justify="right", no_wrap=True)
    table.add_column("others", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    groups = [group for _, group in _grouped(fields)]
    unequal = [group for group in groups if any(field.verdict == "differs" for field in group)]
    for group in unequal or groups:
        for label, space, part in _lines_of(group, apart=bool(unequal)):
            table.add_row(plain(label), plain(space), _of(part, True), _of(part, False), _summed(part))
    others = [field for group in groups if unequal and group not in unequal for field in group]
    if others:
        told = f"{len(groups) - len(unequal)} others"
        table.add_row(told, "", _of(others, True), _of(others, False), _summed(others))
    return table


def _grouped(fields: Sequence[Field]) -> Iterator[tuple[tuple[str, str], list[Field]]]:
    """Fields of one level or network together, in the order in which they come."""
    groups: dict[tuple[str, str], list[Field]] = {}
    for field in fields:
        groups.setdefault((field.place.part, field.place.where), []).append(field)
    yield from groups.items()


def _lines_of(group: Sequence[Field], apart: bool) -> Iterator[tuple[str, str, list[Field]]]:
    by_place: dict[Place, list[Field]] = {}
    for field in group:
        by_place.setdefault(field.place, []).append(field)
    label = group[0].place.where or "all of it"
    if apart:
        for place, part in by_place.items():
            yield label, place.data_space, part
            label = ""
    else:
        yield label, ", ".join(place.data_space for place in by_place if place.data_space), list(group)


def _of(part: Sequence[Field], whole: bool) -> str:
    told = [f for f in part if f.verdict != "absent" and f.name != "present" and f.is_whole == whole]
    if not told:
        return "-"
    equal = sum(field.verdict != "differs" for field in told)
    return f"{equal}" if equal == len(told) else f"{equal} of {len(told)}"


def _summed(part: Sequence[Field]) -> str:
    """The worst verdict of several, in words."""
    verdicts = [field.verdict for field in part]
    missing = next((field for field in part if field.name == "present"), None)
    if missing is not None:
        return f"[bold red]only {'ours' if missing.ours == 'yes' else 'theirs'}[/]"
    if "differs" in verdicts:
        return f"[bold red]{verdicts.count('differs')} differ[/]"
    if all(verdict == "absent" for verdict in verdicts):
        return "[dim]not told[/]"
    rounded = "rounded" in verdicts
    return "[green]equal as printed[/]" if rounded else "[green]equal[/]"


def _differing(differing: Sequence[Field]) -> Table:
    table = plain_table()
    table.add_column("what differs", overflow="fold", style="cyan")
    for heading in ("ours", "theirs", "theirs - ours"):
        table.add_column(heading, justify="right", overflow="fold")
    for field in differing:
        table.add_row(plain(field.path), _digits(field.ours), _digits(field.theirs), _difference(field))
    return table


def _every_field(fields: Sequence[Field]) -> Table:
    """Under the name of each level or network its fields, with the data space in front."""
    table = plain_table()
    table.add_column("field", overflow="fold")
    for heading in ("ours", "theirs"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for (_, where), group in _grouped(fields):
        table.add_row(plain(where or "all of it", "cyan"), "", "", "")
        for field in group:
            name = f"  {field.place.data_space} {field.name}" if field.place.data_space else f"  {field.name}"
            table.add_row(plain(name), _digits(field.ours), _digits(field.theirs), _marked(field))
    return table


def plain_table() -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


def _marked(field: Field) -> str:
    words = {"rounded": "equal as printed", "absent": "not told"}
    return f"[{_STYLES[field.verdict]}]{words.get(field.verdict, field.verdict)}[/]"


def _digits(value: Value) -> str:
    """Twelve digits of what is no whole number, so that a difference above the tolerance can be seen."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"


def _difference(field: Field) -> str:
    difference = field.difference
    if difference is None:
        return "-"
    if field.is_whole and math.isfinite(difference):
        return f"{int(difference):+,}"
    return f"{difference:+.4g}"


def _whole(value: Value) -> str:
    return quantities.whole(value if isinstance(value, int) else None)


def _real(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _verdict_words(checked: Checked) -> str:
    check = checked.check
    if check is None or checked.status == "not_checked":
        return checked.reason or ""
    comparison = check.comparison
    if comparison.differing:
        differing = len(comparison.differing)
        verb = "differs" if differing == 1 else "differ"
        return f"{differing:,} of {comparison.compared:,} figures {verb}" + _untold(comparison)
    told = [field for field in comparison.fields if field.verdict != "absent"]
    whole = sum(field.is_whole for field in told)
    exact = sum(not field.is_whole and field.verdict == "equal" for field in told)
    parts = [f"{whole:,} whole numbers", f"{exact:,} others to a billionth"]
    if rounded := comparison.count("rounded"):
        parts.append(f"{rounded:,} to the digits that Timeloop prints")
    return ", ".join(parts) + _untold(comparison)


def _untold(comparison: Comparison) -> str:
    absent = comparison.count("absent")
    return f"; {absent:,} are told by one side only" if absent else ""
