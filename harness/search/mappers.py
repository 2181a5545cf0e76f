"""The mappers by name: this package's own, and those that installed packages add."""

from __future__ import annotations

from typing import cast

from harness.errors import SpecError, unknown_name
from harness.search.mapper import Mapper
from harness.spec.plugins import GROUP, mapper_plugins

PROPOSING = ("guided", "hybrid", "random_pruned", "linear_pruned", "exhaustive", "random")
"""Algorithms that propose mappings and are told their costs; they prove nothing that they have not seen."""

PROVING = "optimal"
"""The algorithm that proves what it finds best."""

FALLBACK = "guided"
"""What it has search where there is no method of proof. It proves nothing and its results say so."""

MAPPERS = (PROVING, *PROPOSING)


def mapper_named(name: str) -> Mapper:
    """The mapper called ``name``. Only the chosen one is imported.

    Raises :class:`SpecError` with the nearest name, or with what is wrong with an added one.
    """
    if name == PROVING:
        from harness.search.optimal_mapper import OptimalMapper  # noqa: PLC0415

        return OptimalMapper()
    if name in PROPOSING:
        from harness.search.driver import ProposerSearch  # noqa: PLC0415

        return ProposerSearch()
    return _plugged_in(name)


def _plugged_in(name: str) -> Mapper:
    added = mapper_plugins()
    if name not in added:
        raise unknown_name("search algorithm", name, [*MAPPERS, *added])
    entry = added[name]
    origin = f"the mapper '{name}' ({GROUP}: {entry.value})"
    try:
        mapper = entry.load()()
    except Exception as error:
        raise SpecError(f"{origin} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(getattr(mapper, "find", None)):
        raise SpecError(f"{origin} is no mapper: it has no method 'find'")
    return cast(Mapper, mapper)
