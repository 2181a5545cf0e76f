"""This project's own mappers."""

from __future__ import annotations

import time

from benchmarks.cases import Case
from benchmarks.peers.attempt import Attempt, Point
from harness.errors import HarnessError
from harness.search import Progress, SearchResult, find_mapping
from harness.spec.settings import SearchSettings

WORDS = {"optimal": "optimal", "bound": "bound", "best_found": "best found", "no_mapping": "no mapping"}
UNENDING = SearchSettings(threads=1, timeout=0, victory_condition=0)


def optimal_attempt(case: Case, seconds: float) -> Attempt:
    """The default mapper, asked twice: the first call also loads compiled code, the second is measured."""
    first = _Search(case, "optimal", seconds)
    search = _Search(case, "optimal", seconds)
    loading = () if first.seconds < 10 * search.seconds else (f"the first call took {first.seconds:.2g} s",)
    return search.attempt("this project, optimal", (*loading, *search.claim))


def stand_in_attempt(case: Case, algorithm: str, seconds: float) -> Attempt:
    """One of the searches that prove nothing, stopped after ``seconds`` of CPU time."""
    return _Search(case, algorithm, seconds).attempt(f"this project, {algorithm}")


class _Search:
    """One search with its CPU seconds, and what it told of on the way."""

    def __init__(self, case: Case, mapper: str, seconds: float) -> None:
        self.case = case
        self.way: list[Point] = []
        self.refusal: str | None = None
        self.found: SearchResult | None = None
        self._start = time.process_time()
        self._allowed = seconds
        try:
            self.found = find_mapping(
                case.architecture,
                case.problem,
                case.constraints,
                mapper=mapper,
                settings=UNENDING,
                on_progress=self._hear,
                should_stop=lambda: self._used() > self._allowed,
            )
        except HarnessError as error:
            self.refusal = str(error)
        self.seconds = self._used()

    def _used(self) -> float:
        return time.process_time() - self._start

    def _hear(self, progress: Progress) -> None:
        if progress.best is not None:
            self._pass(progress.best.edp_j_cycles)

    def _pass(self, edp: float) -> None:
        if not self.way or edp < self.way[-1].edp:
            self.way.append(Point(self._used(), edp))

    @property
    def claim(self) -> tuple[str, ...]:
        """What is proven, when that is less than an optimum."""
        found = self.found
        if found is None or found.status != "bound" or found.gap is None:
            return ()
        return (f"proven to be at most {found.gap:.2%} above the optimum",)

    def attempt(self, name: str, remarks: tuple[str, ...] = ()) -> Attempt:
        found = self.found
        if found is None:
            return Attempt(name, self.case.name, "failed", self.seconds, remarks=(str(self.refusal),))
        if found.stats is None:
            why = (found.reason,) if found.reason else ()
            return Attempt(name, self.case.name, "no mapping", self.seconds, remarks=why)
        stats = found.stats
        way = self.way
        if not way or stats.edp_j_cycles < way[-1].edp:
            way = [*way, Point(self.seconds, stats.edp_j_cycles)]
        return Attempt(
            mapper=name,
            job=self.case.name,
            status=WORDS[found.status],
            seconds=self.seconds,
            edp=stats.edp_j_cycles,
            cycles=stats.cycles,
            energy_pj=stats.energy_pj,
            trace=tuple(way),
            remarks=remarks,
        )
