"""What a given ERT leaves open, and which built-in estimates of Timeloop's stand there.

The exactness contract keeps those figures; whoever hands in an ERT is told of each of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.estimation.query import Fit
from harness.model.component_energy import compute_energy, storage_energy, tables_by_name
from harness.spec.architecture import Architecture, StorageLevel
from harness.spec.energy import (
    COMPUTE_ACTIONS,
    FILL_ACTIONS,
    READ_ACTIONS,
    UPDATE_ACTIONS,
    ComponentEnergy,
    last_name,
)

_PLACEHOLDER = "dummy_storage"
"""The class of levels that stand for nothing that is built, spatial fan-out say."""

TIMELOOP = "timeloop_built_in"
"""The name under which its estimates are shown, beside those of estimators."""

CITATION: dict[Fit, str] = {
    "model": "Timeloop's public estimate of SRAM: linear in its size, calibrated on Eyeriss (pat-public)",
    "constant": "Timeloop's public estimate: DRAM 200 pJ for 16 bits, arithmetic 1 pJ x (bits / 16)^2",
}


@dataclass(frozen=True)
class BuiltIn:
    """One action that the ERT lacks: pJ of one access to an instance, or of one compute."""

    component: str
    action: str
    energy_pj: float
    fit: Fit


def built_ins(architecture: Architecture, charged: Container[str] = ()) -> tuple[BuiltIn, ...]:
    """Storage from the outermost level in, then the arithmetic; none where attributes state energies.

    Placeholders hold nothing and cost nothing; they count only where they are ``charged`` all the same.
    """
    if architecture.ert is None:
        return ()
    tables = tables_by_name(architecture)
    found: list[BuiltIn] = []
    for level in reversed(architecture.storage):
        placeholder = level.class_name == _PLACEHOLDER and level.name not in charged
        if level.vector_access_energy is None and not placeholder:
            found += _of_level(level, set(_actions(tables, level.name)))
    unit = architecture.arithmetic
    if unit.energy_pj is None and not any(name in _actions(tables, unit.name) for name in COMPUTE_ACTIONS):
        energy = compute_energy(unit, tables.get(unit.name)).operation
        found.append(BuiltIn(unit.full_name, "compute", energy, "constant"))
    return tuple(found)


def _actions(tables: Mapping[str, ComponentEnergy], name: str) -> list[str]:
    table = tables.get(name)
    return [] if table is None else [a.action for a in table.actions]


def _of_level(level: StorageLevel, actions: set[str]) -> Iterator[BuiltIn]:
    energy = storage_energy(level, None)
    fit: Fit = "constant" if level.technology == "DRAM" else "model"
    if not energy.read:
        # Levels without a size (fan-out, placeholders) cost nothing either way.
        return
    for name, names in (("read", READ_ACTIONS), ("write", FILL_ACTIONS), ("update", UPDATE_ACTIONS)):
        if not actions.intersection(names):
            yield BuiltIn(level.full_name, name, energy.read, fit)


def without_leak(architecture: Architecture) -> tuple[str, ...]:
    """Levels with energies in the ERT and no leakage, which then counts as nothing."""
    if architecture.ert is None:
        return ()
    tables = tables_by_name(architecture)
    names = [level.name for level in reversed(architecture.storage) if level.vector_access_energy is None]
    known = [name for name in (*names, architecture.arithmetic.name) if name in tables]
    return tuple(name for name in known if "leak" not in _actions(tables, name))


def without_area(architecture: Architecture) -> tuple[str, ...]:
    """Components with energies in the ERT and no area anywhere, which then counts as nothing."""
    if architecture.ert is None or architecture.art is None:
        return ()
    energies = tables_by_name(architecture)
    areas = {last_name(name) for name, _ in architecture.art.areas}
    levels = [(level.name, level.cluster_area) for level in reversed(architecture.storage)]
    unit = architecture.arithmetic
    stated = [*levels, (unit.name, unit.area_um2)]
    return tuple(name for name, area in stated if name in energies and name not in areas and area is None)


def remarks_on_given(architecture: Architecture, charged: Container[str] = ()) -> tuple[str, ...]:
    """In words what a given ERT lacks and what stands there. ``charged``: names of levels with an energy."""
    tables = tables_by_name(architecture)
    by_component: dict[str, list[BuiltIn]] = {}
    for entry in built_ins(architecture, charged):
        by_component.setdefault(entry.component, []).append(entry)
    told = []
    for full_name, entries in by_component.items():
        name = last_name(full_name)
        what = name if name not in tables else f"{_listed(e.action for e in entries)} of {name}"
        stands = f"Timeloop's built-in estimate stands for it: {entries[0].energy_pj:.6g} pJ each"
        told.append(f"the ERT has no {what}; {stands}")
    leakless, arealess = without_leak(architecture), without_area(architecture)
    if leakless:
        told.append(f"the ERT has no leak of {_listed(leakless)}: leakage there counts as nothing")
    if arealess:
        told.append(f"the ART has no {_listed(arealess)}: areas there count as nothing")
    return tuple(told)


def area_is_given(architecture: Architecture) -> bool:
    """Whether anything states an area: an ART, or attributes of the architecture."""
    stated = [level.cluster_area for level in architecture.storage] + [architecture.arithmetic.area_um2]
    return architecture.art is not None or any(area is not None for area in stated)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
