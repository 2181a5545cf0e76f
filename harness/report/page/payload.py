"""What the page carries of a sweep, as plain data for its script."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.report.page.columns import columns, plain_parameters
from harness.report.page.details import configuration_details
from harness.report.page.estimates import EstimatesOfPage
from harness.report.page.figures_of_merit import MERITS
from harness.report.page.grid import architecture_grid
from harness.report.page.survey import Figures, carried, survey
from harness.report.sweep.engine_words import ENGINES, checks_in_words, unequal_lines
from harness.report.sweep.words import STATUS_WORDS, studied_densities
from harness.sweep.comparison import CRITERIA

if TYPE_CHECKING:
    from harness.sweep.results import SweepResults
    from harness.sweep.study import Study

MOST_DETAILED = 60
LEAST_DETAILED = 12
MOST_FAILURES = 5_000
MOST_TIES = 12


def payload(
    results: SweepResults, command: str = "", estimates: EstimatesOfPage | None = None
) -> dict[str, Any]:
    """All studies, each for itself: figures of different studies are never compared.

    ``estimates`` takes the tables that are not data but markup.
    """
    import plotly  # noqa: PLC0415 - a heavy import

    models = dict.fromkeys(study.settings.model for study in results.studies)
    return {
        "title": f"Hardware sweep: {', '.join(models)}" if models else "Hardware sweep",
        "command": command,
        "swept": list(results.commands),
        "latest": results.latest,
        "plotly": str(plotly.__version__),
        "merits": [
            {"id": m.id, "name": m.name, "unit": m.unit, "scale": m.scale, "better": m.better} for m in MERITS
        ],
        "studies": [_study(results, study, estimates or EstimatesOfPage()) for study in results.studies],
    }


def _study(results: SweepResults, study: Study, estimates: EstimatesOfPage) -> dict[str, Any]:
    known = survey(results.iterate(study.number))
    best = _best(known.figures)
    front = [point.index for point in results.pareto(study.number)]
    told = [index for criterion in best for index in criterion["indices"]]
    most = max(LEAST_DETAILED, MOST_DETAILED // len(results.studies))
    detailed = _detailed(known.figures, told, front, most)
    kept = carried(known.figures, (*told, *front, *detailed))
    shown = [point for point in results.iterate(study.number) if point.index in kept]
    by_index = {point.index: point for point in shown}
    failures = results.failures(study.number)
    checks = results.checks(study.number)
    return {
        "number": study.number,
        "model": study.settings.model,
        "fusion": study.settings.fusion,
        "densities": studied_densities(study) or None,
        "mapper": study.settings.mapper,
        "version": study.settings.version,
        "engine": None if study.settings.engine == "embedded" else ENGINES[study.settings.engine],
        "checked": checks_in_words(checks) if study.settings.engine == "both" else None,
        "unequal": list(unequal_lines(checks)),
        "blocks": study.blocks,
        "layers": [
            {"name": o.layer, "times": o.times, "reason": o.times_reason, "fused": o.fused, "macs": o.macs}
            for o in study.layers
        ],
        "count": known.count,
        "ranked": len(known.figures),
        "carried": len(shown),
        "architectures": known.architectures,
        "varying": list(known.varying),
        "common": plain_parameters(known.common),
        "columns": columns(shown, known.varying),
        "best": best,
        "front": front,
        "details": {str(index): configuration_details(results, by_index[index]) for index in detailed},
        "estimates": estimates.of_study(results, study, by_index, (*told, *front)),
        "grid": architecture_grid(results, study),
        "failures": [
            [f.index, f.layer, STATUS_WORDS.get(f.status, f.status), f.reason]
            for f in failures[:MOST_FAILURES]
        ],
        "failureCount": len(failures),
        "notes": [
            {"text": note.text, "layer": note.layer, "indices": list(note.indices)}
            for note in results.notes(study.number)
        ],
    }


def _best(figures: Sequence[Figures]) -> list[dict[str, Any]]:
    """Each criterion with its best value and the first of those that share it."""
    found = []
    for criterion in CRITERIA:
        merit = next(m for m in MERITS if m.id == criterion.column)
        known = [(index, value) for index, metrics in figures if (value := merit.of(metrics)) is not None]
        if not known:
            continue
        choose = min if merit.better == "less" else max
        best = choose(value for _, value in known)
        ties = [index for index, value in known if value == best]
        found.append({"merit": merit.id, "value": best, "indices": ties[:MOST_TIES], "ties": len(ties)})
    return found


def _detailed(figures: Sequence[Figures], told: list[int], front: list[int], most: int) -> list[int]:
    """The best of each criterion, the front, then the next best by EDP-sum, until there are enough."""
    next_best = heapq.nsmallest(most, figures, key=lambda pair: pair[1].edp_sum)
    along = [front[place * len(front) // most] for place in range(most)] if len(front) > most else front
    return list(dict.fromkeys([*told, *along, *(index for index, _ in next_best)]))[:most]
