"""What a mapper is, and what it is asked. ``docs/mapper.md`` says how to add one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.mapspace import MapSpace
from harness.search.evaluators import Evaluate
from harness.search.objective import Objective, objective_of
from harness.search.result import Progress, SearchResult
from harness.spec.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class Request:
    """How to search. ``settings`` hold the objective too: its goals (``metrics``) and caps.

    ``on_progress`` is to be called at most about ten times a second, ``should_stop`` to be asked as often;
    when it says yes, the best mapping so far is the result. ``evaluate`` replaces the model, for tests; None
    means the reference model, or whatever gives its numbers.
    """

    settings: SearchSettings
    on_progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    evaluate: Evaluate | None = None

    @property
    def objective(self) -> Objective:
        """Exact goals and caps; raises :class:`Unsupported` for metrics that only Timeloop's mappers know."""
        return objective_of(self.settings)


class Mapper(Protocol):
    """One way to find the best mapping of a space."""

    def find(self, space: MapSpace, request: Request) -> SearchResult:
        """The best mapping, or status "no_mapping" with a reason.

        A result with a mapping and without ``stats`` is evaluated by the caller. Raises
        :class:`HarnessError` for a request that the mapper cannot serve.
        """
        ...
