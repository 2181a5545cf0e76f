"""The evaluation of one mapping, from the loop nest to :class:`Stats`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.errors import InvalidMapping
from harness.model.accesses import split_accesses
from harness.model.basis import Basis, LevelBasis, basis_of
from harness.model.compat import Compat
from harness.model.level_stats import UsedLevel, level_stats
from harness.model.loop_nest import LoopNest
from harness.model.nest_analysis import Compute, analyse_compute, analyse_tensor
from harness.model.networks import network_stats
from harness.model.performance import LevelPerformance, level_performance
from harness.model.stats import ArithmeticStats, Stats
from harness.model.tiles import Movement, collapse, held
from harness.model.whole import whole_stats
from harness.model.working_sets import WorkingSets
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem


def evaluate(
    architecture: Architecture, problem: Problem, mapping: Mapping, compat: Compat = "timeloop-v4"
) -> Stats:
    """Evaluate ``mapping`` of ``problem`` on ``architecture``.

    Equals Timeloop v4 (integers equal, doubles to 1e-9); with ``compat=None`` the artefacts of
    :mod:`harness.model.compat` are corrected. Energies come from ``architecture.ert``; without one, from
    attributes and Timeloop's built-in estimates (:mod:`harness.model.component_energy`). Raises
    InvalidMapping with the reason when the architecture refuses the mapping.
    """
    basis = basis_of(architecture, problem, compat)
    _check_kept_somewhere(basis, mapping)
    if architecture.sparse is not None:
        # Imported here: dense evaluations do without, and it takes the steps of this module.
        from harness.model.sparse import evaluate_sparse  # noqa: PLC0415

        return evaluate_sparse(basis, architecture.sparse, mapping)
    nest = LoopNest(basis, mapping)
    compute = analyse_compute(nest)
    sets = [WorkingSets(nest, tensor) for tensor in basis.tensors]
    sizes = [[s.largest(boundary) for boundary in nest.boundary] for s in sets]
    _refuse_unfit(basis, nest, mapping, sizes)

    movements = [movements_of(basis, mapping, s, by_level) for s, by_level in zip(sets, sizes, strict=True)]
    accesses = [
        split_accesses(m, tensor.written, tensor.name, basis.artefacts)
        for m, tensor in zip(movements, basis.tensors, strict=True)
    ]
    arithmetic = _arithmetic(basis, nest, compute)
    levels = [
        UsedLevel(
            basis=level,
            keep=mapping.levels[number].keep,
            movements=[m[number] for m in movements],
            accesses=[a[number] for a in accesses],
            expansion=nest.expansions[number],
            instances=float(movements[0][number].replication),
        )
        for number, level in enumerate(basis.levels)
    ]
    performances = [
        level_performance(
            level.basis.spec,
            level.basis.scales,
            level.accesses,
            level.copies / level.instances,
            arithmetic.cycles,
        )
        for level in levels
    ]
    busy_cycles = max(arithmetic.cycles, *[p.cycles for p in performances])
    if not basis.artefacts.compute_does_not_leak:
        leak = basis.compute.leak * busy_cycles * arithmetic.utilized_instances
        arithmetic = replace(arithmetic, energy_pj=arithmetic.energy_pj + leak, leakage_pj=leak)
    storage = tuple(
        [
            level_stats(basis.tensors, level, levels[level.basis.gate], performance, busy_cycles)
            for level, performance in zip(levels, performances, strict=True)
        ]
    )
    networks = network_stats(
        basis.networks,
        [tensor.name for tensor in basis.tensors],
        [tensor.written for tensor in basis.tensors],
        movements,
        basis.artefacts,
    )
    return whole_stats(
        basis,
        arithmetic,
        storage,
        networks,
        busy_cycles=busy_cycles,
        busy_computes=arithmetic.actual_computes,
        bound=bound_by(basis.levels, performances, arithmetic.cycles),
    )


def _check_kept_somewhere(basis: Basis, mapping: Mapping) -> None:
    for tensor in basis.tensors:
        if not any(tensor.name in level.keep for level in mapping.levels):
            raise InvalidMapping(f"{tensor.name} is bypassed in all storage levels")


def _refuse_unfit(basis: Basis, nest: LoopNest, mapping: Mapping, sizes: list[list[int]]) -> None:
    """Refuse what does not fit: the arithmetic units first, then the levels from the inside out.

    Capacity, least utilisation, instances and mesh (buffer.cpp, ComputeScalarAccesses). ``sizes`` of the
    tiles by tensor and level.
    """
    unit = basis.architecture.arithmetic
    x, y = nest.expansions[-1]
    if x > unit.mesh_x or y > unit.mesh_y or x * y > unit.instances:
        raise too_many_units(basis.architecture, mapping, x, y)
    holding = []
    for tensor in basis.tensors:
        keep = [tensor.name in level.keep for level in mapping.levels]
        holding.append(held(keep, [tensor.name in level.no_coalesce for level in mapping.levels]))
    for number, level in enumerate(basis.levels):
        spec, name = level.spec, level.spec.name
        if level.capacity is not None:
            words = sum([by[number] for by, holds in zip(sizes, holding, strict=True) if holds[number]])
            if words > level.capacity:
                raise InvalidMapping(
                    f"{name}: mapped tile size {words} exceeds buffer capacity {level.capacity}"
                )
            least = level.capacity * spec.min_utilization
            if words < least:
                raise InvalidMapping(
                    f"{name}: mapped tile size {words} is less than constrained minimum utilization {least:g}"
                )
        x, y = nest.expansions[number]
        used = int(nest.utilized_instances[nest.boundary[number]])
        for kind, wanted, available in (
            ("instances", used, spec.instances),
            ("X expansion", x, spec.mesh_x),
            ("Y expansion", y, spec.mesh_y),
        ):
            if wanted > available:
                raise InvalidMapping(
                    f"{name}: mapped {kind} {wanted:g} exceeds available hardware instances {available}",
                    hint=split_hint(mapping, kind),
                )


def too_many_units(architecture: Architecture, mapping: Mapping, x: int, y: int) -> InvalidMapping:
    unit = architecture.arithmetic
    kind, wanted, available = next(
        (kind, wanted, available)
        for kind, wanted, available in (
            ("instances", x * y, unit.instances),
            ("X expansion", x, unit.mesh_x),
            ("Y expansion", y, unit.mesh_y),
        )
        if wanted > available
    )
    reason = f"{unit.name}: mapped max Arithmetic {kind} {wanted} exceeds hardware instances {available}"
    return InvalidMapping(reason, hint=split_hint(mapping, kind))


def split_hint(mapping: Mapping, kind: str) -> str | None:
    """What the reader of a hand-written mapping noted about a missing split, where that is the matter."""
    if kind != "X expansion":
        return None
    return next((level.split_hint for level in mapping.levels if level.split_hint is not None), None)


def movements_of(basis: Basis, mapping: Mapping, sets: WorkingSets, sizes: Sequence[int]) -> list[Movement]:
    """What one tensor asks of each storage level after bypassing."""
    name = sets.tensor.name
    return collapse(
        analyse_tensor(basis, mapping, sets, sizes),
        [name in level.keep for level in mapping.levels],
        [level.distributes for level in basis.levels],
        name,
    )


def _arithmetic(basis: Basis, nest: LoopNest, compute: Compute) -> ArithmeticStats:
    """Operations, cycles and energy of the arithmetic units."""
    unit = basis.architecture.arithmetic
    x, y = nest.expansions[-1]
    charged = int(compute.operations_per_unit * compute.units)
    computes = charged if basis.artefacts.whole_instances else basis.problem.macs
    return ArithmeticStats(
        name=unit.name,
        instances=unit.instances,
        utilized_instances=x * y,
        utilized_x_expansion=x,
        utilized_y_expansion=y,
        cycles=nest.temporal_iterations if nest.imperfect else math.ceil(charged / compute.units),
        algorithmic_computes=computes,
        actual_computes=computes,
        energy_pj=computes * basis.compute.operation,
        area_um2=basis.compute_area * unit.instances,
        compute_energy_pj=basis.compute.operation,
    )


def bound_by(
    levels: tuple[LevelBasis, ...], performances: list[LevelPerformance], compute_cycles: int
) -> str:
    """What sets the cycles: "compute" or "<level>.<read|write|shared>"."""
    slowest, bound = compute_cycles, "compute"
    for level, performance in zip(levels, performances, strict=True):
        if performance.cycles > slowest and performance.limit is not None:
            slowest, bound = performance.cycles, f"{level.spec.name}.{performance.limit}"
    return bound
