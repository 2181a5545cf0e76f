"""What became of one layer on one configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from harness.engines.result import CheckRecord, Result
from harness.sweep.accuracy import Accuracy

OutcomeStatus = Literal["ok", "no_mapping", "refused", "crashed", "timed_out", "failed", "not_run"]
"""``no_mapping``: nothing fits. ``refused``: the configuration or the layer is nothing that can be mapped.
``crashed``: a bug, or the process died. ``timed_out``: ended at the job's time limit. ``failed``: a result
without figures that can be summed. ``not_run``: the sweep was stopped before.
"""

Proof = Literal["optimal", "bound", "best_found", "no_mapping"]


Densities = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class LayerOutcome:
    """The figures of one instance of a layer, unrounded, and how often it counts (``times``).

    Without a mapping the figures are None and ``reason`` says why. ``utilization`` is a fraction.
    ``seconds`` is how long the search took, ``notes`` are reservations about the figures, ``bound_by`` is
    "compute" or "<level>.read|write". ``proof``, ``lower_bound`` and ``gap`` are those of the search's
    record. ``key`` is the hash of everything that the figures depend on. ``model`` and ``repeat`` are the
    layer's own: whose it is, and how often that model has it; ``operator`` is its class ("" where nobody
    recorded it). ``densities`` are those of its tensors, as in :class:`Occurrence`. ``accuracy`` says what
    the energy rests on, where that is known; ``check`` whether the real Timeloop gives the same figures for
    the same mapping, where that was asked.
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
    bound_by: str | None = None
    key: str | None = None
    proof: Proof | None = None
    lower_bound: float | None = None
    gap: float | None = None
    model: str = ""
    repeat: int = 1
    operator: str = ""
    densities: Densities = field(default_factory=dict)
    accuracy: Accuracy | None = None
    check: CheckRecord | None = None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def occurrence(self) -> Occurrence:
        """What was known of it before it was mapped."""
        return Occurrence(**{f.name: getattr(self, f.name) for f in fields(Occurrence)})

    def to_record(self) -> dict[str, object]:
        """Without a check, and without densities, where there are none."""
        record = {**asdict(self), "notes": list(self.notes)}
        if self.check is None:
            del record["check"]
        if not self.densities:
            del record["densities"]
        return record

    @staticmethod
    def from_record(record: Mapping[str, object]) -> LayerOutcome:
        """Raises ValueError or TypeError for a record of another shape."""
        known = {**record, "notes": tuple(_texts(record["notes"]))}
        accuracy = record.get("accuracy")
        known["accuracy"] = Accuracy.from_record(accuracy) if isinstance(accuracy, Mapping) else None
        check = record.get("check")
        known["check"] = CheckRecord.from_record(check) if isinstance(check, Mapping) else None
        outcome = LayerOutcome(**known)  # type: ignore[arg-type]
        figures = (outcome.cycles, outcome.energy_pj, outcome.edp_j_cycles, outcome.utilization)
        if outcome.status not in get_args(OutcomeStatus) or (outcome.ok and not all(map(_number, figures))):
            raise ValueError(f"the layer {outcome.layer} has no figures")
        if not isinstance(outcome.times, int) or outcome.times < 1:
            raise ValueError(f"the layer {outcome.layer} counts {outcome.times} times")
        return outcome


@dataclass(frozen=True)
class Occurrence:
    """The part of an outcome that is known before the layer is mapped; the fields mean the same.

    ``densities`` are by data space as in a problem's instance. Of actual data they have the digest, not the
    file: it may lie elsewhere tomorrow.
    """

    layer: str
    times: int
    times_reason: str
    fused: bool
    macs: int
    model: str = ""
    repeat: int = 1
    operator: str = ""
    densities: Densities = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """Densities only where there are any: so it was before layers had them."""
        record = asdict(self)
        if not self.densities:
            del record["densities"]
        return record

    def without_figures(self, status: OutcomeStatus, reason: str, key: str | None = None) -> LayerOutcome:
        return LayerOutcome(**vars(self), status=status, reason=reason, key=key)


NO_FIGURES = "a figure of the result is not a finite number"


def has_figures(result: Result) -> bool:
    """Whether energy, cycles, EDP and utilisation are numbers that can be summed."""
    return all(map(_number, (result.cycles, result.energy_pj, result.edp_j_cycles, result.utilization)))


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("notes must be texts")
    return value
