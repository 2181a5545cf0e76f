"""The run of a sweep: jobs out, results into the store, each computed once and none lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.errors import Unavailable
from harness.sweep.job import JobResult, SweepJob, run_job, without_result
from harness.sweep.metrics import metrics_of
from harness.sweep.open_point import OpenPoint
from harness.sweep.outcome import LayerOutcome
from harness.sweep.plan import PlannedPoint, SweepPlan
from harness.sweep.point import PointStatus
from harness.sweep.run_options import Events, RunOptions
from harness.sweep.store.rows import PointRow, StoredPoint, given_and_base
from harness.sweep.store.writing import StoreWriter
from harness.sweep.workers.scheduler import Runner, Watch

_POINTS_PER_COMMIT = 200
DIED = "the process that mapped it died (killed, crashed or out of memory)"


class SweepRun:
    """One pass over a plan. ``done`` and ``reused`` count layers, ``points_done`` points."""

    def __init__(self, plan: SweepPlan, store: StoreWriter, events: Events, options: RunOptions) -> None:
        self._plan = plan
        self._store = store
        self._events = events
        self._options = options
        self._waiting: dict[str, list[tuple[OpenPoint, int]]] = {}
        self._texts_only: set[str] = set()
        self._tried: set[str] = set()
        self._open: dict[int, OpenPoint] = {}
        self._news: list[Callable[[], None]] = []
        self.done = 0
        self.reused = 0
        self.points_done = 0

    def go(self, runner: Runner, should_stop: Callable[[], bool]) -> None:
        """Until every point is there or ``should_stop``. Raises HarnessError when nothing can be written;
        what was committed stays. Unavailable when a program is missing that jobs need; all that was done is
        kept.
        """
        watch = Watch[SweepJob, JobResult](
            on_done=self._take,
            on_death=lambda job: self._take(without_result(job, "crashed", DIED)),
            on_timeout=lambda job: self._take(without_result(job, "timed_out", self._too_long())),
            should_stop=should_stop,
            on_batch=self._commit,
            limit_seconds=self._options.limit_seconds,
        )
        try:
            runner.run(run_job, self._jobs(should_stop), watch)
        except Unavailable as error:
            self._keep()
            message = f"stopped, kept what was finished: {error.message}"
            raise Unavailable(message, error.location, error.hint) from error
        self._keep()

    def _keep(self) -> None:
        """All that was done, of points too that are not whole."""
        for point in self._open.values():
            self._write_record(point)
        self._commit()

    def _too_long(self) -> str:
        return f"it took longer than {self._options.limit_seconds:g} s"

    # From points to jobs

    def _jobs(self, should_stop: Callable[[], bool]) -> Iterator[SweepJob]:
        """Point by point, so that an interrupted sweep has whole ones; what the store has is no job."""
        for number, planned in enumerate(self._plan.points()):
            if number % _POINTS_PER_COMMIT == 0:
                self._commit()
                if should_stop():
                    return
            yield from self._jobs_of(planned)

    def _jobs_of(self, planned: PlannedPoint) -> Iterator[SweepJob]:
        layers = planned.planned.layers
        keyed = [planned.key(position) for position in range(len(layers))]
        configuration = planned.configuration
        row = PointRow(
            planned.index,
            self._store.study_number(planned.planned.study),
            configuration.architecture,
            *given_and_base(configuration.given, configuration.parameters),
            tuple(key.text for key in keyed),
        )
        point = OpenPoint(planned, row)
        known = self._known(point)
        stored = self._store.stored(row)
        if stored is not None and stored.same and stored.whole and self._is_there(point, known, stored.files):
            self._store.claim(row.index, files=False)
            self._tell_reused(point, known)
            return
        self._open[row.index] = point
        self._begin(point, stored, only_files=len(known) == point.count)
        # All are waited for before the first may be done, else equal layers would be computed twice.
        jobs: list[SweepJob] = []
        # Files name the first of equal layers; they all get theirs again, so that it is always the same one.
        lacking = {row.keys[place] for place, o in known.items() if self._lacks_files(row.index, o)}
        for position, (key, refusal) in enumerate((one.text, one.refusal) for one in keyed):
            if key in self._waiting:
                self._waiting[key].append((point, position))
            elif refusal is not None:
                self._store.put_result(JobResult(key, "refused", refusal))
                self._settle(point, position, {})
            elif position not in known:
                self._waiting[key] = [(point, position)]
                if self._options.retry_failed:
                    self._tried.add(key)
                jobs.append(self._job(planned, position, key))
            elif key in lacking:
                self._waiting[key] = [(point, position)]
                self._texts_only.add(key)
                jobs.append(self._job(planned, position, key, self._store.mapping(key)))
            else:
                self._settle(point, position, {}, reused=True)
        yield from jobs

    def _begin(self, point: OpenPoint, stored: StoredPoint | None, only_files: bool) -> None:
        """The point takes its place in the store and in the folder. A kill at any moment leaves no files that
        the store takes for those of another point. One that only lacks files keeps its figures meanwhile.
        """
        files = self._options.files
        row = point.row
        if files is not None:
            files.begin_point(row.index, anew=stored is None or not stored.same or not stored.files)
        if only_files and stored is not None and stored.same and stored.whole:
            self._store.claim(row.index, files is not None)
        else:
            self._store.begin_point(row, files is not None)
        if files is not None and stored is not None and not stored.same:
            self._store.commit()

    def _known(self, point: OpenPoint) -> dict[int, LayerOutcome]:
        """What the store has of a point's layers; failures only if they are not to be tried again."""
        known = {}
        for position, key in enumerate(point.row.keys):
            outcome = self._store.outcome(key, point.planned.planned.study.layers[position])
            again = self._options.retry_failed and key not in self._tried
            if outcome is not None and (outcome.ok or not again):
                known[position] = outcome
        return known

    def _is_there(self, point: OpenPoint, known: dict[int, LayerOutcome], own_files: bool) -> bool:
        """Whether nothing is to be done for a point that the store has whole."""
        files = self._options.files
        if len(known) < point.count:
            return False
        index = point.row.index
        if files is not None and not (own_files and files.has_record(index)):
            return False
        return not any(self._lacks_files(index, outcome) for outcome in known.values())

    def _lacks_files(self, index: int, outcome: LayerOutcome) -> bool:
        """Whether a layer that is in the store must be evaluated again for its files."""
        files = self._options.files
        if files is None or self._options.texts_of is None or not outcome.ok:
            return False
        return not files.has_layer(index, outcome.layer)

    def _job(
        self, planned: PlannedPoint, position: int, key: str, mapping: list[object] | None = None
    ) -> SweepJob:
        request = planned.request(position)
        if mapping is not None:
            request = replace(request, mapping={"mapping": mapping})
        return SweepJob(key, request, self._options.texts_of)

    # From results to points

    def _take(self, done: JobResult) -> None:
        waiting = self._waiting.pop(done.key)
        if done.key in self._texts_only:
            self._texts_only.discard(done.key)
        else:
            for index in self._store.put_result(done):
                if index not in self._open:
                    self._store.sum_again(index)
                    if self._options.files is not None:
                        self._options.files.remove_record(index)
        for number, (point, position) in enumerate(waiting):
            self._settle(point, position, dict(done.texts), reused=number > 0)

    def _settle(self, point: OpenPoint, position: int, texts: dict[str, str], reused: bool = False) -> None:
        """A layer of a point has its result in the store; files are written before that is committed."""
        occurrence = point.planned.planned.study.layers[position]
        outcome = self._store.outcome(point.row.keys[position], occurrence)
        assert outcome is not None
        point.outcomes[position] = outcome
        files = self._options.files
        if files is not None and outcome.ok and texts:
            stored = self._store.result(point.row.index, position, occurrence)
            assert stored is not None
            files.write_layer(point.row.index, stored, texts)
        self.done += 1
        self.reused += reused
        index = point.row.index
        self._news.append(lambda: self._events.layer_done(index, outcome, reused))
        if len(point.outcomes) == point.count:
            self._finish(point)

    def _finish(self, point: OpenPoint) -> None:
        outcomes = [point.outcomes[position] for position in range(point.count)]
        metrics = metrics_of(outcomes)
        status: PointStatus = "ok" if metrics is not None else "failed"
        del self._open[point.row.index]
        self._write_record(point)
        done = point.ended(status, metrics, outcomes)
        self._store.end_point(point.row.index, status, metrics, done.seconds)
        self.points_done += 1
        self._news.append(lambda: self._events.point_done(done))

    def _tell_reused(self, point: OpenPoint, known: dict[int, LayerOutcome]) -> None:
        outcomes = [known[position] for position in range(point.count)]
        metrics = metrics_of(outcomes)
        done = point.ended("ok" if metrics is not None else "failed", metrics, outcomes)
        self.done += point.count
        self.reused += point.count
        self.points_done += 1
        self._news += [
            *(
                lambda outcome=outcome: self._events.layer_done(done.index, outcome, True)
                for outcome in outcomes
            ),
            lambda: self._events.point_done(done),
        ]

    def _write_record(self, point: OpenPoint) -> None:
        if self._options.files is not None:
            self._options.files.end_point(point.record())

    def _commit(self) -> None:
        """Results first, then the news of them."""
        self._store.commit()
        news, self._news = self._news, []
        for tell in news:
            tell()
