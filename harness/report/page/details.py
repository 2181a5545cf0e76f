"""All that the page tells about one configuration, layer by layer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.report.page.breakdown import shares
from harness.report.page.columns import plain_parameters
from harness.report.page.nest import nest_levels
from harness.report.sweep.engine_words import CHECKS
from harness.report.sweep.roofline import roofline_point

if TYPE_CHECKING:
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults


def configuration_details(results: SweepResults, point: Point) -> dict[str, Any]:
    """Every parameter, and each layer with its levels, traffic and mapping. Figures are of one instance."""
    return {
        "parameters": plain_parameters(point.parameters),
        "layers": [_layer(results, point.index, outcome) for outcome in results.layers(point.index)],
    }


def _layer(results: SweepResults, index: int, outcome: LayerOutcome) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": outcome.layer,
        "times": outcome.times,
        "status": outcome.status,
        "cycles": outcome.cycles,
        "energy_pj": outcome.energy_pj,
        "edp_j_cycles": outcome.edp_j_cycles,
        "utilization": outcome.utilization,
        "macs": outcome.macs,
        "bound_by": outcome.bound_by,
        "proof": outcome.proof,
        "check": None if outcome.check is None else CHECKS[outcome.check.status],
        "shares": None,
    }
    result = results.result(index, outcome.layer)
    if result is None or not result.levels:
        return told
    roofline = roofline_point(result, results.limits(index, outcome.layer))
    return told | {
        "bound_by": outcome.bound_by or result.bound_by,
        "shares": [asdict(share) for share in shares(result)],
        "roofline": None if roofline is None else asdict(roofline),
        "nest": [
            {
                "name": level.name,
                "keeps": [asdict(kept) for kept in level.keeps],
                "loops": [[loop.dimension, loop.factor, loop.residual, loop.axis] for loop in level.loops],
            }
            for level in nest_levels(result)
        ],
        "text": result.loop_nest,
    }
