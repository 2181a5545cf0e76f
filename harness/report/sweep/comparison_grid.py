"""Architectures against layers: EDP, cycles, energy and run time of the best configuration of each.

The figures are of one of each layer. A cell without figures says what became of it, in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.report.prose import folded
from harness.report.sweep.aligned import Columns, aligned
from harness.report.sweep.words import STATUS_WORDS

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.sweep.metrics import Metrics
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults

_ALL = "all"


@dataclass(frozen=True)
class GridFigure:
    """One of the tables: how a cell and the sum of a column are shown."""

    id: str
    name: str
    of_layer: Callable[[LayerOutcome], float | None]
    of_point: Callable[[Metrics, float], float]
    shown: Callable[[float], str]


FIGURES = (
    GridFigure(
        "edp", "EDP, J*cycles", lambda o: o.edp_j_cycles, lambda m, _: m.edp_sum, lambda v: f"{v:.3e}"
    ),
    GridFigure("cycles", "cycles", lambda o: o.cycles, lambda m, _: m.cycles, lambda v: f"{int(v):,}"),
    GridFigure("energy", "energy", lambda o: o.energy_pj, lambda m, _: m.energy_pj, quantities.energy),
    GridFigure("seconds", "run time of the search", lambda o: o.seconds, lambda _, s: s, quantities.duration),
)


@dataclass(frozen=True)
class ComparisonGrid:
    """``points``: for each architecture its best configuration, or the one with the fewest failed layers.

    ``unlimited`` are the architectures without a bandwidth of main memory; None where nothing is known.
    """

    layers: tuple[str, ...]
    points: Mapping[str, Point]
    cells: Mapping[tuple[str, str], LayerOutcome]
    """By (layer, architecture)."""
    unlimited: tuple[str, ...] | None

    @property
    def caution(self) -> str | None:
        """Why some of the cycles do not compare."""
        if not self.unlimited or len(self.unlimited) == len(self.points):
            return None
        names = ", ".join(self.unlimited)
        verb = "has" if len(self.unlimited) == 1 else "have"
        return (
            f"Cycles, and with them EDP, do not compare between all of these: {names} {verb} no bandwidth of "
            "main memory, which then is as fast as asked for; the others have one."
        )


def comparison_grid(results: SweepResults, study: int, criterion: str = "edp_sum") -> ComparisonGrid:
    points = _representatives(results, study, criterion)
    layers: dict[str, None] = {}
    cells = {}
    for architecture, point in points.items():
        for outcome in results.layers(point.index):
            layers[outcome.layer] = None
            cells[outcome.layer, architecture] = outcome
    return ComparisonGrid(tuple(layers), points, cells, _unlimited(results, points))


def _representatives(results: SweepResults, study: int, criterion: str) -> dict[str, Point]:
    """By architecture, in the order in which they come."""
    names = results.architectures(study)
    best: dict[str, Point] = {}
    for point in results.ranked(criterion, study):
        best.setdefault(point.architecture, point)
        if len(best) == len(names):
            break
    if len(best) < len(names):
        failed = Counter(failure.index for failure in results.failures(study))
        others: dict[str, Point] = {}
        for point in results.iterate(study):
            other = others.get(point.architecture)
            if other is None or failed[point.index] < failed[other.index]:
                others[point.architecture] = point
        best = others | best
    return {name: best[name] for name in names}


def _unlimited(results: SweepResults, points: Mapping[str, Point]) -> tuple[str, ...] | None:
    """Architectures whose outermost level has no bandwidth in the first layer that was mapped."""
    unlimited, known = [], False
    for architecture, point in points.items():
        mapped = next((o.layer for o in results.layers(point.index) if o.ok), None)
        limits = () if mapped is None else results.limits(point.index, mapped)
        if limits:
            known = True
            memory = limits[-1]
            if {memory.read_bandwidth, memory.write_bandwidth, memory.shared_bandwidth} == {None}:
                unlimited.append(architecture)
    return tuple(unlimited) if known else None


def grid_text(grid: ComparisonGrid, width: int) -> str:
    """One table for each figure, one under the other."""
    parts = []
    for figure in FIGURES:
        columns = Columns((figure.name, *grid.points), 1, left=(0,))
        parts.append(aligned(columns, _rows(grid, figure), width))
    return "\n\n".join([*parts, *(folded(remark, width, hang=0) for remark in _remarks(grid))])


def grid_markdown(grid: ComparisonGrid) -> str:
    parts = []
    for figure in FIGURES:
        heads = [figure.name, *grid.points]
        rule = ["---", *["--:"] * len(grid.points)]
        lines = ["| " + " | ".join(row) + " |" for row in (heads, rule, *_rows(grid, figure))]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, *_remarks(grid)]) + "\n"


GRID_COLUMNS = ("layer", "architecture", "index", "status", *(figure.id for figure in FIGURES))


def grid_rows(grid: ComparisonGrid) -> Iterator[tuple[object, ...]]:
    """One row of :data:`GRID_COLUMNS` for each layer and architecture, with unrounded figures."""
    for layer in grid.layers:
        for architecture, point in grid.points.items():
            outcome = grid.cells.get((layer, architecture))
            ok = outcome is not None and outcome.ok
            figures = (f.of_layer(outcome) if outcome is not None and ok else None for f in FIGURES)
            yield layer, architecture, point.index, outcome.status if outcome else "not_run", *figures


def grid_frame(grid: ComparisonGrid) -> DataFrame:
    """The rows of :func:`grid_rows`."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    return pd.DataFrame.from_records(list(grid_rows(grid)), columns=list(GRID_COLUMNS))


def _rows(grid: ComparisonGrid, figure: GridFigure) -> list[list[str]]:
    rows = [[layer, *(cell_text(grid, layer, name, figure) for name in grid.points)] for layer in grid.layers]
    sums = []
    for point in grid.points.values():
        metrics = point.metrics
        sums.append("-" if metrics is None else figure.shown(figure.of_point(metrics, point.seconds)))
    return [*rows, [_ALL, *sums]]


def cell_text(grid: ComparisonGrid, layer: str, architecture: str, figure: GridFigure) -> str:
    """The figure in few digits, or what became of the layer."""
    outcome = grid.cells.get((layer, architecture))
    if outcome is None:
        return STATUS_WORDS["not_run"]
    value = figure.of_layer(outcome) if outcome.ok else None
    if value is None:
        return "-" if outcome.ok else STATUS_WORDS.get(outcome.status, outcome.status)
    return figure.shown(value)


def _remarks(grid: ComparisonGrid) -> list[str]:
    chosen = ", ".join(f"{point.index} of {name}" for name, point in grid.points.items())
    remark = (
        f"Of one of each layer; '{_ALL}' counts each as often as it occurs, but its search once. "
        f"Configurations {chosen}."
    )
    return [remark, *([grid.caution] if grid.caution else [])]
