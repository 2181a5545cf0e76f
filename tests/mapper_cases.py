"""Small architectures and the committed figures of Timeloop's mapper, for the map space and search tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import EstimationError, InvalidMapping
from harness.model.stats import ArithmeticStats, Stats
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.constraints import Constraints
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.constraints import read_constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import DataSpace, Problem, Term

GOLDEN = Path(__file__).resolve().parent / "golden" / "mapper"
SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "golden"


def golden_case(name: str) -> tuple[Architecture, Problem, Constraints, dict[str, Any]]:
    """A committed case: inputs and the figures of Timeloop's linear_pruned run on them."""
    data = json.loads((GOLDEN / f"{name}.json").read_text())
    architecture = _architecture(data)
    problem = problem_of(
        data["problem"]["bounds"],
        {
            space: ([[Term(d, c) for d, c in rank] for rank in entry["ranks"]], entry["read_write"])
            for space, entry in data["problem"]["data_spaces"].items()
        },
        data["problem"]["name"],
    )
    constraints = read_constraints({"architecture_constraints": data["constraints"]}, architecture, problem)
    return architecture, problem, constraints, data["expected"]


def _architecture(data: dict[str, Any]) -> Architecture:
    entry = data["architecture"]
    ert = EnergyReferenceTable(
        tuple(
            ComponentEnergy(name, tuple(ActionEnergy(action, energy) for action, energy in actions.items()))
            for name, actions in data["energy_pj"].items()
        )
    )
    art = AreaReferenceTable(tuple(data["area_um2"].items())) if data["area_um2"] else None
    return Architecture(
        entry["name"],
        ArithmeticLevel(**entry["arithmetic"]),
        tuple(StorageLevel(**level) for level in entry["storage"]),
        ert=ert,
        art=art,
    )


def problem_of(
    bounds: dict[str, int],
    spaces: dict[str, tuple[list[list[Term]], bool]],
    name: str = "problem",
) -> Problem:
    data_spaces = tuple(
        DataSpace(space, tuple(tuple(rank) for rank in ranks), written)
        for space, (ranks, written) in spaces.items()
    )
    return Problem(name, tuple(bounds), tuple(bounds.values()), data_spaces)


def gemm(m: int, k: int, n: int) -> Problem:
    return problem_of(
        {"M": m, "K": k, "N": n},
        {
            "Weights": ([[Term("M")], [Term("K")]], False),
            "Inputs": ([[Term("K")], [Term("N")]], False),
            "Outputs": ([[Term("M")], [Term("N")]], True),
        },
        "gemm",
    )


def array(
    buffer_words: int | None = None, register_words: int | None = None, mesh: tuple[int, int] = (2, 2)
) -> Architecture:
    """DRAM over a buffer over a mesh of registers, each with a MAC."""
    x, y = mesh

    def storage(name: str, words: int | None, count: tuple[int, int]) -> StorageLevel:
        return StorageLevel(
            name=name,
            full_name=f"sys.{name}[1..{count[0] * count[1]}]",
            class_name="SRAM" if words is not None else "DRAM",
            technology="SRAM" if words is not None else "DRAM",
            instances=count[0] * count[1],
            mesh_x=count[0],
            mesh_y=count[1],
            word_bits=8,
            block_size=1,
            size_words=words,
        )

    return Architecture(
        "sys",
        ArithmeticLevel("MAC", f"sys.MAC[1..{x * y}]", "intmac", x * y, x, y),
        (
            storage("Registers", register_words, mesh),
            storage("Buffer", buffer_words, (1, 1)),
            storage("DRAM", None, (1, 1)),
        ),
    )


def stub_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """A cheap stand-in for the model: figures that depend on everything a search may vary."""
    cycles = 1
    energy = 0.0
    for depth, level in enumerate(mapping.levels, start=1):
        for position, loop in enumerate(level.temporal):
            cycles *= loop.factor
            index = problem.dimensions.index(loop.dimension) + 1
            energy += depth * index * (position + 1) * loop.factor
        for loop in level.spatial:
            energy += 0.25 * loop.factor * (2 if loop.axis == "X" else 3)
        energy += 5 * depth * len(level.keep)
    return stats_of(cycles, energy, problem.macs)


def refusing_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """Like :func:`stub_evaluate`, but the model refuses about a third of what the pre-check lets pass."""
    stats = stub_evaluate(architecture, problem, mapping)
    if int(stats.energy_pj * 4) % 3 == 0:
        raise InvalidMapping("Registers: refused by the stub")
    return stats


def giving_up_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """A model that meets something it cannot evaluate."""
    raise EstimationError("the stub gives up")


def broken_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """A model with a defect."""
    raise ZeroDivisionError("a defect of the stub")


def stats_of(cycles: int, energy_pj: float, macs: int) -> Stats:
    arithmetic = ArithmeticStats("MAC", 1, 1, 1, 1, cycles, macs, macs, 0.0, 0.0)
    return Stats(
        cycles=cycles,
        energy_pj=energy_pj,
        utilization=1.0,
        area_um2=0.0,
        macs=macs,
        actual_computes=macs,
        network_latency_cycles=0,
        last_level_accesses=int(energy_pj),
        bound_by="compute",
        arithmetic=arithmetic,
        levels=(),
        networks=(),
    )
