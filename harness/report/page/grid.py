"""Architectures against layers, for the page: the figures of the comparison grid as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.report.sweep.comparison_grid import FIGURES, ComparisonGrid, comparison_grid
from harness.report.sweep.words import STATUS_WORDS

if TYPE_CHECKING:
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults
    from harness.sweep.study import Study


def architecture_grid(results: SweepResults, study: Study) -> dict[str, Any] | None:
    """None for a single architecture. Figures of one instance of each layer; ``total`` counts them all."""
    if len(results.architectures(study.number)) < 2:
        return None
    grid = comparison_grid(results, study.number)
    return {
        "layers": list(grid.layers),
        "rows": [_row(grid, architecture, point) for architecture, point in grid.points.items()],
        "caution": grid.caution,
    }


def _row(grid: ComparisonGrid, architecture: str, point: Point) -> dict[str, Any]:
    metrics = point.metrics
    return {
        "architecture": architecture,
        "index": point.index,
        "total": {
            figure.id: None if metrics is None else figure.of_point(metrics, point.seconds)
            for figure in FIGURES
        },
        "layers": {layer: _cell(grid.cells.get((layer, architecture))) for layer in grid.layers},
    }


def _cell(outcome: LayerOutcome | None) -> dict[str, Any]:
    if outcome is None or not outcome.ok:
        return {"status": STATUS_WORDS["not_run" if outcome is None else outcome.status]}
    return {figure.id: figure.of_layer(outcome) for figure in FIGURES}
