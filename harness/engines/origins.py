"""Which differences are differences of their own, and which only follow from others.

The energy of a level is the sum of that of its data spaces and its leakage, the total is that of the levels
and networks, the EDP energy times cycles: a difference that these sums explain is not shown as another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.engines.comparison import Comparison, Field

_EXPLAINED = 1e-3
"""Of a difference that is the sum of others: they may be rounded to the digits printed."""

_COUNTS = (
    "reads", "fills", "updates", "temporal_reductions", "ingresses", "link_transfers", "spatial_reductions",
    "hops", "utilized_instances",
)  # fmt: skip
"""What the energy of a data space is made of."""

_SPARSE_COUNTS = ("sparse.accesses.", "sparse.metadata.")


def origins(comparison: Comparison) -> tuple[Field, ...]:
    """The differing fields that no other differing field explains, in the order of the comparison."""
    by_path = {(field.place, field.name): field for field in comparison.differing}
    every = comparison.differing
    return tuple(field for field in by_path.values() if not _follows(field, every))


def _follows(field: Field, every: tuple[Field, ...]) -> bool:
    if field.place.part == "whole":
        return _whole_follows(field, every)
    inner = [other for other in every if other.place.where == field.place.where and other is not field]
    if field.place.data_space:
        same = [other for other in inner if other.place == field.place]
        return field.name == "energy_pj" and any(_is_count(other) for other in same)
    if field.name == "energy_pj":
        parts = [
            other
            for other in inner
            if (other.place.data_space and other.name == "energy_pj") or other.name == "leakage_pj"
        ]
        return _explains(parts, field) or (not parts and any(_is_count(other) for other in inner))
    if field.name == "leakage_pj":
        return _leaks_longer(field, every)
    return False


def _is_count(field: Field) -> bool:
    return field.name in _COUNTS or field.name.startswith(_SPARSE_COUNTS)


def _whole_follows(field: Field, every: tuple[Field, ...]) -> bool:
    others = {other.name: other for other in every if other.place.part == "whole" and other is not field}
    if field.name == "edp_j_cycles":
        return "energy_pj" in others or "cycles" in others
    if field.name == "utilization":
        return "cycles" in others
    levels = [other for other in every if other.place.part != "whole" and not other.place.data_space]
    if field.name == "cycles":
        return any(other.name == "cycles" and other.theirs == field.theirs for other in levels)
    if field.name == "energy_pj":
        return _explains([other for other in levels if other.name == "energy_pj"], field)
    return False


def _explains(parts: Iterable[Field], whole: Field) -> bool:
    differences = [part.difference for part in parts]
    if not differences or whole.difference is None or None in differences:
        return False
    explained = math.fsum(d for d in differences if d is not None)
    return abs(explained - whole.difference) <= _EXPLAINED * abs(whole.difference)


def _leaks_longer(field: Field, every: tuple[Field, ...]) -> bool:
    """Leakage in the proportion of the cycles of the whole run."""
    cycles = next((o for o in every if o.place.part == "whole" and o.name == "cycles"), None)
    here, there = _ratio(field), None if cycles is None else _ratio(cycles)
    return here is not None and there is not None and math.isclose(here, there, rel_tol=_EXPLAINED)


def _ratio(field: Field) -> float | None:
    """Theirs by ours; None where one of them is nothing."""
    ours, theirs = field.ours, field.theirs
    if isinstance(ours, str) or isinstance(theirs, str) or not ours or not theirs:
        return None
    return theirs / ours
