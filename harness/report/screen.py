"""What one result looks like on a terminal: the loop nest, the figures, the energy by level."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.engines.built_in import TIMELOOP
from harness.engines.result import Result, TimeloopRun
from harness.report import quantities
from harness.report.accuracy_words import accuracy_words, source_words
from harness.report.estimation_table import estimators_of
from harness.report.loop_nest_view import loop_nest_lines
from harness.report.proof_screen import search_line
from harness.report.prose import Prose
from harness.report.sparse_words import sparse_words
from harness.spec.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_BAR_CELLS = 24


@dataclass(frozen=True)
class Counts:
    """What one compute of an operator is called."""

    one: str
    many: str


MACS = Counts("MAC", "MACs")
ELEMENT_VISITS = Counts("element visit", "element visits")
"""Of norm operators: their computes are passes over elements, nothing is multiplied and accumulated."""


@dataclass(frozen=True)
class Heading:
    """What is about to be mapped. ``changed`` are the parameters that differ from the template's default;
    ``variant`` is the architecture that really runs the operator, when it is not the one that was named.
    """

    layer: str
    architecture: str
    problem: Problem
    model: str = ""
    description: str = ""
    repeat: int = 1
    repeat_reason: str = ""
    fusion: str | None = None
    changed: AbstractMapping[str, Any] = field(default_factory=dict)
    architecture_summary: str = ""
    search: str = ""
    variant: str = ""
    counts: Counts = MACS


def print_heading(console: Console, heading: Heading) -> None:
    """What is being mapped onto what: sizes, computes, repetitions, parameters that are not the default."""
    from rich.text import Text  # noqa: PLC0415 - rich is slow to import

    title = Text()
    title.append(heading.layer, style="bold")
    if heading.model:
        title.append(f" of {heading.model}")
    title.append(" onto ")
    title.append(heading.architecture, style="bold")
    if heading.fusion:
        title.append(f", fused at {heading.fusion}")
    console.print(title)
    problem = heading.problem
    sizes = [f"{d}={b}" for d, b in zip(problem.dimensions, problem.bounds, strict=True) if b > 1]
    rows = [("problem", f"{' '.join(sizes) or 'one point'}   {problem.macs:,} {heading.counts.many}")]
    if heading.description:
        rows.append(("", heading.description))
    if problem.densities:
        rows.append(("density", ", ".join(f"{name} {density}" for name, density in problem.densities)))
    if heading.repeat > 1:
        rows.append(("repeats", f"{heading.repeat:,} times ({heading.repeat_reason}); figures are for one"))
    if heading.variant:
        rows.append(("variant", f"{heading.variant}, for norm operators; its area is its own"))
    if heading.architecture_summary:
        rows.append(("hardware", heading.architecture_summary))
    if heading.changed:
        rows.append(("changed", " ".join(f"{name}={value}" for name, value in heading.changed.items())))
    if heading.search:
        rows.append(("search", heading.search))
    console.print(_rows(rows))


def print_result(console: Console, result: Result, counts: Counts = MACS) -> None:
    """The loop nest and the tables of a result that has a mapping, nothing for one that has none."""
    if result.status != "ok":
        return
    console.print()
    print_loop_nest(console, result)
    console.print()
    console.print(_figures(result, counts))
    console.print()
    console.print(_energy_table(result, console.width, console.options.ascii_only))


def print_loop_nest(console: Console, result: Result) -> None:
    """Levels from the outermost in, their loops under them, spatial loops marked."""
    from rich.text import Text  # noqa: PLC0415

    if result.evaluation is None:
        console.print(result.loop_nest, markup=False, highlight=False, soft_wrap=True)
        return
    for line in loop_nest_lines(result.evaluation, console.width):
        style = {"level": "bold cyan", "spatial": "green", "compute": "bold", "loop": ""}[line.kind]
        console.print(Text(line.text, style=style), soft_wrap=True)


def _figures(result: Result, counts: Counts) -> Table:
    bound = result.bound_by or "-"
    if bound not in ("-", "compute"):
        level, _, port = bound.rpartition(".")
        bound = f"{port} bandwidth of {level}" if level else bound
    rows = [
        ("cycles", f"{quantities.whole(result.cycles)}   bound by {bound}"),
        ("energy", quantities.energy(result.energy_pj) + _per_compute(result, counts)),
        ("EDP", quantities.edp(result.edp_j_cycles)),
        ("utilisation", quantities.fraction(result.utilization) + _units_in_use(result)),
        ("area", "not given" if result.area_um2 is None else quantities.area(result.area_um2)),
    ]
    if zeros := sparse_words(result):
        rows.insert(-1, ("sparse", zeros))
    if result.evaluation is not None:
        rows.append(("estimates", _sources(result)))
        if result.energy_by_accuracy:
            rows.append(("accuracy", _accuracy(result)))
    if result.search.mapper != "given":
        rows.append(("search", search_line(result.search)))
    if result.timeloop is not None:
        rows.append(("engine", _real_timeloop(result.timeloop)))
    return _rows(rows)


def _real_timeloop(run: TimeloopRun) -> str:
    """Which program made the figures, and how exactly it told them."""
    flattened = f", input flattened by {run.front_end}" if run.front_end else ""
    rounded = "" if run.precision == "full" else "; figures rounded as it prints them"
    ended = "" if run.ended == "finished" else f", ended by {_ENDED_BY.get(run.ended, run.ended)}"
    return f"{run.program} {run.identity}{flattened}{ended}{rounded}"


_ENDED_BY = {"time limit": "the time limit", "interrupted": "a signal to stop"}


def _sources(result: Result) -> str:
    """Who answered, and how much of the energy is theirs."""
    assert result.evaluation is not None
    answers = result.evaluation.answers
    if not answers:
        timeloops = result.energy_by_source.get(TIMELOOP)
        if timeloops is None:
            return "none, the ERT was given"
        rest = "the rest from the ERT that was given"
        return f"{quantities.energy(timeloops)} by Timeloop's built-in ones, {rest}"
    return source_words(result.energy_by_source, estimators_of(answers))


def _accuracy(result: Result) -> str:
    """On which kinds of estimates the energy rests (docs/energy.md)."""
    off = result.energy_uncertainty
    stated, plus_minus = off.get("stated_pj", 0.0), off.get("plus_minus_pj", 0.0)
    return accuracy_words(result.energy_by_accuracy, stated, plus_minus)


def _units_in_use(result: Result) -> str:
    """Why a run that is bound by compute may still be far from the peak."""
    if not result.levels:
        return ""
    unit = result.levels[0]
    return f"   {quantities.count(unit.utilized_instances)} of {unit.instances:,} {unit.name} in use"


def _per_compute(result: Result, counts: Counts) -> str:
    if not result.macs or result.energy_pj is None:
        return ""
    return f"   {quantities.digits(result.energy_pj / result.macs)} pJ per {counts.one}"


@dataclass(frozen=True)
class _Share:
    name: str
    energy_pj: float
    area_um2: float | None
    cycles: int | None
    traffic: str


def _energy_table(result: Result, width: int, ascii_only: bool = False) -> Table:
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("level", no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("energy", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    bars = width >= 60
    cells = _BAR_CELLS if width >= 76 else 10
    if bars:
        table.add_column("", no_wrap=True, min_width=cells)
    wide = width >= 100
    if wide:
        table.add_column("cycles", justify="right", no_wrap=True)
        table.add_column("area", justify="right", no_wrap=True)
    total = result.energy_pj or 0.0
    shares = _shares(result)
    largest = max((share.energy_pj for share in shares), default=0.0)
    for share in shares:
        part = share.energy_pj / total if total else 0.0
        row = [_escape(share.name), quantities.energy(share.energy_pj), f"{part * 100:.1f} %"]
        if bars:
            row.append(_bar(share.energy_pj / largest if largest else 0.0, cells, ascii_only))
        if wide:
            area = None if result.area_um2 is None else share.area_um2
            row += [quantities.whole(share.cycles), quantities.area(area)]
        table.add_row(*row)
    return table


def _shares(result: Result) -> Sequence[_Share]:
    """Levels from the outermost in, then networks; what neither costs nor holds anything is left out."""
    levels = [
        _Share(level.name, level.energy_pj, level.area_um2, level.cycles, "")
        for level in reversed(result.levels)
        if level.energy_pj > 0 or level.dataspaces
    ]
    networks = [
        _Share(network.name, network.energy_pj, None, None, "")
        for network in result.networks
        if network.energy_pj > 0
    ]
    return levels + networks


def _bar(part: float, cells: int, ascii_only: bool = False) -> str:
    """A bar in eighths of a cell, whole ones in ASCII; anything above zero shows at least the least part."""
    if ascii_only:
        return "#" * max(round(part * cells), int(part > 0))
    eighths = round(part * cells * 8)
    if part > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return "█" * full + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[rest]


def _rows(rows: Sequence[tuple[str, str]]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, Prose(value))
    return table


def _escape(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)
