"""The time of a search: when to report, when to ask whether to stop, when time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from harness.search.crew import merge
from harness.search.result import Progress
from harness.search.thread_run import Snapshot
from harness.spec.settings import SearchSettings

PROGRESS_SECONDS = 0.1


class Clock:
    """Calls back at most ten times a second and remembers why the search should stop."""

    def __init__(
        self,
        settings: SearchSettings,
        on_progress: Callable[[Progress], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._start = time.monotonic()
        self._last = self._start
        self._seen: dict[int, Snapshot] = {}
        self.time_is_up = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def tick(self, snapshots: Sequence[Snapshot]) -> bool:
        """Takes note of the snapshots; True if the search should stop."""
        for snapshot in snapshots:
            self._seen[snapshot.thread] = snapshot
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return False
        self._last = now
        if self._on_progress is not None and self._seen:
            self._on_progress(self._progress())
        if 0 < self._settings.time_limit < self.seconds:
            self.time_is_up = True
        return self.time_is_up or (self._should_stop is not None and self._should_stop())

    def _progress(self) -> Progress:
        best = merge([self._seen[thread].best for thread in sorted(self._seen)], self._settings.metrics)
        return Progress(
            evaluated=sum(s.total for s in self._seen.values()),
            valid=sum(s.valid for s in self._seen.values()),
            seconds=self.seconds,
            thread=0 if best is None else best.thread,
            best=None if best is None else best.cost,
        )
