"""Plots of a sweep with matplotlib, for notebooks and for ``--plots``. Nothing here needs a display."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.errors import HarnessError, SpecError
from harness.report.files import write_folder
from harness.report.sweep.figures_of_point import draw_bounds, draw_energy, draw_roofline
from harness.report.sweep.figures_of_sweep import draw_grid, draw_pareto
from harness.report.sweep.words import described, telling_parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults

ImageFormat = Literal["svg", "png"]
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    # The names of an SVG's parts are else made of random numbers.
    "svg.hashsalt": "harness",
}


@dataclass(frozen=True)
class SweepFigure:
    """Notebooks show it as it is. ``figure`` is matplotlib's, for those who want to change something."""

    figure: Figure

    def image(self, format: ImageFormat) -> bytes:
        """Equal figures give equal bytes."""
        stream = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if format == "svg" else {"Software": None}
        with _style():
            self.figure.savefig(stream, format=format, metadata=metadata, dpi=150)
        return stream.getvalue()

    def save(self, path: str | Path) -> None:
        """As the file's suffix says, ``.png`` or ``.svg``. HarnessError for another or where it cannot be."""
        place = Path(path)
        format = place.suffix.removeprefix(".").lower()
        if format not in get_args(ImageFormat):
            raise SpecError(
                f"'{place.name}' must end in {' or '.join(f'.{f}' for f in get_args(ImageFormat))}"
            )
        write_folder(place.parent, {place.name: self.image("svg" if format == "svg" else "png")})

    def _repr_png_(self) -> bytes:
        return self.image("png")


def _style() -> AbstractContextManager[None]:
    from matplotlib.style import context  # noqa: PLC0415 - slow to import, as all of matplotlib

    return context(["default", STYLE])


class SweepPlots:
    """Each method draws one study (None: the one swept last), or one point (None: the best by EDP-sum)."""

    def __init__(self, results: SweepResults) -> None:
        self._results = results

    def pareto(self, study: int | None = None) -> SweepFigure:
        """Energy against cycles, with the front."""
        return self._drawn((7.8, 4.6), lambda figure: draw_pareto(figure, self._results, study))

    def energy(self, index: int | None = None, study: int | None = None) -> SweepFigure:
        """By level and layer."""
        point = self._point(index, study)
        return self._drawn(
            (7.5, self._height(point)),
            lambda figure: draw_energy(figure, self._results, point, self._name(point)),
        )

    def bounds(self, index: int | None = None, study: int | None = None) -> SweepFigure:
        """Cycles of each layer, and what bounds them."""
        point = self._point(index, study)
        return self._drawn(
            (7.5, self._height(point)),
            lambda figure: draw_bounds(figure, self._results, point, self._name(point)),
        )

    def roofline(self, index: int | None = None, study: int | None = None) -> SweepFigure:
        """MACs per cycle against MACs per byte of main memory."""
        point = self._point(index, study)
        return self._drawn(
            (7.0, 4.6), lambda figure: draw_roofline(figure, self._results, point, self._name(point))
        )

    def grid(self, study: int | None = None) -> SweepFigure:
        """Architectures against layers: EDP, cycles, energy, run time of the search."""
        number = self._results.study(study).number
        architectures = len(self._results.architectures(number))
        layers = len(self._results.study(number).layers)
        size = (2.6 + 2.2 * architectures, 2 * (1.1 + 0.32 * layers))
        return self._drawn(size, lambda figure: draw_grid(figure, self._results, number))

    def _drawn(self, size: tuple[float, float], draw: Callable[[Figure], None]) -> SweepFigure:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        with _style():
            figure = Figure(figsize=size, layout="constrained")
            FigureCanvasAgg(figure)
            draw(figure)
            # Laid out once: else every drawing moves things by fractions of a pixel.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return SweepFigure(figure)

    def _point(self, index: int | None, study: int | None) -> Point:
        if index is not None:
            return self._results.point(index)
        best = self._results.best("edp_sum", study)
        if not best:
            raise HarnessError("there is nothing to plot: no configuration has a mapping for every layer")
        return best[0]

    def _height(self, point: Point) -> float:
        return 1.6 + 0.34 * max(len(self._results.layers(point.index)), 1)

    def _name(self, point: Point) -> str:
        study = point.study
        architectures = len(self._results.architectures(study)) > 1
        what = described(point, telling_parameters(self._results, study), architectures)
        return f"configuration {point.index}: {what}"
