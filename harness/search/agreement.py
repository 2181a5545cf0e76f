"""What a search compared and what the reference model says of the winner agree, or it is our defect."""

from __future__ import annotations

from harness.search.metrics import Cost
from harness.search.objective import ROUNDING


def require_same_cost(searched: Cost, evaluated: Cost) -> None:
    """RuntimeError unless cycles are equal and energies equal up to rounding."""
    same = (
        searched.cycles == evaluated.cycles
        and searched.last_level_accesses in (None, evaluated.last_level_accesses)
        and abs(searched.energy_pj - evaluated.energy_pj) <= ROUNDING * abs(evaluated.energy_pj)
    )
    if not same:
        raise RuntimeError(f"the batch evaluator and the reference model disagree: {searched} != {evaluated}")


def require_same_value(searched: float | None, evaluated: float) -> None:
    """RuntimeError unless both values of the first goal are equal up to rounding."""
    if searched is None or abs(searched - evaluated) > ROUNDING * abs(evaluated):
        raise RuntimeError(f"the proof and the reference model disagree: {searched} != {evaluated}")
