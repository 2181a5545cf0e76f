"""Plots of one configuration: energy by level, what bounds each layer, the roofline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.report.sweep.figure_marks import (
    colour,
    energy_unit,
    grid_lines,
    legend_below,
    legend_beside,
    literal,
    title,
    with_prefixes,
)
from harness.report.sweep.figure_rows import Roof, RooflineLayer, energy_by_level, roofline
from harness.report.sweep.words import bound_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults

_LABEL_DECADES = 0.25


def draw_energy(figure: Figure, results: SweepResults, point: Point, name: str) -> None:
    energies = energy_by_level(results, point.index)
    layers = list(energies)
    levels = _in_order(energies)
    sums = [sum(parts.values()) for parts in energies.values()]
    scale, unit = energy_unit(sums)
    axes = figure.add_subplot()
    left = [0.0] * len(layers)
    for number, level in enumerate(levels):
        widths = [energies[layer].get(level, 0.0) / scale for layer in layers]
        axes.barh(
            range(len(layers)), widths, left=left, color=colour(number), label=literal(level), height=0.72
        )
        left = [a + b for a, b in zip(left, widths, strict=True)]
    total = sum(sums)
    _name_rows(axes, results, point, layers)
    _write_beside(axes, left, [f"{100 * s / total:.1f} %" if total else "" for s in sums])
    axes.set_xlabel(f"energy of all occurrences, {unit}")
    title(axes, "Energy by level", name)
    legend_beside(axes)


def _in_order(energies: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The levels of all layers; variants for norm operators have some of their own."""
    return list(dict.fromkeys(level for parts in energies.values() for level in parts))


def draw_bounds(figure: Figure, results: SweepResults, point: Point, name: str) -> None:
    outcomes = [o for o in results.layers(point.index) if o.ok and o.cycles is not None]
    cycles = [o.times * (o.cycles or 0) for o in outcomes]
    bounds = list(dict.fromkeys(bound_in_words(o.bound_by) for o in outcomes))
    axes = figure.add_subplot()
    for number, bound in enumerate(bounds):
        rows = [row for row, o in enumerate(outcomes) if bound_in_words(o.bound_by) == bound]
        axes.barh(
            rows, [cycles[row] for row in rows], color=colour(number), label=literal(bound), height=0.72
        )
    floors = []
    for o in outcomes:
        result = results.result(point.index, o.layer)
        floors.append(o.times * result.levels[0].cycles if result is not None and result.levels else math.nan)
    axes.vlines(
        floors, [r - 0.42 for r in range(len(floors))], [r + 0.42 for r in range(len(floors))],
        color="black", linewidth=1.6, label="arithmetic alone",
    )  # fmt: skip
    total = sum(cycles)
    _name_rows(axes, results, point, [o.layer for o in outcomes])
    _write_beside(axes, cycles, [f"{100 * c / total:.1f} %" if total else "" for c in cycles])
    with_prefixes(axes.xaxis)
    axes.set_xlabel("cycles of all occurrences")
    title(axes, "Cycles and what bounds them", name)
    legend_beside(axes)


def _name_rows(axes: Axes, results: SweepResults, point: Point, layers: Sequence[str]) -> None:
    """The first layer on top, with its count."""
    times = {o.layer: o.times for o in results.layers(point.index)}
    labels = [f"{layer} x{times[layer]}" if times[layer] > 1 else layer for layer in layers]
    axes.set_yticks(range(len(layers)), list(map(literal, labels)))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    grid_lines(axes, "x")
    axes.margins(x=0.12)


def _write_beside(axes: Axes, ends: Sequence[float], texts: Sequence[str]) -> None:
    for row, (end, text) in enumerate(zip(ends, texts, strict=True)):
        axes.annotate(
            text, (end, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8, color="0.3"
        )


def draw_roofline(figure: Figure, results: SweepResults, point: Point, name: str) -> None:
    rows = [row for row in roofline(results, point.index) if math.isfinite(row.intensity)]
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    roofs = list(dict.fromkeys(row.roof for row in rows))
    low, high = _range([row.intensity for row in rows], [_knee(roof) for roof in roofs])
    for number, roof in enumerate(roofs):
        under = ", ".join(row.layer for row in rows if row.roof == roof)
        _draw_roof(axes, roof, (low, high), colour(number), f"{literal(under)}:\n{_told(roof)}")
    for row in rows:
        axes.scatter([row.intensity], [row.rate], s=36, color=colour(roofs.index(row.roof)), zorder=3)
    _label(axes, rows)
    busier = ", in its busier direction" if any(roof.slope for roof in roofs) else ""
    axes.set_xlabel(f"MACs per byte of main memory{busier}")
    axes.set_ylabel("MACs per cycle")
    title(axes, "Roofline", name)
    axes.grid(True, color="0.9", linewidth=0.7)
    if rows:
        axes.set_xlim(low, high)
        rates = [*(row.rate for row in rows), *(roof.peak for roof in roofs)]
        axes.set_ylim(min(rates) / 5, max(rates) * 3)
        legend_below(axes)


def _knee(roof: Roof) -> float:
    """The intensity from which on compute is the bound."""
    return roof.peak / roof.slope if roof.slope else math.nan


def _range(intensities: Sequence[float], knees: Sequence[float]) -> tuple[float, float]:
    known = [x for x in (*intensities, *knees) if x > 0 and math.isfinite(x)]
    return (min(known) / 3, max(known) * 4) if known else (0.1, 10.0)


def _told(roof: Roof) -> str:
    macs = f"{roof.peak:,g} MAC{'' if roof.peak == 1 else 's'} per cycle"
    if roof.slope is None:
        return f"{macs}, main memory without limit"
    return f"{macs}, {roof.slope:,g} bytes per cycle"


def _draw_roof(axes: Axes, roof: Roof, ends: tuple[float, float], line_colour: str, label: str) -> None:
    low, high = ends
    knee = low if roof.slope is None else min(max(_knee(roof), low), high)
    x = [low, knee, high]
    y = [roof.peak if roof.slope is None else min(roof.peak, roof.slope * value) for value in x]
    axes.plot(x, y, color=line_colour, label=label)


def _label(axes: Axes, rows: Sequence[RooflineLayer]) -> None:
    """One label for layers at nearly the same place, which names them from left to right."""
    groups: list[list[RooflineLayer]] = []
    for row in sorted(rows, key=lambda row: row.intensity):
        near = next((group for group in groups if _near(group[-1], row)), None)
        if near is None:
            groups.append([row])
        else:
            near.append(row)
    for group in groups:
        first = group[0]
        axes.annotate(
            literal(", ".join(row.layer for row in group)),
            (first.intensity, first.rate), xytext=(4, -13), textcoords="offset points", fontsize=8,
        )  # fmt: skip


def _near(one: RooflineLayer, other: RooflineLayer) -> bool:
    """So near that labels of their own would lie over each other."""
    across = abs(math.log10(one.intensity / other.intensity))
    return across < _LABEL_DECADES and abs(math.log10(one.rate / other.rate)) < _LABEL_DECADES
