"""The search threads of one process, and how their bests are exchanged and merged."""

from __future__ import annotations

from collections.abc import Sequence

from harness.mapspace import MapSpace
from harness.search.evaluators import Evaluator
from harness.search.metrics import is_better
from harness.search.proposer import Share
from harness.search.proposers import proposer_named
from harness.search.thread_run import Found, Snapshot, ThreadReport, ThreadRun
from harness.spec.settings import Metric, SearchSettings


class Crew:
    """Several search threads that take turns. Their results do not depend on how they are interleaved."""

    def __init__(self, runs: Sequence[ThreadRun]) -> None:
        self.runs = list(runs)

    @staticmethod
    def recruit(space: MapSpace, settings: SearchSettings) -> Crew:
        """All threads that ``settings`` asks for, each on its share of ``space``."""
        factory = proposer_named(settings.algorithm)
        runs = []
        for thread in range(settings.threads):
            share = Share(space, thread, settings.threads, settings.seed)
            runs.append(ThreadRun(space, factory(share, settings), settings, thread))
        return Crew(runs)

    def step(self, evaluator: Evaluator, until_total: int | None) -> bool:
        """One batch of every thread that has work left before ``until_total``; False if none has."""
        busy = [r for r in self.runs if r.stopped is None and (until_total is None or r.total < until_total)]
        for run in busy:
            run.advance(evaluator, until_total)
        return bool(busy)

    def snapshots(self) -> list[Snapshot]:
        return [Snapshot(r.thread, r.total, r.valid, r.best) for r in self.runs]

    def reports(self) -> list[ThreadReport]:
        return [r.report() for r in self.runs]

    def settle(self) -> None:
        for run in self.runs:
            run.settle()

    @property
    def finished(self) -> bool:
        return all(run.stopped is not None for run in self.runs)


def exchange(
    bests: Sequence[Found | None], common: Found | None, metrics: Sequence[Metric]
) -> tuple[list[Found | None], Found | None]:
    """Thread by thread: take the common best if it is better than the own one, else offer the own one.

    Timeloop's exchange at ``sync_interval``, made deterministic by letting all threads arrive first.
    Returns each thread's best and the common best afterwards.
    """
    updated: list[Found | None] = []
    for best in bests:
        if common is not None and is_better(common.cost, best.cost if best else None, metrics):
            updated.append(common)
            continue
        if best is not None and is_better(best.cost, common.cost if common else None, metrics):
            common = best
        updated.append(best)
    return updated, common


def merge(bests: Sequence[Found | None], metrics: Sequence[Metric]) -> Found | None:
    """The best of all threads; among equals the first thread's."""
    best: Found | None = None
    for found in bests:
        if found is not None and is_better(found.cost, best.cost if best else None, metrics):
            best = found
    return best
