"""The configurations of a sweep as a table: what varies, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.report.sweep.aligned import Columns, aligned
from harness.report.sweep.words import described, plain

if TYPE_CHECKING:
    from harness.sweep.metrics import Metrics
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults

_ANY_WIDTH = 10**6
_FIGURES = ("EDP-sum", "EDP", "energy J", "cycles", "util %", "mm^2")


def configuration_table(
    results: SweepResults,
    study: int,
    keys: Sequence[str],
    *,
    criterion: str,
    width: int,
    top: int | None,
) -> str:
    """The ``top`` best of those with figures (None: all), with the parameters ``keys``."""
    architectures = len(results.architectures(study)) > 1
    parameters = (*(["arch"] if architectures else []), *keys)
    with_edap = criterion == "edap"
    rows = []
    for point in results.ranked(criterion, study, top):
        if point.metrics is not None:
            own = [point.architecture] if architectures else []
            own += [plain(point.parameters.get(key)) for key in keys]
            edap = [_edap(point.metrics)] if with_edap else []
            rows.append([str(point.index), *own, *_figures(point.metrics), *edap])
    heads = ("idx", *parameters, *_FIGURES, *(["EDAP"] if with_edap else []))
    lines = [aligned(Columns(heads, 1 + len(parameters)), rows, width)]
    more = results.counts(study)["ok"] - len(rows)
    if more:
        lines.append(f"and {more:,} more")
    unit = ", EDAP in J*cycles*mm^2" if with_edap else ""
    lines.append(f"EDP-sum and EDP (of totals) in J*cycles{unit}")
    return "\n".join(lines)


def _figures(m: Metrics) -> list[str]:
    area = "-" if m.area_um2 is None else f"{m.area_um2 / 1e6:.3f}"
    energy = f"{m.energy_pj / 1e12:.4e}"
    return [f"{m.edp_sum:.4e}", f"{m.edp:.4e}", energy, str(m.cycles), f"{100 * m.utilization:.3f}", area]


def _edap(m: Metrics) -> str:
    return "-" if m.edap is None else f"{m.edap:.4e}"


def front_table(points: Sequence[Point], keys: Sequence[str], architectures: bool) -> str:
    """The points of a front: energy, cycles, and what they are, which may be longer than the screen."""
    rows, told = [], []
    for p in points:
        if p.metrics is not None:
            rows.append([str(p.index), f"{p.metrics.energy_pj / 1e12:.4e}", f"{p.metrics.cycles:,}"])
            told.append(described(p, keys, architectures))
    lines = aligned(Columns(("idx", "energy J", "cycles"), 1), rows, _ANY_WIDTH).splitlines()
    heads = ("configuration", "-" * len("configuration"))
    return "\n".join(f"{line}  {text}" for line, text in zip(lines, (*heads, *told), strict=True))
