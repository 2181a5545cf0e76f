"""The figures behind the plots of one configuration: the energy by level, and the roofline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engines.result import Result
    from harness.sweep.job import LevelLimits
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
        limits = results.limits(index, outcome.layer) if outcome.ok else ()
        if result is not None and limits and result.levels and result.cycles and result.macs:
            found.append(_roofline_layer(outcome.layer, result, limits[-1]))
    return found


def _roofline_layer(layer: str, result: Result, memory: LevelLimits) -> RooflineLayer:
    """Reads and writes have ports of their own: the direction that takes longer is the one that counts;
    where no bandwidth is stated, both together.
    """
    outermost = result.levels[-1]
    spaces = outermost.dataspaces.values()
    bytes_a_word = memory.word_bits / 8
    reads = sum(space.reads for space in spaces) * outermost.utilized_instances * bytes_a_word
    writes = sum(s.fills + s.updates for s in spaces) * outermost.utilized_instances * bytes_a_word
    scale = outermost.instances * bytes_a_word
    timed = [
        (moved / bandwidth, moved, bandwidth * scale)
        for moved, bandwidth in ((reads, memory.read_bandwidth), (writes, memory.write_bandwidth))
        if bandwidth
    ]
    _, moved, slope = max(timed) if timed else (0.0, reads + writes, None)
    macs, cycles = result.macs or 0, result.cycles or 1
    intensity = macs / moved if moved else float("inf")
    return RooflineLayer(layer, intensity, macs / cycles, Roof(result.levels[0].instances, slope))
