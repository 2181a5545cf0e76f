"""Results for the tests of comparing: ours of the model, theirs of the real program's golden figures."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from typing import Any

from harness.engines.record import level_records, network_records
from harness.engines.result import (
    LevelDataSpace,
    LevelRecord,
    NetworkDataSpace,
    NetworkRecord,
    Provenance,
    Result,
    SearchRecord,
    TimeloopRun,
)
from harness.model.stats import Stats

PROVENANCE = Provenance("1.0", "sha256:0", None, "2026-11-21T00:00:00+00:00", "run.py")


def result_of(stats: Stats, name: str = "case") -> Result:
    """As the embedded engine makes it of an evaluation, without the mapping and its files."""
    return Result(
        status="ok",
        architecture=name,
        layer="layer",
        search=SearchRecord("given", "edp", "best_found", evaluated=1, valid=1),
        provenance=PROVENANCE,
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        edp_j_cycles=stats.edp_j_cycles,
        utilization=stats.utilization,
        macs=stats.macs,
        levels=level_records(stats),
        networks=network_records(stats),
    )


def golden_result(ours: Result, figures: AbstractMapping[str, Any]) -> Result:
    """The figures of the real program as a result, with what these figures lack taken from ``ours``."""
    return replace(
        ours,
        cycles=figures["cycles"],
        energy_pj=figures["energy_pj"],
        edp_j_cycles=figures["energy_pj"] * figures["cycles"] * 1e-12,
        utilization=figures["utilization"],
        levels=tuple(_level(level, figures) for level in ours.levels),
        networks=tuple(_network(network, figures) for network in ours.networks),
    )


def of_timeloop(result: Result, precision: str) -> Result:
    run = TimeloopRun("timeloop-model", "sha256:1", "", "finished", 0, 0.1, precision)  # type: ignore[arg-type]
    return replace(result, engine="timeloop", timeloop=run)


def as_printed(result: Result) -> Result:
    """The result with its figures rounded as ``stats.txt`` has them."""

    def level(record: LevelRecord) -> LevelRecord:
        spaces = {
            name: replace(space, energy_pj=round(space.energy_pj, 2))
            for name, space in record.dataspaces.items()
        }
        rounding = sum(spaces[name].energy_pj - space.energy_pj for name, space in record.dataspaces.items())
        return replace(
            record,
            dataspaces=spaces,
            leakage_pj=round(record.leakage_pj, 2),
            energy_pj=round(record.energy_pj + rounding, 2),
            area_um2=round(record.area_um2 / record.instances, 2) * record.instances,
        )

    assert result.energy_pj is not None
    assert result.utilization is not None
    return of_timeloop(
        replace(
            result,
            energy_pj=round(result.energy_pj / 1e6, 2) * 1e6,
            edp_j_cycles=float(f"{result.edp_j_cycles:.2e}"),
            utilization=round(result.utilization * 100, 2) / 100,
            levels=tuple(map(level, result.levels)),
        ),
        "printed",
    )


def _level(ours: LevelRecord, figures: AbstractMapping[str, Any]) -> LevelRecord:
    if f"levels.{ours.name}.cycles" not in figures:
        return replace(
            ours,
            cycles=figures.get("arithmetic.cycles", ours.cycles),
            energy_pj=figures.get("arithmetic.energy_pj", ours.energy_pj),
            utilized_instances=figures.get("arithmetic.utilized_instances", ours.utilized_instances),
        )
    at = f"levels.{ours.name}"
    spaces = {name: _space(space, f"{at}.{name}", figures) for name, space in ours.dataspaces.items()}
    return replace(
        ours,
        cycles=figures[f"{at}.cycles"],
        energy_pj=figures[f"{at}.energy_pj"],
        leakage_pj=figures[f"{at}.leakage_pj"],
        area_um2=figures.get(f"{at}.area_um2", ours.area_um2),
        dataspaces=spaces,
    )


def _space(ours: LevelDataSpace, at: str, figures: AbstractMapping[str, Any]) -> LevelDataSpace:
    names = ("reads", "fills", "updates", "temporal_reductions", "partition_size", "utilized_instances")
    energy = figures[f"{at}.storage_energy_pj"] + figures[f"{at}.addr_gen_energy_pj"]
    return replace(ours, energy_pj=energy, **{name: figures[f"{at}.{name}"] for name in names})


def _network(ours: NetworkRecord, figures: AbstractMapping[str, Any]) -> NetworkRecord:
    at = f"networks.{ours.name}"
    spaces = {name: _network_space(space, f"{at}.{name}", figures) for name, space in ours.dataspaces.items()}
    return replace(ours, energy_pj=figures[f"{at}.energy_pj"], dataspaces=spaces)


def _network_space(ours: NetworkDataSpace, at: str, figures: AbstractMapping[str, Any]) -> NetworkDataSpace:
    names = ("fanout", "multicast_factor", "link_transfers", "spatial_reductions", "energy_pj")
    return replace(ours, **{name: figures.get(f"{at}.{name}", getattr(ours, name)) for name in names})
