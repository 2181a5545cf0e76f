"""Energy and area reference tables (ERT, ART): pJ per action, um^2 per instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

READ_ACTIONS = ("random_read", "read")
FILL_ACTIONS = ("random_fill", "random_write", "fill", "write")
UPDATE_ACTIONS = ("random_update", "random_write", "update", "write")
COMPUTE_ACTIONS = ("mac_random", "mult_random", "mac", "mult", "compute")
"""The names under which the ERT may have an action, the first one that it has counts."""

_SPARSE_WORDS = frozenset({"gated", "skipped", "metadata", "compression", "decompression"})


def is_sparse_action(action: str) -> bool:
    """Whether it belongs to sparse optimisations, as ``gated_read``, ``mac_gated``, ``compression_count``."""
    return not _SPARSE_WORDS.isdisjoint(action.split("_"))


def last_name(full_name: str) -> str:
    """``Buf`` for ``System.PE[1..4].Buf[1..16]``: how Timeloop matches tables with components."""
    name = full_name
    if ".." in name and name.rfind("..") == name.rfind(".") - 1:
        name = name[: name.rfind("..") - 2]
    return name[name.rfind(".") + 1 :]


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
