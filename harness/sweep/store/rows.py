"""Rows of a store as the objects of a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.engines.result import CheckRecord
from harness.spec.template_parameters import ParameterValue
from harness.sweep.accuracy import Accuracy
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.store.schema import whole_again


@dataclass(frozen=True)
class PointRow:
    """A point before its figures. ``given`` are its own parameters and ``base`` the others, both as text;
    very many points share the same base. ``keys`` are those of the results of its layers.
    """

    index: int
    study: int
    architecture: str
    given: str
    base: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class StoredPoint:
    """What has the index of a point: this very point (``same``) or another. ``whole``: its figures are there.
    ``files``: what lies in its folder, if anything, is of what is stored.
    """

    same: bool
    whole: bool
    files: bool


def given_and_base(
    given: Mapping[str, ParameterValue], parameters: Mapping[str, ParameterValue]
) -> tuple[str, str]:
    """The texts of a :class:`PointRow`; the base has every name in its order, null for those given."""
    base = {name: None if name in given else value for name, value in parameters.items()}
    return _text(given), _text(base)


def merged(
    given: Mapping[str, ParameterValue], base: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """All parameters in their order: the inverse of :func:`given_and_base`."""
    return {name: given.get(name, value) for name, value in base.items()}


def _text(parameters: Mapping[str, ParameterValue]) -> str:
    return json.dumps(dict(parameters), separators=(",", ":"))


OUTCOME_COLUMNS = (
    "result_key, status, reason, cycles, energy_pj, edp_j_cycles, utilization, area_um2, bound_by, "
    "search_seconds, proof, lower_bound, gap, notes, accuracy, checked"
)


def outcome_of(occurrence: Occurrence, row: Sequence[Any]) -> LayerOutcome:
    """One layer's outcome from a row of :data:`OUTCOME_COLUMNS`."""
    (
        key,
        status,
        reason,
        cycles,
        energy,
        edp,
        utilization,
        area,
        bound_by,
        seconds,
        proof,
        bound,
        gap,
        notes,
        accuracy,
        checked,
    ) = row
    o = occurrence
    if status != "ok":
        return o.without_figures(status, reason or "", key)
    return LayerOutcome(
        **vars(o),
        status=status,
        cycles=whole_again(cycles),
        energy_pj=energy,
        edp_j_cycles=edp,
        utilization=utilization,
        area_um2=area,
        seconds=seconds or 0.0,
        notes=tuple(json.loads(notes)) if notes else (),
        bound_by=bound_by,
        key=key,
        proof=proof,
        lower_bound=bound,
        gap=gap,
        accuracy=Accuracy.from_record(json.loads(accuracy)) if accuracy else None,
        check=check_of(checked),
    )


def check_of(text: str | None) -> CheckRecord | None:
    """The inverse of :func:`check_text`."""
    return CheckRecord.from_record(json.loads(text)) if text else None


def check_text(check: CheckRecord | None) -> str | None:
    return None if check is None else json.dumps(asdict(check), separators=(",", ":"))
