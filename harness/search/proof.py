"""What every method of proof is given and what it returns, and the methods in the order they are tried."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.search.certificate import Certificate
from harness.search.objective import Objective
from harness.search.result import Progress
from harness.spec.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Limits:
    """When a proof is to stop with the best so far: after ``seconds``, or when ``should_stop`` says yes.

    ``on_progress`` and ``should_stop`` are called at most about ten times a second.
    """

    seconds: float = math.inf
    should_stop: Callable[[], bool] | None = None
    on_progress: Callable[[Progress], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``mapping`` is None when there is none (proven if ``status`` is "no_mapping") or none was found yet.

    ``lower_bound`` is the proven floor of the first goal: J*cycles of the EDP, cycles, or pJ.
    """

    mapping: Mapping | None
    status: Literal["optimal", "bound", "best_found", "no_mapping"]
    lower_bound: float
    certificate: Certificate


Method = Callable[[MapSpace, Objective, Limits], Outcome]
"""Raises :class:`Unsupported` with the reason for a space that it does not cover."""


def methods() -> tuple[Method, ...]:
    """The methods of proof. A further one (imperfect factors, sliding windows) takes its place here."""
    # Imported when a proof is wanted: numba is slow to start.
    from harness.search.optimal import solve  # noqa: PLC0415

    return (solve,)


def prove(space: MapSpace, objective: Objective, limits: Limits) -> Outcome:
    """The outcome of the first method that covers ``space``; :class:`Unsupported` if none does."""
    refused: Unsupported | None = None
    for method in methods():
        try:
            return method(space, objective, limits)
        except Unsupported as reason:
            refused = refused or reason
    raise refused or Unsupported("there is no method of proof")
