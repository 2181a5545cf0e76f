"""The methods of proof, in the order in which they are tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.search.objective import Objective

if TYPE_CHECKING:
    from harness.search.optimal import Limits, Outcome

    Method = Callable[[MapSpace, Objective, Limits], Outcome]


def methods() -> Iterator[Method]:
    """Perfect factors first, then imperfect ones.

    Each raises :class:`Unsupported` with the reason for a space that it does not cover. A method is imported
    when it is its turn: few spaces need the second, and Numba is slow to start.
    """
    from harness.search.optimal import solve  # noqa: PLC0415

    yield solve
    from harness.search.ruby import solve_ruby  # noqa: PLC0415

    yield solve_ruby


def prove(space: MapSpace, objective: Objective, limits: Limits) -> Outcome:
    """The outcome of the first method that covers ``space``; :class:`Unsupported` if none does."""
    refused: Unsupported | None = None
    end = time.monotonic() + limits.seconds
    for method in methods():
        left = replace(limits, seconds=max(end - time.monotonic(), 0.0))
        try:
            return method(space, objective, left)
        except Unsupported as reason:
            refused = refused or reason
    raise refused or Unsupported("there is no method of proof")
