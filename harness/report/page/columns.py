"""Configurations as columns of plain data, one list for each parameter and each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.report.page.figures_of_merit import MERITS

if TYPE_CHECKING:
    from harness.sweep.point import Point

Plain = str | int | float | bool | None


def columns(points: Sequence[Point], names: Sequence[str]) -> dict[str, Any]:
    """All in the order of ``points``, which have figures; None where a point lacks the parameter."""
    metrics = [point.metrics for point in points if point.metrics is not None]
    return {
        "index": [point.index for point in points],
        "architecture": [point.architecture for point in points],
        "parameters": {name: [plain(point.parameters.get(name)) for point in points] for name in names},
        "merits": {merit.id: [merit.of(m) for m in metrics] for merit in MERITS},
    }


def plain(value: object) -> Plain:
    """A parameter's value as JSON has it; a text where JSON has nothing for it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and value - value == 0:
        return value
    return str(value)


def plain_parameters(parameters: Mapping[str, object]) -> dict[str, Plain]:
    return {str(name): plain(value) for name, value in parameters.items()}
