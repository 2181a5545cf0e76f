"""A point of a sweep: one configuration of hardware, and what all layers together cost on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.spec.template_parameters import ParameterValue
from harness.sweep.metrics import Metrics

PointStatus = Literal["ok", "failed", "incomplete"]


@dataclass(frozen=True)
class Point:
    """``index`` is the name of its folder, ``given`` what the sweep set, ``parameters`` all of them.

    ``metrics`` is None unless every layer has a mapping: then it is ``failed``, or ``incomplete`` when the
    sweep was stopped before. ``seconds`` is the time of the searches.
    """

    index: int
    study: int
    architecture: str
    given: Mapping[str, ParameterValue]
    parameters: Mapping[str, ParameterValue] = field(repr=False)
    status: PointStatus
    metrics: Metrics | None
    seconds: float = 0.0
