"""What became of one layer on one configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from harness.engines.result import Result

OutcomeStatus = Literal["ok", "no_mapping", "failed", "not_run"]


@dataclass(frozen=True)
class LayerOutcome:
    """The figures of one instance of a layer, unrounded, and how often it counts (``times``).

    Without a mapping the figures are None and ``reason`` says why; ``not_run`` means that the sweep was
    stopped before. ``utilization`` is a fraction. ``notes`` are reservations about the figures.
    """

    layer: str
    times: int
    times_reason: str
    fused: bool
    macs: int
    status: OutcomeStatus
    reason: str | None = None
    cycles: int | None = None
    energy_pj: float | None = None
    edp_j_cycles: float | None = None
    utilization: float | None = None
    area_um2: float | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def to_record(self) -> dict[str, object]:
        return {**asdict(self), "notes": list(self.notes)}

    @staticmethod
    def from_record(record: Mapping[str, object]) -> LayerOutcome:
        """Raises ValueError or TypeError for a record of another shape."""
        outcome = LayerOutcome(**{**record, "notes": tuple(_texts(record["notes"]))})  # type: ignore[arg-type]
        figures = (outcome.cycles, outcome.energy_pj, outcome.edp_j_cycles, outcome.utilization)
        if outcome.status not in get_args(OutcomeStatus) or (outcome.ok and not all(map(_number, figures))):
            raise ValueError(f"the layer {outcome.layer} has no figures")
        if not isinstance(outcome.times, int) or outcome.times < 1:
            raise ValueError(f"the layer {outcome.layer} counts {outcome.times} times")
        return outcome


@dataclass(frozen=True)
class Occurrence:
    """The part of an outcome that is known before the layer is mapped."""

    layer: str
    times: int
    times_reason: str
    fused: bool
    macs: int

    def without_figures(self, status: OutcomeStatus, reason: str) -> LayerOutcome:
        return LayerOutcome(**asdict(self), status=status, reason=reason)

    def with_result(self, result: Result, notes: tuple[str, ...]) -> LayerOutcome:
        """The figures of ``result``; one without figures that can be summed counts as failed."""
        if result.status != "ok":
            return self.without_figures(result.status, result.reason or "no reason was given")
        figures = (result.cycles, result.energy_pj, result.edp_j_cycles, result.utilization)
        if not all(map(_number, figures)):
            return self.without_figures("failed", "a figure of the result is not a finite number")
        return LayerOutcome(
            **asdict(self),
            status="ok",
            cycles=result.cycles,
            energy_pj=result.energy_pj,
            edp_j_cycles=result.edp_j_cycles,
            utilization=result.utilization,
            area_um2=result.area_um2,
            seconds=result.search.seconds,
            notes=notes,
        )


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("notes must be texts")
    return value
