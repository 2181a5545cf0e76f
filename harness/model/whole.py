"""The whole evaluation from its parts, dense or sparse."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.basis import Basis
from harness.model.stats import ArithmeticStats, DataSpaceStats, LevelStats, NetworkStats, Stats


def whole_stats(
    basis: Basis,
    arithmetic: ArithmeticStats,
    levels: tuple[LevelStats, ...],
    networks: tuple[NetworkStats, ...],
    *,
    busy_cycles: int,
    busy_computes: int,
    bound: str,
) -> Stats:
    """``busy_cycles``: without the latency of networks. ``busy_computes`` occupy a unit, ``bound`` names what
    sets the cycles.
    """
    energy = arithmetic.energy_pj
    for stats in levels:
        energy += stats.energy_pj
    for network in networks:
        if network.evaluated:
            energy += network.energy_pj
    cycles = busy_cycles + basis.latency
    return Stats(
        cycles=cycles,
        energy_pj=energy,
        utilization=busy_computes / arithmetic.instances / cycles,
        area_um2=arithmetic.area_um2 + sum([stats.area_um2 for stats in levels]),
        macs=basis.problem.macs,
        actual_computes=arithmetic.actual_computes,
        network_latency_cycles=basis.latency,
        last_level_accesses=levels[-1].accesses,
        bound_by=bound,
        arithmetic=arithmetic,
        levels=levels,
        networks=networks,
    )


def energy_of_level(parts: Sequence[DataSpaceStats], leakage: float) -> float:
    """pJ of a level: of its data spaces, each with its share of the leakage."""
    energy = 0.0
    for part in parts:
        energy += (
            part.storage_energy_pj
            + part.temporal_reduction_energy_pj
            + part.addr_gen_energy_pj
            + leakage / len(parts)
        )
    return energy
