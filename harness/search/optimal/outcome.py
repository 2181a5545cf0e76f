"""What a proof is allowed to cost, and what it yields."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.search.certificate import Certificate
from harness.spec.mapping import Mapping

Status = Literal["optimal", "bound", "no_mapping", "best_found"]


@dataclass(frozen=True)
class Limits:
    """``seconds`` of wall time; ``should_stop`` is asked now and then and ends the search early."""

    seconds: float = math.inf
    should_stop: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Outcome:
    """``status`` "optimal": no mapping of the space is better; "bound": none is better than ``lower_bound``;
    "no_mapping": proven that there is none. ``cycles`` (with latency) and ``energy_pj`` are those of
    ``mapping``; ``lower_bound`` is of the first goal, in its unit (J*cycles, cycles, pJ)."""

    mapping: Mapping | None
    status: Status
    cycles: float
    energy_pj: float
    lower_bound: float
    certificate: Certificate
