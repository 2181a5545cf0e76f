"""What architecture and problem fix before any mapping is known: prices, limits, networks, projections.

A search evaluates many mappings of the same problem on the same architecture, so the last few bases are
kept (by the identity of the two objects, which are immutable).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from harness.errors import SpecError, did_you_mean
from harness.model.compat import Artefacts, Compat, artefacts
from harness.model.component_energy import (
    ComputeEnergy,
    StorageEnergy,
    areas,
    compute_energy,
    storage_energy,
    tables_by_name,
)
from harness.model.geometry import Vector
from harness.model.networks import NetworkBasis, network_basis, network_latency, supports_distribution
from harness.spec.architecture import Architecture, StorageLevel
from harness.spec.energy import ComponentEnergy
from harness.spec.problem import DataSpace, Problem

_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """A data space in numbers.

    ``ranks`` are the (dimension index, coefficient) pairs of each rank; ``moves`` for each dimension how far
    one step along it moves the tensor in each rank, and ``moving`` whether it does. ``sliding``: some rank is
    a sum of dimensions that move, or has a coefficient below 1, so that neighbouring tiles may overlap.
    """

    name: str
    written: bool
    ranks: tuple[tuple[tuple[int, int], ...], ...]
    moves: tuple[Vector, ...]
    moving: tuple[bool, ...]
    sliding: bool


@dataclass(frozen=True, slots=True)
class LevelBasis:
    """A storage level. ``area`` in um^2 of one instance, ``fanout`` the (X, Y) hardware fan-out to the next
    inner level, ``gate`` the level whose power gate it shares, ``scales`` the bandwidth scale by tensor."""

    spec: StorageLevel
    energy: StorageEnergy
    area: float
    fanout: tuple[int, int]
    gate: int
    scales: tuple[float, ...]
    capacity: int | None
    distributes: bool


@dataclass(frozen=True, slots=True)
class Basis:
    architecture: Architecture
    problem: Problem
    artefacts: Artefacts
    dimension_numbers: dict[str, int]
    tensors: tuple[Tensor, ...]
    levels: tuple[LevelBasis, ...]
    compute: ComputeEnergy
    compute_area: float
    networks: tuple[NetworkBasis, ...]
    latency: int


_bases: OrderedDict[tuple[int, int, Compat], Basis] = OrderedDict()


def basis_of(architecture: Architecture, problem: Problem, compat: Compat) -> Basis:
    """Raises SpecError for an unknown mode or data space, EstimationError for energies that are missing."""
    key = id(architecture), id(problem), compat
    known = _bases.get(key)
    if known is None:
        # The basis holds both objects, so their identities are not given away while it is remembered.
        known = _bases[key] = _made(architecture, problem, artefacts(compat))
        if len(_bases) > _REMEMBERED:
            _bases.popitem(last=False)
    return known


def _made(architecture: Architecture, problem: Problem, marks: Artefacts) -> Basis:
    ert = tables_by_name(architecture)
    compute_area, level_areas = areas(architecture, marks)
    distribution = supports_distribution(architecture)
    names = [ds.name for ds in problem.data_spaces]
    number_of = {name: number for number, name in enumerate(architecture.level_names)}
    levels = tuple(
        LevelBasis(
            spec=spec,
            energy=_energy(spec, ert.get(spec.name), marks),
            area=level_areas[number],
            fanout=architecture.fanout(number),
            gate=number_of[spec.power_gated_at or spec.name],
            scales=_bandwidth_scales(spec, names),
            capacity=spec.effective_size_words,
            distributes=distribution[number],
        )
        for number, spec in enumerate(architecture.storage)
    )
    return Basis(
        architecture=architecture,
        problem=problem,
        artefacts=marks,
        dimension_numbers={d: i for i, d in enumerate(problem.dimensions)},
        tensors=tuple(_tensor(ds, problem) for ds in problem.data_spaces),
        levels=levels,
        compute=compute_energy(architecture.arithmetic, ert.get(architecture.arithmetic.name)),
        compute_area=compute_area,
        networks=network_basis(architecture, marks),
        latency=network_latency(architecture, marks),
    )


def _energy(spec: StorageLevel, table: ComponentEnergy | None, marks: Artefacts) -> StorageEnergy:
    energy = storage_energy(spec, table)
    if spec.class_name == "dummy_storage" and not marks.dummy_levels_leak:
        return replace(energy, leak=0.0)
    return energy


def _bandwidth_scales(spec: StorageLevel, names: list[str]) -> tuple[float, ...]:
    scale = dict(spec.bandwidth_scale)
    for name in scale:
        if name not in names:
            raise SpecError(
                f"{spec.name}: per_dataspace_bandwidth_consumption_scale names an unknown data space "
                f"'{name}'",
                hint=did_you_mean(name, names),
            )
    return tuple(scale.get(name, 1.0) for name in names)


def _tensor(data_space: DataSpace, problem: Problem) -> Tensor:
    number_of = {d: i for i, d in enumerate(problem.dimensions)}
    ranks = tuple(tuple((number_of[t.dimension], t.coefficient) for t in rank) for rank in data_space.ranks)
    moves = tuple(
        tuple(sum(c for d, c in rank if d == dimension) for rank in ranks)
        for dimension in range(len(problem.dimensions))
    )
    coefficients = [[c for d, c in rank if problem.bounds[d] > 1] for rank in ranks]
    return Tensor(
        name=data_space.name,
        written=data_space.read_write,
        ranks=ranks,
        moves=moves,
        moving=tuple(any(move) for move in moves),
        sliding=any(len(of_rank) > 1 or min(of_rank, default=1) < 1 for of_rank in coefficients),
    )
