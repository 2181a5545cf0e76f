"""``--plots DIR``: every plot of a sweep as SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harness.errors import HarnessError
from harness.report.files import write_folder
from harness.report.sweep.figures import ImageFormat, SweepFigure, SweepPlots

if TYPE_CHECKING:
    from harness.sweep.results import SweepResults


def write_plots(results: SweepResults, folder: Path) -> tuple[Path, ...]:
    """The files, which appear together when all are drawn. With several studies, a study's number stands
    before its plots' names. HarnessError when there is nothing to plot, or the folder cannot be written.
    """
    files: dict[str, str | bytes] = {}
    for name, draw in _plots(results):
        figure = draw()
        for format in get_args(ImageFormat):
            files[f"{name}.{format}"] = figure.image(format)
    if not files:
        raise HarnessError("there is nothing to plot: no configuration has a mapping for every layer")
    write_folder(folder, files)
    return tuple(folder / name for name in files)


def _plots(results: SweepResults) -> Iterator[tuple[str, Callable[[], SweepFigure]]]:
    """Those for which there are figures."""
    plots = SweepPlots(results)
    studies = [study for study in results.studies if any(results.counts(study.number).values())]
    for study in studies:
        number = study.number
        prefix = f"study-{number}-" if len(studies) > 1 else ""
        best = results.best("edp_sum", number)
        if best:
            yield f"{prefix}pareto", partial(plots.pareto, number)
        if best and _has_levels(results, best[0].index):
            index = best[0].index
            yield f"{prefix}energy", partial(plots.energy, index)
            yield f"{prefix}bounds", partial(plots.bounds, index)
            yield f"{prefix}roofline", partial(plots.roofline, index)
        if study.layers and len(results.architectures(number)) > 1:
            yield f"{prefix}architectures", partial(plots.grid, number)


def _has_levels(results: SweepResults, index: int) -> bool:
    """Not so for points of the earlier harness, of which only sums are known."""
    return any(o.ok and results.result(index, o.layer) is not None for o in results.layers(index))
