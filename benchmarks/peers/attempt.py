"""One mapper's attempt at one job, with its figures under this project's model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from benchmarks.cases import Case
from harness.errors import HarnessError
from harness.model import evaluate
from harness.spec.mapping import Mapping


@dataclass(frozen=True)
class Point:
    """From ``seconds`` (CPU) on, the best mapping found has this EDP in J*cycles."""

    seconds: float
    edp: float


@dataclass(frozen=True)
class Attempt:
    """What a mapper answered.

    ``status`` is "optimal", "bound", "best found", "no mapping", "failed", "cannot express" or "not
    installed". ``seconds`` are CPU seconds of the whole attempt, ``trace`` the way to its result, ``edp`` in
    J*cycles, ``cycles`` and ``energy_pj`` under this project's model, None when there is no result.
    ``remarks`` say what the mapper cannot express exactly, or why there is no result.
    ``inside``: the mapping lies in the map space that the others search. ``told_edp`` is what the mapper
    itself says of its mapping, in J*cycles.
    """

    mapper: str
    job: str
    status: str
    seconds: float | None = None
    edp: float | None = None
    cycles: int | None = None
    energy_pj: float | None = None
    trace: tuple[Point, ...] = field(default=())
    remarks: tuple[str, ...] = ()
    inside: bool = True
    told_edp: float | None = None

    @property
    def seconds_to_best(self) -> float | None:
        return self.trace[-1].seconds if self.trace else None


def absent(mapper: str, case: Case, what: str) -> Attempt:
    """The attempt of a mapper that is not on this machine."""
    return Attempt(mapper, case.name, "not installed", remarks=(what,))


def judged(
    attempt: Attempt, case: Case, mapping: Mapping, way: Iterable[tuple[float, Mapping]] = ()
) -> Attempt:
    """``attempt`` with the figures of ``mapping`` and of the ``way`` to it under this project's model."""
    try:
        stats = evaluate(case.architecture, case.problem, mapping)
    except HarnessError as refusal:
        remark = f"this project's model refuses its mapping: {refusal}"
        return replace(attempt, status="failed", remarks=(*attempt.remarks, remark))
    points: list[Point] = []
    for seconds, passed in way:
        edp = evaluate(case.architecture, case.problem, passed).edp_j_cycles
        if not points or edp < points[-1].edp:
            points.append(Point(seconds, edp))
    if not points:
        points = [Point(attempt.seconds or 0.0, stats.edp_j_cycles)]
    return replace(
        attempt,
        edp=stats.edp_j_cycles,
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        trace=tuple(points),
    )
