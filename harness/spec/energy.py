"""Energy and area reference tables (ERT, ART): pJ per action, um^2 per instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class ActionEnergy:
    """Energy of one action. ``arguments`` are (name, value) pairs, as in Accelergy's ERT."""

    action: str
    energy_pj: float
    arguments: tuple[tuple[str, float | int | str], ...] = ()


@dataclass(frozen=True)
class ComponentEnergy:
    """All actions of one component. ``name`` is the full name with its range, ``Sys.Buf[1..16]``."""

    name: str
    actions: tuple[ActionEnergy, ...]

    def energy_pj(self, action: str) -> float | None:
        """The largest energy over the argument sets of ``action`` (Timeloop's rule), None if absent."""
        values = [a.energy_pj for a in self.actions if a.action == action]
        return max(values) if values else None


@dataclass(frozen=True)
class EnergyReferenceTable:
    """The ERT: one :class:`ComponentEnergy` per component that has energies."""

    components: tuple[ComponentEnergy, ...]

    @cached_property
    def by_name(self) -> dict[str, ComponentEnergy]:
        return {c.name: c for c in self.components}


@dataclass(frozen=True)
class AreaReferenceTable:
    """The ART: (full component name, area in um^2 of one instance)."""

    areas: tuple[tuple[str, float], ...]

    @cached_property
    def by_name(self) -> dict[str, float]:
        return dict(self.areas)
