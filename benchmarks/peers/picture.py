"""Time to quality: how far each mapper's best mapping is above the best of all, over its CPU time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.attempt import Attempt

COLUMNS = 3
LEGEND_INCHES = 0.5
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Distinguishable with any colour vision (Okabe and Ito's set)."""


def draw(attempts: Sequence[Attempt], file: Path) -> None:
    """One panel per job. Raises ImportError without matplotlib, ValueError if nothing was found."""
    import matplotlib  # type: ignore[import-not-found]  # noqa: PLC0415 - only the picture needs it

    matplotlib.use("Agg")
    # The same figures give the same file, with text as text.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers"})
    from matplotlib import pyplot  # noqa: PLC0415

    drawn = [attempt for attempt in attempts if attempt.trace]
    jobs = list(dict.fromkeys(attempt.job for attempt in drawn))
    if not jobs:
        raise ValueError("no mapper found a mapping: there is nothing to draw")
    mappers = list(dict.fromkeys(attempt.mapper for attempt in attempts))
    columns = min(COLUMNS, len(jobs))
    rows = math.ceil(len(jobs) / columns)
    figure, grid = pyplot.subplots(
        rows, columns, figsize=(4.2 * columns, 3.0 * rows + LEGEND_INCHES), squeeze=False, sharex=True
    )
    panels = list(grid.flat)
    for panel, job in zip(panels, jobs, strict=False):
        _panel(panel, [a for a in drawn if a.job == job], mappers)
        panel.set_title(job, fontsize=10)
    for panel in panels[len(jobs) :]:
        panel.set_axis_off()
    handles = {}
    for panel in panels:
        handles.update(dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True)))
    figure.supxlabel("CPU seconds", fontsize=10)
    figure.supylabel("EDP above the best", fontsize=10)
    figure.tight_layout(rect=(0, 0, 1, 1 - LEGEND_INCHES / figure.get_figheight()))
    figure.legend(
        handles.values(), handles.keys(), loc="upper center", ncols=min(4, len(handles)), fontsize=9
    )
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def _panel(panel: Any, attempts: Sequence[Attempt], mappers: Sequence[str]) -> None:
    least = min(a.trace[-1].edp for a in attempts if a.inside or not any(b.inside for b in attempts))
    for attempt in attempts:
        seconds = [point.seconds for point in attempt.trace]
        above = [point.edp / least - 1 for point in attempt.trace]
        end = max(attempt.seconds or 0.0, seconds[-1])
        colour = COLOURS[mappers.index(attempt.mapper) % len(COLOURS)]
        panel.step([*seconds, end], [*above, above[-1]], where="post", color=colour, label=attempt.mapper)
        panel.plot(seconds[-1], above[-1], marker="o", markersize=5, color=colour)
    panel.set_xscale("log")
    # Logarithmic down to 0.1 %, linear below, so that "the best" has a place on the axis.
    panel.set_yscale("symlog", linthresh=1e-3)
    lowest = min(a.trace[-1].edp for a in attempts) / least - 1
    panel.set_ylim(bottom=min(-2e-4, 1.5 * lowest))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if abs(value) >= 0.01 else f"{value:.1%}")
    panel.minorticks_off()
    panel.grid(True, alpha=0.3)
    panel.tick_params(labelsize=8, labelbottom=True)
