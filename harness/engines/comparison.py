"""Field by field: whether two engines give the same figures for one mapping.

Whole numbers have to be equal; others to a billionth, or, where one side only has figures as a stats file
prints them, to the digits printed there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Any, Literal, TypeGuard

from harness.engines.printed_digits import Precision, Rounding
from harness.engines.result import CheckRecord, LevelRecord, NetworkRecord, Result

Verdict = Literal["equal", "rounded", "differs", "absent"]
Part = Literal["whole", "level", "network"]
Value = int | float | str | None

RELATIVE_TOLERANCE = 1e-9
"""Of doubles in full precision: both add up the same terms, not always in the same order."""

MOST_TOLD = 12
"""Names of differing fields in a :class:`CheckRecord`, which is part of every row of a sweep."""

_WHOLE = ("cycles", "energy_pj", "edp_j_cycles", "utilization")
"""Of a whole result. Its computes are the problem's on either side; its area is that of the levels, which are
compared, and of what Timeloop never adds."""

_PRESENCE = "present"

_NO_FIGURES = ("name", "dataspaces")
_OURS_ALONE = ("metadata_bits",)
"""Counts that Timeloop never tells. Of others a missing key says that there were none."""


@dataclass(frozen=True)
class Place:
    """The whole, a level or network by its name, or a data space of one of these."""

    part: Part
    where: str = ""
    data_space: str = ""


@dataclass(frozen=True)
class Field:
    """One figure of both sides.

    "rounded" is equal in the digits that are printed; "absent" is a figure that one side does not tell, and
    no difference. A level, network or data space that only one side has is one field named "present" with
    the value "yes" on that side; where only one side has figures of sparse optimisations it is
    "sparse.present" of a data space, "computes.present" of the arithmetic.
    """

    place: Place
    name: str
    ours: Value
    theirs: Value
    verdict: Verdict

    @property
    def path(self) -> str:
        """``Scratchpad.Weights.reads``, ``DRAM.cycles``, ``cycles``."""
        return ".".join(word for word in (self.place.where, self.place.data_space, self.name) if word)

    @property
    def difference(self) -> float | None:
        """Theirs less ours; None where there are no two numbers."""
        if not _is_number(self.ours) or not _is_number(self.theirs):
            return None
        return _less(self.theirs, self.ours)

    @property
    def is_whole(self) -> bool:
        """Whether both sides count in whole numbers."""
        return isinstance(self.ours, int) and isinstance(self.theirs, int)


@dataclass(frozen=True)
class Comparison:
    """All fields, outermost level first as on the screen; none and a ``reason`` where a side has no figures.

    ``precision`` is that of the coarser side.
    """

    fields: tuple[Field, ...]
    precision: Precision = "full"
    reason: str | None = None

    @cached_property
    def differing(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.verdict == "differs")

    def count(self, verdict: Verdict) -> int:
        return sum(field.verdict == verdict for field in self.fields)

    @property
    def compared(self) -> int:
        """Fields that both sides tell."""
        return len(self.fields) - self.count("absent")

    @property
    def status(self) -> Literal["equal", "differs", "not_checked"]:
        if self.reason is not None or not self.compared:
            return "not_checked"
        return "differs" if self.differing else "equal"

    def record(self) -> CheckRecord:
        """What a result keeps of it."""
        if self.status == "not_checked":
            return CheckRecord("not_checked", reason=self.reason or "there is no figure that both tell")
        paths = tuple(field.path for field in self.differing[:MOST_TOLD])
        return CheckRecord(self.status, self.compared, len(self.differing), paths)


def compare(ours: Result, theirs: Result) -> Comparison:
    """Two results for one mapping. No order of the two is presumed, but the names on the screen are these."""
    untold = [
        f"{side}: {result.reason or result.status}"
        for side, result in (("ours", ours), ("theirs", theirs))
        if result.status != "ok"
    ]
    precision = _coarsest(ours, theirs)
    if untold:
        return Comparison((), precision or "full", "; ".join(untold))
    return Comparison(tuple(_all_fields(ours, theirs, precision)), precision or "full")


def _coarsest(*results: Result) -> Precision | None:
    """None where no figure comes from a file of Timeloop's."""
    told = {result.timeloop.precision for result in results if result.timeloop is not None}
    return "printed" if "printed" in told else "full" if told else None


def _all_fields(ours: Result, theirs: Result, precision: Precision | None) -> Iterator[Field]:
    whole = Place("whole")
    rounding = precision and Rounding("whole", precision, levels=len(ours.levels), cycles=ours.cycles or 0)
    for name in _WHOLE:
        pair = getattr(ours, name), getattr(theirs, name)
        if pair != (None, None):
            yield _field(whole, name, pair, rounding)
    # Records go from the arithmetic outwards, readers from the outermost level inwards.
    yield from _records("level", ours.levels[::-1], theirs.levels[::-1], precision)
    yield from _records("network", ours.networks, theirs.networks, precision)


def _records[R: (LevelRecord, NetworkRecord)](
    part: Part, ours: tuple[R, ...], theirs: tuple[R, ...], precision: Precision | None
) -> Iterator[Field]:
    """Matched by name, in our order; what only they have comes last."""
    here: dict[str, R] = {record.name: record for record in ours}
    there: dict[str, R] = {record.name: record for record in theirs}
    for name in dict.fromkeys((*here, *there)):
        mine, other = here.get(name), there.get(name)
        if mine is None or other is None:
            if _tells(part, mine or other):
                yield _one_sided(Place(part, name), mine is not None)
            continue
        yield from _record(Place(part, name), mine, other, precision)


def _record[R: (LevelRecord, NetworkRecord)](
    place: Place, ours: R, theirs: R, precision: Precision | None
) -> Iterator[Field]:
    spaces = max(len(ours.dataspaces), len(theirs.dataspaces))
    instances = getattr(ours, "instances", 1)
    rounding = precision and Rounding("record", precision, spaces, instances)
    yield from _figures(place, ours, theirs, rounding)
    left_out = _is_left_out(ours) or _is_left_out(theirs)
    for space in dict.fromkeys((*ours.dataspaces, *theirs.dataspaces)):
        mine, other = ours.dataspaces.get(space), theirs.dataspaces.get(space)
        inner = Place(place.part, place.where, space)
        if mine is None or other is None:
            if _tells(place.part, mine or other):
                yield _one_sided(inner, mine is not None)
            continue
        figures = _figures(inner, mine, other, precision and Rounding("space", precision))
        yield from (f for f in figures if f.name != "sparse.present" or not left_out)


def _figures(
    place: Place, ours: Any, theirs: Any, rounding: Rounding | None, before: str = ""
) -> Iterator[Field]:
    """The figures of two records of one kind, also those of mappings and of records within; not their data
    spaces.
    """
    for field in fields(ours):
        if field.name in _NO_FIGURES:
            continue
        name = before + field.name
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if isinstance(mine, Mapping) and isinstance(other, Mapping):
            yield from _counts(place, name, mine, other, rounding)
        elif is_dataclass(mine) and is_dataclass(other):
            yield from _figures(place, mine, other, rounding, f"{name}.")
        elif is_dataclass(mine) or is_dataclass(other):
            yield _one_sided(place, mine is not None, f"{name}.{_PRESENCE}")
        elif (mine, other) != (None, None):
            yield _field(place, name, (mine, other), rounding)


def _counts(
    place: Place,
    name: str,
    ours: Mapping[str, Value],
    theirs: Mapping[str, Value],
    rounding: Rounding | None,
) -> Iterator[Field]:
    """Of what happens; what never happens has no key."""
    told = name.rpartition(".")[2] not in _OURS_ALONE or (ours and theirs)
    untold = 0 if told else None
    for key in dict.fromkeys((*ours, *theirs)):
        yield _field(place, f"{name}.{key}", (ours.get(key, untold), theirs.get(key, untold)), rounding)


def _is_left_out(record: LevelRecord | NetworkRecord) -> bool:
    """Of a level without energy Timeloop may print nothing, and its XML file knows nothing sparse."""
    return isinstance(record, LevelRecord) and record.area_um2 is None


def _tells(part: Part, record: Any) -> bool:
    """Whether it matters that only one side has it: Timeloop prints no levels without energy and accesses,
    and no networks without energy.
    """
    spaces = getattr(record, "dataspaces", {}).values()
    telling = ("energy_pj",) if part == "network" else ("energy_pj", "reads", "fills", "updates")
    return any(getattr(entry, name, 0) for entry in (record, *spaces) for name in telling)


def _one_sided(place: Place, is_ours: bool, name: str = _PRESENCE) -> Field:
    ours, theirs = ("yes", "no") if is_ours else ("no", "yes")
    return Field(place, name, ours, theirs, "differs")


def _field(place: Place, name: str, pair: tuple[Value, Value], rounding: Rounding | None) -> Field:
    ours, theirs = pair
    return Field(place, name, ours, theirs, _verdict(name, ours, theirs, rounding))


def _verdict(name: str, ours: Value, theirs: Value, rounding: Rounding | None) -> Verdict:
    if ours is None or theirs is None:
        return "absent"
    if isinstance(ours, str) or isinstance(theirs, str):
        return "equal" if ours == theirs else "differs"
    if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
        return "equal"
    if isinstance(ours, int) and isinstance(theirs, int):
        return "differs"
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return "differs"
    off = abs(_less(theirs, ours))
    if off <= RELATIVE_TOLERANCE * max(abs(ours), abs(theirs)):
        return "equal"
    if rounding is not None and off <= rounding.slack(name, theirs) + RELATIVE_TOLERANCE * abs(ours):
        return "rounded"
    return "differs"


def _less(theirs: int | float, ours: int | float) -> float:
    try:
        return float(theirs - ours)
    except OverflowError:  # of a whole number beyond all doubles
        return math.inf


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
