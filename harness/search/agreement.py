"""What a search compared and what the reference model says of the winner agree, or it is our defect."""

from __future__ import annotations

from harness.search.metrics import Cost
from harness.search.objective import ROUNDING


def require_same_cost(searched: Cost, evaluated: Cost) -> None:
    """RuntimeError unless cycles are equal and energies equal up to rounding."""
    same = (
        searched.cycles == evaluated.cycles
        and searched.last_level_accesses in (None, evaluated.last_level_accesses)
        and (
            # Infinity is the same as itself; who asked for the search says what is wrong with it.
            searched.energy_pj == evaluated.energy_pj
            or abs(searched.energy_pj - evaluated.energy_pj) <= ROUNDING * abs(evaluated.energy_pj)
        )
    )
    if not same:
        raise RuntimeError(f"the search and the reference model disagree: {searched} != {evaluated}")
