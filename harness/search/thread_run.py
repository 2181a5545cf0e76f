"""One search thread: asks its proposer, refuses early, evaluates, keeps the best, and knows when to stop.

The rules of Timeloop's mapper thread (``applications/mapper/mapper-thread.cpp``), in the same order, so
that a thread ends after the same mapping. Evaluations may be done ahead in batches: what the proposer would
propose next depends on refusals only, so it is asked on the assumption that evaluations succeed, and asked
again from a copy where one does not. Batches therefore never change the outcome.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.mapspace import MappingId, MapSpace, SubSpace
from harness.search.capacity import CapacityCheck
from harness.search.evaluators import Evaluator
from harness.search.metrics import Cost, is_better
from harness.search.objective import excess
from harness.search.proposer import Outcome, Proposal, Proposer
from harness.search.result import Improvement, InvalidCounts, Refusals
from harness.spec.settings import SearchSettings

Stage = Literal["construct", "precheck", "evaluation"]

_EVENTS_PER_FILL = 4096
_FIRST_BATCH = 32
_SLOW_BATCH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """A mapping by its coordinates, with its cost and the thread that found it."""

    thread: int
    mapping_id: MappingId
    cost: Cost


@dataclass(frozen=True, slots=True)
class ThreadReport:
    """Where a thread stands; ``stopped`` says why it ended."""

    thread: int
    total: int
    valid: int
    invalid: InvalidCounts
    refusals: tuple[Refusals, ...]
    best: Found | None
    least_first_metric: float | None
    log: tuple[Improvement, ...]
    stopped: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The progress of one thread."""

    thread: int
    total: int
    valid: int
    best: Found | None

    def onto(self, report: ThreadReport) -> ThreadReport:
        """An earlier report with this progress."""
        return replace(report, total=self.total, valid=self.valid, best=self.best)


@dataclass(frozen=True, slots=True)
class _Event:
    """What happened to one proposal; ``waiting`` is its place in the batch to be evaluated."""

    proposal: Proposal
    stage: Stage | None = None
    waiting: int = -1


@dataclass
class _Tally:
    counts: Counter[tuple[Stage, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[Stage, str, str], str] = field(default_factory=dict)

    def add(self, stage: Stage, level: str, kind: str, example: str) -> None:
        key = (stage, level, kind)
        self.counts[key] += 1
        self.examples.setdefault(key, example)

    def refusals(self) -> tuple[Refusals, ...]:
        return tuple(
            Refusals(stage, level, kind, count, self.examples[stage, level, kind])
            for (stage, level, kind), count in self.counts.most_common()
        )


class ThreadRun:
    """The state of one search thread. :meth:`advance` runs it for a while."""

    def __init__(
        self,
        space: MapSpace,
        proposer: Proposer,
        settings: SearchSettings,
        thread: int,
    ) -> None:
        self._proposer = proposer
        self._settings = settings
        self.thread = thread
        self._capacity = CapacityCheck(space)
        share = settings.search_size
        self._search_size = 1 + (share - 1) // settings.threads if share > 0 else 0
        self._batch = _FIRST_BATCH
        self._since_best = 0
        self._invalid_since_valid = 0
        self._last: Proposal | None = None
        self._only_bypass = False
        self._tally = _Tally()
        self._construct = 0
        self._precheck = 0
        self._evaluation = 0
        self.best: Found | None = None
        self._least_first_metric: float | None = None
        self.total = 0
        self.valid = 0
        self._log: list[Improvement] = []
        self.stopped: str | None = None
        self._complete = False

    def report(self) -> ThreadReport:
        return ThreadReport(
            thread=self.thread,
            total=self.total,
            valid=self.valid,
            invalid=InvalidCounts(self._construct, self._precheck, self._evaluation),
            refusals=self._tally.refusals(),
            best=self.best,
            least_first_metric=self._least_first_metric,
            log=tuple(self._log),
            stopped=self.stopped or "interrupted",
            complete=self._complete,
        )

    def settle(self) -> None:
        """Ends the thread if it is due to end; to be called before the best is exchanged."""
        if self.stopped is None:
            self.stopped = self._termination()

    def advance(self, evaluator: Evaluator, until_total: int | None = None) -> None:
        """Runs one batch, at most to ``until_total`` tries. Sets :attr:`stopped` when the thread ends."""
        self.settle()
        if self.stopped is not None:
            return
        looks_at_costs = self._proposer.ahead is not None
        one_by_one = evaluator.largest_batch == 1
        before = None if one_by_one or looks_at_costs else self._proposer.copy()
        events, waiting, exhausted = self._fill(until_total, one_by_one)
        start = time.monotonic()
        costs = evaluator.costs(waiting) if waiting else []
        self._adapt(time.monotonic() - start, evaluator.largest_batch)
        for done, event in enumerate(events):
            self.settle()
            if self.stopped is not None:
                return
            if event.stage is not None:
                self._count_refusal(event)
                continue
            cost = costs[event.waiting]
            if isinstance(cost, Cost):
                self._count_evaluated(event.proposal, cost)
                if looks_at_costs:
                    self._proposer.observe(event.proposal, cost)
                if one_by_one:
                    self._proposer.learn(Outcome.SUCCESS)
                continue
            self._count_evaluation_failure(event.proposal, cost)
            if one_by_one:
                self._proposer.learn(Outcome.EVALUATION_FAILURE)
            elif before is not None:
                self._rewind(before, events[:done])
                return
        if exhausted:
            self._complete = self._proposer.saw_all
            self.settle()
            self.stopped = self.stopped or "the search algorithm is done"

    def _adapt(self, seconds: float, largest: int) -> None:
        """The next batch's size: large, but back soon enough to report and to stop. It changes no result."""
        if seconds > _SLOW_BATCH_SECONDS:
            self._batch = max(self._batch // 2, 1)
        else:
            self._batch = min(self._batch * 2, largest)

    def _fill(self, until_total: int | None, one_by_one: bool) -> tuple[list[_Event], list[Proposal], bool]:
        """Proposals up to a full batch of ones to evaluate, telling the proposer what is known of each.

        A batch of one is told its true outcome later, by :meth:`advance`.
        """
        events: list[_Event] = []
        waiting: list[Proposal] = []
        most = _EVENTS_PER_FILL if until_total is None else min(_EVENTS_PER_FILL, until_total - self.total)
        batch = 1 if one_by_one else self._batch
        if self._proposer.ahead is not None:
            most = min(most, self._proposer.ahead)
        while len(waiting) < batch and len(events) < most:
            proposal = self._proposer.propose()
            if proposal is None:
                return events, waiting, True
            stage = self._refused_early(proposal)
            if stage == "construct":
                self._proposer.learn(Outcome.CONSTRUCTION_FAILURE)
                events.append(_Event(proposal, stage))
            elif stage == "precheck":
                self._proposer.learn(Outcome.EVALUATION_FAILURE)
                events.append(_Event(proposal, stage))
            else:
                events.append(_Event(proposal, None, len(waiting)))
                waiting.append(proposal)
                if not one_by_one:
                    self._proposer.learn(Outcome.SUCCESS)
        return events, waiting, False

    def _refused_early(self, p: Proposal) -> Stage | None:
        if p.subspace.refusal(p.permutation, p.spatial) is not None:
            return "construct"
        if self._too_many_loops(p.subspace):
            return "construct"
        if self._capacity.refusal(p.subspace, p.bypass) is not None:
            return "precheck"
        return None

    def _too_many_loops(self, subspace: SubSpace) -> bool:
        most = self._settings.max_temporal_loops_in_a_mapping
        return most > 0 and subspace.temporal_loops > most

    def _rewind(self, before: Proposer, seen: list[_Event]) -> None:
        """The proposer as it is after ``seen`` events and one failed evaluation."""
        for event in seen:
            before.propose()
            if event.stage is None:
                before.learn(Outcome.SUCCESS)
            elif event.stage == "construct":
                before.learn(Outcome.CONSTRUCTION_FAILURE)
            else:
                before.learn(Outcome.EVALUATION_FAILURE)
        before.propose()
        before.learn(Outcome.EVALUATION_FAILURE)
        self._proposer = before

    def _termination(self) -> str | None:
        settings = self._settings
        if self._search_size and self.valid >= self._search_size:
            return f"{self._search_size} valid mappings found"
        if settings.victory_condition and self._since_best >= settings.victory_condition:
            return f"{settings.victory_condition} valid mappings since the last improvement"
        if settings.timeout and self._invalid_since_valid >= settings.timeout:
            return f"{settings.timeout} invalid mappings since the last valid one"
        return None

    def _count_try(self, p: Proposal) -> None:
        """Counts the try and notes whether only the bypass mask changed, which need not count for the end."""
        last = self._last
        # The reference compares from its third mapping on.
        self._only_bypass = (
            self.total > 1
            and last is not None
            and p.bypass != last.bypass
            and p.factorization == last.factorization
            and p.permutation == last.permutation
            and p.spatial == last.spatial
        )
        self.total += 1
        self._last = p

    def _counts_towards_termination(self) -> bool:
        return self._settings.penalize_consecutive_bypass_fails or not self._only_bypass

    def _count_refusal(self, event: _Event) -> None:
        p = event.proposal
        self._count_try(p)
        if event.stage == "construct":
            self._construct += 1
            self._invalid_since_valid += 1
            refusal = p.subspace.refusal(p.permutation, p.spatial)
            if refusal is None:
                most = self._settings.max_temporal_loops_in_a_mapping
                self._tally.add("construct", "mapping", "temporal loops", f"more than {most} temporal loops")
            else:
                self._tally.add("construct", refusal.level, refusal.kind, refusal.reason)
            return
        self._precheck += 1
        if self._counts_towards_termination():
            self._invalid_since_valid += 1
        refusal = self._capacity.refusal(p.subspace, p.bypass)
        assert refusal is not None
        self._tally.add("precheck", refusal.level, refusal.kind, refusal.reason)

    def _count_evaluation_failure(self, p: Proposal, reason: str) -> None:
        self._count_try(p)
        self._evaluation += 1
        if self._counts_towards_termination():
            self._invalid_since_valid += 1
        self._tally.add("evaluation", "model", reason.split(":", maxsplit=1)[0], reason)

    def _count_evaluated(self, p: Proposal, cost: Cost) -> None:
        """A mapping that the hardware takes; the objective's caps may still exclude it.

        To the proposer it is a success either way: only what cannot be laid out lets it skip others.
        """
        caps = self._settings.max_cycles, self._settings.max_energy_pj
        too_much = excess(cost.cycles, cost.energy_pj, *caps)
        if too_much is None:
            self._count_valid(p, cost)
            return
        self._count_try(p)
        self._evaluation += 1
        if self._counts_towards_termination():
            self._invalid_since_valid += 1
        self._tally.add("evaluation", "the objective", "cap", too_much)

    def _count_valid(self, p: Proposal, cost: Cost) -> None:
        self._count_try(p)
        self.valid += 1
        self._invalid_since_valid = 0
        first = cost.metric(self._settings.metrics[0])
        if self._least_first_metric is None or first < self._least_first_metric:
            self._least_first_metric = first
        if is_better(cost, self.best.cost if self.best else None, self._settings.metrics):
            mapping_id = MappingId(p.factorization, p.permutation, p.spatial, p.bypass)
            self.best = Found(self.thread, mapping_id, cost)
            self._log.append(Improvement(self.thread, self.total, self.valid, cost))
            self._since_best = 0
        elif self._counts_towards_termination():
            self._since_best += 1
