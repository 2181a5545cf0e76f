"""What a run of a sweep tells, writes beside the store, and is bound by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.engines.result import Result
from harness.sweep.job import TextsOf
from harness.sweep.outcome import LayerOutcome
from harness.sweep.point import Point
from harness.sweep.record import ConfigurationRecord


class Events(Protocol):
    """Who watches a sweep. What is told of layers and points has been committed to the store."""

    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None: ...

    def point_done(self, point: Point) -> None: ...


class PointFiles(Protocol):
    """The folders of points beside the store."""

    def discard(self) -> None:
        """Removes what earlier sweeps wrote for their points."""

    def begin_point(self, index: int, anew: bool) -> None:
        """Called before the first file of a point is written. ``anew``: what is there is of another point."""

    def has_record(self, index: int) -> bool: ...

    def remove_record(self, index: int) -> None:
        """Its figures are no longer true."""

    def has_layer(self, index: int, layer: str) -> bool: ...

    def write_layer(self, index: int, result: Result, texts: dict[str, str]) -> None:
        """``texts`` are the files of the result as :data:`TextsOf` gives them."""

    def end_point(self, record: ConfigurationRecord) -> None: ...


@dataclass(frozen=True)
class RunOptions:
    """``files`` None: nothing is written beside the store; ``texts_of`` None: no files of layers.

    ``limit_seconds`` ends a job that takes longer. ``retry_failed`` computes stored failures again.
    """

    texts_of: TextsOf | None = None
    files: PointFiles | None = None
    limit_seconds: float | None = None
    retry_failed: bool = False
