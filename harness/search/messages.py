"""What a search and its worker processes tell each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.mapspace import MapSpace
from harness.search.evaluators import Evaluate
from harness.search.thread_run import Found, Snapshot, ThreadReport, ThreadRun
from harness.spec.settings import Metric


@dataclass(frozen=True)
class Assignment:
    """The first message to a worker: what to search and with which threads."""

    space: MapSpace
    runs: Sequence[ThreadRun]
    evaluate: Evaluate | None
    metrics: Sequence[Metric]


@dataclass(frozen=True)
class Advance:
    """Run all threads until they end or reach ``until_total`` tries, first taking over ``bests``."""

    until_total: int | None
    bests: dict[int, Found | None] | None = None


@dataclass(frozen=True)
class Stop:
    """Pause as soon as possible."""


@dataclass(frozen=True)
class Snapshots:
    """Progress of all threads of a worker."""

    snapshots: list[Snapshot]


@dataclass(frozen=True)
class Paused:
    """All threads of the worker ended, reached the goal, or were stopped. ``unfinished`` could go on."""

    reports: list[ThreadReport]
    unfinished: list[int]


@dataclass(frozen=True)
class Failed:
    """The worker met an error: one for the user, or else an unexpected one with its traceback."""

    error: HarnessError | None
    traceback: str
