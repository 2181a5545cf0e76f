"""How much of an energy rests on estimates of which accuracy class."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.engines.result import Result


@dataclass(frozen=True)
class Accuracy:
    """``by_class``: pJ by accuracy class (``harness.estimation.query.FITS``), which make the whole energy.
    ``stated_pj`` of it rests on figures whose source states a +-, ``plus_minus_pj`` is by how much these may
    be off together if all err alike. ``by_source``: pJ by who estimated them; {} where that was not recorded.
    """

    by_class: Mapping[str, float] = field(default_factory=dict)
    stated_pj: float = 0.0
    plus_minus_pj: float = 0.0
    by_source: Mapping[str, float] = field(default_factory=dict)

    def to_text(self) -> str:
        return json.dumps(self.to_record(), separators=(",", ":"))

    def to_record(self) -> dict[str, Any]:
        return {
            "by_class": dict(self.by_class),
            "stated_pj": self.stated_pj,
            "plus_minus_pj": self.plus_minus_pj,
            "by_source": dict(self.by_source),
        }

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> Accuracy:
        """Raises ValueError, TypeError or KeyError for a record of another shape."""
        by_class = {str(name): _figure(pj) for name, pj in dict(record["by_class"]).items()}
        by_source = {str(name): _figure(pj) for name, pj in dict(record.get("by_source", {})).items()}
        return Accuracy(by_class, _figure(record["stated_pj"]), _figure(record["plus_minus_pj"]), by_source)


def accuracy_of(result: Result) -> Accuracy | None:
    """None for a result that does not say it."""
    if not result.energy_by_accuracy:
        return None
    off = result.energy_uncertainty
    stated, plus_minus = off.get("stated_pj", 0.0), off.get("plus_minus_pj", 0.0)
    return Accuracy(result.energy_by_accuracy, stated, plus_minus, result.energy_by_source)


def _figure(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no energy")
    return value
