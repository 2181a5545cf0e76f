"""What stands behind a proof: how much was looked at, and why the rest need not be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pruning:
    """How often one reason excluded a part of the map space without looking into it."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The account of a search by proof.

    ``method`` names how it was proven. ``choices`` counts combinations of spatial factors, splits and bypass
    masks, ``opened`` those whose bound did not exclude them at once, ``nodes`` the partial mappings that were
    expanded, ``leaves`` the whole mappings that the full model evaluated. ``lower_bound`` is the proven floor
    of the first goal, in its unit (``Objective``), ``value`` what the mapping found costs there, None if none
    was found.
    """

    method: str
    nodes: int
    leaves: int
    choices: int
    opened: int
    prunings: tuple[Pruning, ...]
    lower_bound: float
    value: float | None
