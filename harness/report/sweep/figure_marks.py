"""Units, colours, scales and remarks that the plots share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart, and four of their shades.
_COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999",
    "#004466", "#8A5F00", "#005F45", "#7A4864",
)  # fmt: skip
_ENERGIES = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))
_LOGARITHMIC_FROM = 20.0


def colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def energy_unit(picojoules: Sequence[float]) -> tuple[float, str]:
    """The unit in which the largest has one to three digits before the point, and its pJ."""
    largest = max(picojoules, default=0.0)
    return next((unit for unit in _ENERGIES if largest >= unit[0]), _ENERGIES[-1])


def scale_for(values: Sequence[float]) -> Literal["log", "linear"]:
    """A logarithmic scale where values differ much."""
    positive = [value for value in values if value > 0]
    much = bool(positive) and max(positive) > _LOGARITHMIC_FROM * min(positive)
    return "log" if much else "linear"


def spread(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """The scale for the values, with a few round numbers at its ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415

    scale = scale_for(values)
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)(scale)
    if scale == "log":
        positive = [value for value in values if value > 0]
        decades = max(positive) / min(positive)
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1e3 else (1.0,)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def with_prefixes(axis: Axis) -> None:
    """Ticks with SI prefixes: 17.7 G."""
    from matplotlib.ticker import EngFormatter  # noqa: PLC0415

    axis.set_major_formatter(EngFormatter(sep="\N{NARROW NO-BREAK SPACE}"))


def grid_lines(axes: Axes, which: Literal["both", "x", "y"] = "both") -> None:
    axes.grid(True, axis=which, color="0.9", linewidth=0.7)


def literal(name: str) -> str:
    """A user's name: dollars in it are no formula."""
    return name.replace("$", r"\$")


def title(axes: Axes, what: str, of: str = "") -> None:
    """The title, and under it in smaller letters what it is of, in two lines at most."""
    figure = axes.get_figure(root=True)
    width = int((figure.get_figwidth() if figure is not None else 7) * 14)
    lines = textwrap.wrap(of, width, max_lines=2, placeholder=" ...")
    axes.set_title(literal(what), pad=6 + 12 * len(lines))
    for number, line in enumerate(reversed(lines)):
        axes.annotate(
            literal(line), (0, 1), xycoords="axes fraction",
            xytext=(0, 5 + 12 * number), textcoords="offset points", fontsize=8,
            color="0.3", va="bottom", annotation_clip=False,
        ).set_in_layout(False)  # fmt: skip


def legend_beside(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def legend_below(axes: Axes) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), borderaxespad=0.0)


def note_under(figure: Figure, text: str) -> None:
    """A remark below all panels, as wide as the figure."""
    columns = int(figure.get_figwidth() * 14)
    figure.supxlabel("\n".join(textwrap.wrap(text, columns)), fontsize=8, ha="left", x=0.01)
