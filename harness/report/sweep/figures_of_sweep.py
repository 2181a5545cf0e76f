"""Plots of all configurations of a study: the Pareto front, and architectures against layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.report.sweep.comparison_grid import (
    FIGURES,
    ComparisonGrid,
    GridFigure,
    cell_text,
    comparison_grid,
)
from harness.report.sweep.figure_marks import (
    colour,
    energy_unit,
    grid_lines,
    legend_beside,
    literal,
    note_under,
    spread,
    title,
    with_prefixes,
)
from harness.report.sweep.words import model_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.sweep.metrics import Metrics
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults

_DRAWN_AS_SHAPES = 2000
_LABEL_HEIGHT, _LABEL_WIDTH = 15.0, 40.0


def draw_pareto(figure: Figure, results: SweepResults, study: int | None) -> None:
    points = results.of(study)
    good = [(point, point.metrics) for point in points if point.metrics is not None]
    front = [(point, point.metrics) for point in results.pareto(study) if point.metrics is not None]
    axes = figure.add_subplot()
    scale, unit = energy_unit([m.energy_pj for _, m in good])
    architectures = list(dict.fromkeys(point.architecture for point, _ in good))
    for number, name in enumerate(architectures):
        own = [m for point, m in good if point.architecture == name]
        x, y = [m.cycles for m in own], [m.energy_pj / scale for m in own]
        size = 26 if len(good) < 500 else 10
        axes.scatter(
            x, y, s=size, color=colour(number), alpha=0.65, linewidths=0, label=literal(name),
            rasterized=len(good) > _DRAWN_AS_SHAPES,
        )  # fmt: skip
    _draw_front(axes, front, scale)
    for point, m in _best(results, study):
        axes.scatter([m.cycles], [m.energy_pj / scale], marker="*", s=150, color="black", zorder=5)
        axes.scatter([], [], marker="*", s=90, color="black", label=f"best by EDP-sum ({point.index})")
    spread(axes, "x", [m.cycles for _, m in good])
    spread(axes, "y", [m.energy_pj / scale for _, m in good])
    with_prefixes(axes.xaxis)
    axes.set_xlabel("cycles")
    axes.set_ylabel(f"energy, {unit}")
    failed = len(points) - len(good)
    without = f", {failed:,} without all mappings left out" if failed else ""
    title(axes, f"{model_in_words(results.study(study))}: {len(good):,} configurations{without}")
    grid_lines(axes)
    _label_front(axes, front, scale)
    legend_beside(axes)
    if len(architectures) > 1:
        caution = comparison_grid(results, results.study(study).number).caution
        if caution is not None:
            note_under(figure, caution)


def _best(results: SweepResults, study: int | None) -> list[tuple[Point, Metrics]]:
    best = results.best("edp_sum", study, 1)
    return [(point, point.metrics) for point in best if point.metrics is not None]


def _draw_front(axes: Axes, front: Sequence[tuple[Point, Metrics]], scale: float) -> None:
    """Steps: between two points of the front nothing is known to be better than the left one's energy."""
    if not front:
        return
    x, y = [m.cycles for _, m in front], [m.energy_pj / scale for _, m in front]
    axes.step(x, y, where="post", color="0.25", linewidth=1, label=f"Pareto front ({len(front):,})")
    axes.scatter(x, y, s=34, facecolors="none", edgecolors="0.15", linewidths=1, zorder=4)


def _label_front(axes: Axes, front: Sequence[tuple[Point, Metrics]], scale: float) -> None:
    """Their indices as far as there is room, from the fastest on."""
    last: tuple[float, float] | None = None
    for point, m in front:
        place = (m.cycles, m.energy_pj / scale)
        across, up = axes.transData.transform(place)
        if last is None or abs(up - last[1]) > _LABEL_HEIGHT or across - last[0] > _LABEL_WIDTH:
            axes.annotate(
                str(point.index), place, xytext=(6, 6), textcoords="offset points", fontsize=8,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
            last = (across, up)


def draw_grid(figure: Figure, results: SweepResults, study: int) -> None:
    grid = comparison_grid(results, study)
    panels = figure.subplots(2, 2, squeeze=False, gridspec_kw={"hspace": 0.06, "wspace": 0.04})
    for panel, figure_of in zip(panels.flat, FIGURES, strict=True):
        _draw_panel(panel, grid, figure_of)
    model = model_in_words(results.study(study))
    figure.suptitle(f"One of each layer of {literal(model)} on the best configuration of each architecture")
    if grid.caution is not None:
        note_under(figure, grid.caution)


def _draw_panel(axes: Axes, grid: ComparisonGrid, figure: GridFigure) -> None:
    """One colour scale a panel, logarithmic; a cell without figures is grey and says why."""
    from matplotlib.colors import LogNorm  # noqa: PLC0415
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    names = list(grid.points)
    values = [[_value(grid, layer, name, figure) for name in names] for layer in grid.layers]
    known = [v for row in values for v in row if not math.isnan(v) and v > 0]
    norm = LogNorm(min(known), max(known)) if known and min(known) < max(known) else None
    axes.imshow(
        [[v if v > 0 else math.nan for v in row] for row in values],
        norm=norm, cmap="YlGnBu", aspect="auto",
    )  # fmt: skip
    for row, layer in enumerate(grid.layers):
        for column, name in enumerate(names):
            value = values[row][column]
            shade = _shade(value, known)
            text = cell_text(grid, layer, name, figure)
            if math.isnan(value):
                axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color="0.88", linewidth=0))
            ink = "white" if shade > 0.6 else "black"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(range(len(names)), list(map(literal, names)))
    axes.set_yticks(range(len(grid.layers)), list(map(literal, grid.layers)))
    axes.set_xticks([column + 0.5 for column in range(len(names) - 1)], minor=True)
    axes.set_yticks([row + 0.5 for row in range(len(grid.layers) - 1)], minor=True)
    axes.grid(True, which="minor", color="white", linewidth=1.5)
    axes.set_axisbelow(False)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(figure.name)


def _shade(value: float, known: Sequence[float]) -> float:
    """How dark the cell is, from 0 to 1."""
    if not known or math.isnan(value) or value <= 0 or min(known) == max(known):
        return 0.0
    return math.log(value / min(known)) / math.log(max(known) / min(known))


def _value(grid: ComparisonGrid, layer: str, architecture: str, figure: GridFigure) -> float:
    outcome = grid.cells.get((layer, architecture))
    value = figure.of_layer(outcome) if outcome is not None and outcome.ok else None
    return math.nan if value is None else float(value)
