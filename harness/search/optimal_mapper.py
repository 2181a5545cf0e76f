"""The mapper ``optimal``: a proof where there is a method for the space, else an honest search."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.search.agreement import require_same_cost
from harness.search.evaluation import reference_evaluate
from harness.search.mapper import Request
from harness.search.mappers import FALLBACK
from harness.search.metrics import Cost
from harness.search.objective import objective_text
from harness.search.proof import prove
from harness.search.result import SearchResult

if TYPE_CHECKING:
    from harness.search.optimal import Outcome


FEW = 1000
"""Mappings, pruned, of a space that is searched to its end where nothing can be proven: some seconds."""

COMPLETE = "linear_pruned"
"""The algorithm that evaluates every mapping of such a space."""

_STOPPED = "the search was stopped before it found a mapping"


def unproven_algorithm(space: MapSpace) -> str:
    """What runs in the place of a proof where there is none, as for sparse optimisations."""
    return COMPLETE if space.pruned_size(limit=FEW) in range(FEW + 1) else FALLBACK


class OptimalMapper:
    """Reads objective, caps, template and time limit; the other settings serve the fallback only."""

    def find(self, space: MapSpace, request: Request) -> SearchResult:
        if space.architecture.sparse is not None:
            return _without_proofs(space, request)
        from harness.search.optimal import Limits, warm_up  # noqa: PLC0415 - numba is slow to start

        warm_up(space.problem.has_sliding_windows)
        start = time.monotonic()
        settings, objective = request.settings, request.objective
        limits = Limits(settings.time_limit or math.inf, request.should_stop)
        try:
            outcome = prove(space, objective, limits)
        except Unsupported as reason:
            return _searched(space, request, reason.message, time.monotonic() - start)
        if outcome.mapping is None and outcome.status == "bound" and not _told_to_stop(request):
            return _with_bound(space, request, outcome, time.monotonic() - start)
        result = _result(space, request, outcome)
        return replace(result, seconds=time.monotonic() - start)


def _result(space: MapSpace, request: Request, outcome: Outcome) -> SearchResult:
    certificate = outcome.certificate
    finished = outcome.status in ("optimal", "no_mapping")
    bare = SearchResult(
        mapping=None,
        stats=None,
        status="no_mapping",
        algorithm=request.settings.algorithm,
        sizes=space.sizes,
        certificate=certificate,
        evaluated=certificate.leaves,
        valid=certificate.leaves,
        complete=finished,
        interrupted=not finished,
        notes=space.notes,
    )
    if outcome.mapping is None:
        return replace(bare, reason=_why_nothing(request) if finished else _STOPPED)
    evaluate = request.evaluate or reference_evaluate
    stats = evaluate(space.architecture, space.problem, outcome.mapping)
    require_same_cost(Cost(int(outcome.cycles), outcome.energy_pj, None), Cost.of(stats))
    value = request.objective.value(stats.cycles, stats.energy_pj)
    found = replace(bare, mapping=outcome.mapping, stats=stats)
    if outcome.status == "optimal":
        return replace(found, status="optimal", lower_bound=outcome.lower_bound, gap=0.0)
    notes = (*space.notes, *_why_unfinished(request))
    if outcome.lower_bound <= 0:
        return replace(found, status="best_found", notes=notes)
    gap = max(0.0, value / outcome.lower_bound - 1)
    return replace(found, status="bound", lower_bound=outcome.lower_bound, gap=gap, notes=notes)


def _why_nothing(request: Request) -> str:
    o = request.objective
    if o.max_cycles is None and o.max_energy_pj is None:
        return "no mapping of the space is valid (proven)"
    return f"no mapping of the space is valid {objective_text((), o.max_cycles, o.max_energy_pj)} (proven)"


def _why_unfinished(request: Request) -> tuple[str, ...]:
    limit = request.settings.time_limit
    if limit <= 0:
        return ()
    return (
        f"the proof is not complete, its time_limit is {limit:g} s: a repetition may come to another gap",
    )


def _told_to_stop(request: Request) -> bool:
    return request.should_stop is not None and request.should_stop()


def _with_bound(space: MapSpace, request: Request, outcome: Outcome, spent: float) -> SearchResult:
    """No mapping was found in time: search for one, and keep the bound."""
    found = _searched(space, request, "the proof did not get as far as a mapping", spent)
    if found.stats is None or outcome.lower_bound <= 0:
        return found
    value = request.objective.value(found.stats.cycles, found.stats.energy_pj)
    return replace(
        found,
        status="bound",
        lower_bound=outcome.lower_bound,
        gap=max(0.0, value / outcome.lower_bound - 1),
        certificate=outcome.certificate,
    )


def _without_proofs(space: MapSpace, request: Request) -> SearchResult:
    """The bounds of all proofs count every word. A small space is seen to its end, which proves as much."""
    from harness.search.driver import ProposerSearch  # noqa: PLC0415

    if unproven_algorithm(space) == FALLBACK:
        return _searched(space, request, "proofs do not cover sparse optimisations", 0.0)
    everything = replace(request.settings, algorithm=COMPLETE, victory_condition=0, timeout=0, search_size=0)
    return ProposerSearch().find(space, replace(request, settings=everything))


def _searched(space: MapSpace, request: Request, why: str, spent: float) -> SearchResult:
    """The search has what is left of the time limit after ``spent`` seconds, at least a tenth of it."""
    from harness.search.driver import ProposerSearch  # noqa: PLC0415

    limit = request.settings.time_limit
    left = max(limit - spent, limit / 10)
    settings = replace(request.settings, algorithm=FALLBACK, time_limit=left)
    found = ProposerSearch().find(space, replace(request, settings=settings))
    note = f"not proven, searched by '{FALLBACK}' instead: {why}"
    return replace(found, notes=(note, *found.notes))
