"""The evaluation of a mapping on hardware with sparse optimisations.

The dense analysis comes first; its counts are then split and weighted (Timeloop sparse-analysis.cpp,
PerformSparseProcessing), and arithmetic, levels and totals follow from what really happens. Networks carry
what the dense analysis says: the reference leaves them out of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.errors import InvalidMapping
from harness.model.accesses import split_accesses
from harness.model.basis import Basis
from harness.model.component_energy import tables_by_name
from harness.model.evaluation import bound_by, movements_of, split_hint, too_many_units
from harness.model.loop_nest import LoopNest
from harness.model.nest_analysis import analyse_compute
from harness.model.networks import network_stats
from harness.model.sparse.capacity import check_room, take_room
from harness.model.sparse.cells import Frame, framed
from harness.model.sparse.computes import Computes, split_computes
from harness.model.sparse.conditions import find_savings
from harness.model.sparse.energies import SparseComputeEnergy, compute_energies, operation_energies
from harness.model.sparse.levels import (
    SparseLevelUse,
    charge_overflow,
    level_use,
    sparse_level_stats,
    sparse_performance,
)
from harness.model.sparse.occupancy import expect
from harness.model.sparse.representation import check_formats, lay_out
from harness.model.sparse.spatial_skipping import Units, skip_instances
from harness.model.sparse.traffic import split_traffic
from harness.model.stats import ArithmeticStats, Stats
from harness.model.whole import whole_stats
from harness.model.working_sets import WorkingSets
from harness.spec.mapping import Mapping
from harness.spec.sparse import SparseOptimizations


@dataclass(slots=True)
class _Arithmetic:
    """``algorithmic``: operations of the dense computation."""

    computes: Computes
    units: Units
    algorithmic: int
    energy: SparseComputeEnergy


def evaluate_sparse(basis: Basis, sparse: SparseOptimizations, mapping: Mapping) -> Stats:
    """As :func:`harness.model.evaluate`, which checks and prepares; raises the same errors."""
    nest = LoopNest(basis, mapping)
    compute = analyse_compute(nest)
    sets = [WorkingSets(nest, tensor) for tensor in basis.tensors]
    sizes = [[s.largest(boundary) for boundary in nest.boundary] for s in sets]
    movements = [movements_of(basis, mapping, s, by_level) for s, by_level in zip(sets, sizes, strict=True)]
    accesses = [
        split_accesses(m, tensor.written, tensor.name, basis.artefacts)
        for m, tensor in zip(movements, basis.tensors, strict=True)
    ]
    frame = framed(
        basis, sparse, mapping, movements=movements, accesses=accesses, expansions=nest.expansions[:-1]
    )
    tables = tables_by_name(basis.architecture)
    energies = [operation_energies(level.energy, tables.get(level.spec.name)) for level in basis.levels]

    check_formats(frame)
    lay_out(frame)
    expect(frame)
    savings = find_savings(frame, [of_level["random_read"] for of_level in energies])
    operations = compute.operations_per_unit * compute.units
    if not basis.artefacts.whole_instances:
        operations = float(basis.problem.macs)
    units = Units(*nest.expansions[-1], float(compute.units))
    skip_instances(frame, savings, units)
    left = split_traffic(frame, savings, operations)
    unit_energy = compute_energies(basis.compute, tables.get(basis.architecture.arithmetic.name))
    arithmetic = _arithmetic(
        basis, nest, mapping, _Arithmetic(split_computes(frame, left), units, int(operations), unit_energy)
    )

    levels = []
    for storage in range(len(basis.levels)):
        taken = take_room(frame, storage)
        check_room(frame, storage, taken)
        _check_instances(frame, storage, mapping)
        levels.append(level_use(frame, storage, taken, energies[storage]))
    charge_overflow(levels)
    return _stats(frame, arithmetic, levels)


def _arithmetic(basis: Basis, nest: LoopNest, mapping: Mapping, what: _Arithmetic) -> ArithmeticStats:
    unit, x, y = basis.architecture.arithmetic, what.units.x, what.units.y
    if x > unit.mesh_x or y > unit.mesh_y or x * y > unit.instances:
        raise too_many_units(basis.architecture, mapping, x, y)
    computes, energy = what.computes, what.energy
    average = int(what.units.average) if basis.artefacts.whole_instances else what.units.average
    busy = computes.random + computes.gated
    if nest.imperfect:
        cycles = nest.temporal_iterations
    elif average <= 0 or busy <= 0:
        raise InvalidMapping(f"{unit.name}: the optimisations leave no cycle to count")
    else:
        cycles = math.ceil(busy / average)
    pj = computes.random * energy.random + computes.skipped * energy.skipped + computes.gated * energy.gated
    return ArithmeticStats(
        name=unit.name,
        instances=unit.instances,
        utilized_instances=x * y,
        utilized_x_expansion=x,
        utilized_y_expansion=y,
        cycles=cycles,
        algorithmic_computes=what.algorithmic,
        actual_computes=computes.random,
        energy_pj=pj,
        area_um2=basis.compute_area * unit.instances,
        compute_energy_pj=energy.random,
        gated_computes=computes.gated,
        skipped_computes=computes.skipped,
        gated_compute_energy_pj=energy.gated,
        skipped_compute_energy_pj=energy.skipped,
        average_instances=float(average),
    )


def _check_instances(frame: Frame, storage: int, mapping: Mapping) -> None:
    spec = frame.basis.levels[storage].spec
    cells = [of_tensor[storage] for of_tensor in frame.cells]
    for kind, wanted, available in (
        ("instances", max(cell.instances for cell in cells), spec.instances),
        ("X expansion", max(cell.expansion[0] for cell in cells), spec.mesh_x),
        ("Y expansion", max(cell.expansion[1] for cell in cells), spec.mesh_y),
    ):
        if wanted > available:
            raise InvalidMapping(
                f"{spec.name}: mapped {kind} {wanted:g} exceeds available hardware instances {available}",
                hint=split_hint(mapping, kind),
            )


def _stats(frame: Frame, arithmetic: ArithmeticStats, levels: list[SparseLevelUse]) -> Stats:
    basis = frame.basis
    performances = [
        sparse_performance(frame, storage, arithmetic.cycles) for storage in range(len(basis.levels))
    ]
    busy_cycles = max(arithmetic.cycles, *[p.cycles for p in performances])
    if not basis.artefacts.compute_does_not_leak:
        leak = basis.compute.leak * busy_cycles * arithmetic.utilized_instances
        arithmetic = replace(arithmetic, energy_pj=arithmetic.energy_pj + leak, leakage_pj=leak)
    storage = tuple(
        sparse_level_stats(
            frame,
            number,
            level=level,
            gate=levels[level.basis.gate],
            performance=performance,
            cycles=busy_cycles,
        )
        for number, (level, performance) in enumerate(zip(levels, performances, strict=True))
    )
    networks = network_stats(
        basis.networks,
        [tensor.name for tensor in basis.tensors],
        [tensor.written for tensor in basis.tensors],
        [[cell.movement for cell in of_tensor] for of_tensor in frame.cells],
        basis.artefacts,
    )
    return whole_stats(
        basis,
        arithmetic,
        storage,
        networks,
        busy_cycles=busy_cycles,
        busy_computes=arithmetic.actual_computes + arithmetic.gated_computes,
        bound=bound_by(basis.levels, performances, arithmetic.cycles),
    )
