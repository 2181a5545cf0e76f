"""The figures behind the plots of one configuration: the energy by level, and the roofline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.sweep.roofline import roofline_point

if TYPE_CHECKING:
    from harness.sweep.results import SweepResults

NETWORKS = "networks"


@dataclass(frozen=True)
class Roof:
    """``peak`` MACs per cycle, and ``slope`` bytes per cycle that main memory can move, None: any number."""

    peak: float
    slope: float | None


@dataclass(frozen=True)
class RooflineLayer:
    """``intensity`` in MACs per byte that passes main memory, ``rate`` in MACs per cycle."""

    layer: str
    intensity: float
    rate: float
    roof: Roof


def energy_by_level(results: SweepResults, index: int) -> dict[str, dict[str, float]]:
    """Layer, level, pJ of all its occurrences: levels from the outermost in, then all networks together."""
    found: dict[str, dict[str, float]] = {}
    for outcome in results.layers(index):
        result = results.result(index, outcome.layer) if outcome.ok else None
        if result is None:
            continue
        parts = {level.name: outcome.times * level.energy_pj for level in reversed(result.levels)}
        networks = sum(network.energy_pj for network in result.networks)
        if networks:
            parts[NETWORKS] = outcome.times * networks
        found[outcome.layer] = {name: energy for name, energy in parts.items() if energy}
    return found


def roofline(results: SweepResults, index: int) -> list[RooflineLayer]:
    """Of the layers with a mapping whose main memory is known."""
    found = []
    for outcome in results.layers(index):
        result = results.result(index, outcome.layer) if outcome.ok else None
        point = None if result is None else roofline_point(result, results.limits(index, outcome.layer))
        if point is not None and point.macs and point.cycles:
            busier = point.busier
            roof = Roof(point.units, None if busier is None else busier.bytes_per_cycle)
            rate = point.macs / point.cycles
            found.append(RooflineLayer(outcome.layer, point.intensity, rate, roof))
    return found
