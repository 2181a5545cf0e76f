"""How a mapping was proven, and the energy-delay front, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engines.result import FrontRecord, Result, SearchRecord
from harness.report import quantities

if TYPE_CHECKING:
    from rich.console import Console

    from harness.search.certificate import Certificate
    from harness.search.replay import Replay


def search_line(search: SearchRecord) -> str:
    """One line: who found the mapping, what is proven of it, and the effort."""
    took = quantities.duration(search.seconds)
    certificate = search.certificate
    if certificate is not None:
        effort = (
            f"{_count(certificate.nodes, 'node')}, {certificate.opened:,} of "
            f"{_count(certificate.choices, 'choice')} opened in {took}"
        )
    else:
        told = search.seconds > 0 and not search.at_least
        speed = f", {quantities.rate(search.evaluated / search.seconds)}" if told else ""
        effort = f"{search.valid:,} valid of {search.evaluated_in_words} mappings in {took}{speed}"
    return f"{search.mapper}, {_proven(search)}: {effort}"


def _proven(search: SearchRecord) -> str:
    if search.status == "optimal":
        return f"proven best by {search.objective}"
    if search.status == "bound" and search.gap is not None:
        return f"within {percent(search.gap)} of the proven lower bound of {search.objective}"
    return f"best found by {search.objective}"


def percent(gap: float) -> str:
    """Two digits, never rounded down to nothing."""
    if 0 < gap < 0.0001:
        return "0.01 %"
    return f"{gap * 100:.2g} %" if gap < 1 else f"{gap * 100:.0f} %"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def print_certificate(console: Console, result: Result) -> None:
    """The account of the proof, and what came of repeating it without pruning."""
    search = result.search
    if search.certificate is None:
        whole = search.status == "optimal"
        why = "and none is needed: the whole space was evaluated" if whole else "this search proved nothing"
        console.print(f"[bold]certificate[/]  none, {why}")
        return
    _print_account(console, search, search.certificate)
    for line in _replay_lines(search.replay):
        console.print(line, highlight=False, markup=False)


def _print_account(console: Console, search: SearchRecord, certificate: Certificate) -> None:
    from rich import box  # noqa: PLC0415 - rich is slow to import
    from rich.table import Table  # noqa: PLC0415

    goal = search.objective.split(",", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    unit = {"edp": "J*cycles", "delay": "cycles", "energy": "pJ"}.get(goal, "")
    console.print(f"[bold]certificate[/]  {certificate.method}", highlight=False)
    rows = [
        ("choices", f"{certificate.choices:,} of spatial factors, splits and bypass masks"),
        ("opened", f"{certificate.opened:,} of them, the bounds excluded the others"),
        ("nodes", f"{certificate.nodes:,} partial mappings, {certificate.leaves:,} whole ones"),
        ("value", f"{_figure(certificate.value)} {unit}"),
        ("lower bound", f"{_figure(certificate.lower_bound)} {unit}"),
    ]
    if search.gap is not None:
        rows.append(("gap", "none, nothing is better" if search.gap == 0 else percent(search.gap)))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console.print(grid)
    if not certificate.prunings:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("excluded because", overflow="fold")
    table.add_column("times", justify="right", no_wrap=True)
    for pruning in certificate.prunings:
        table.add_row(pruning.reason, f"{pruning.count:,}")
    console.print()
    console.print(table)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.12g}"


def _replay_lines(replay: Replay | None) -> tuple[str, ...]:
    if replay is None:
        return ("replay  none: the space is too large to list every mapping, or it was stopped",)
    verdict = "equal" if replay.equal else "NOT EQUAL, please report this"
    took = quantities.duration(replay.seconds)
    return (
        f"replay  all {replay.mappings:,} mappings without pruning in {took}: {replay.valid:,} valid, "
        f"the best has {_figure(replay.value)}: {verdict}",
    )


def print_front(console: Console, points: tuple[FrontRecord, ...]) -> None:
    """The front by ascending cycles; the least EDP is marked."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    if not points:
        console.print("[bold]energy-delay front[/]  empty: no mapping is within the caps")
        return
    least = min(point.edp_j_cycles for point in points)
    many = "point" if len(points) == 1 else "points"
    proven = "all proven" if all(p.status == "optimal" for p in points) else "not all proven, see status"
    console.print(f"[bold]energy-delay front[/]  {len(points)} {many}, {proven}", highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("cycles", "energy", "EDP"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for point in points:
        mark = ", least EDP" if point.edp_j_cycles == least else ""
        table.add_row(
            quantities.whole(point.cycles),
            quantities.energy(point.energy_pj),
            quantities.edp(point.edp_j_cycles),
            point.status.replace("_", " ") + mark,
        )
    console.print(table)
