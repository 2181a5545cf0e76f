"""What a sweep found: the studies and points of a folder, which is best, and tables for pandas."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.engines.result import CheckRecord, Result
from harness.errors import SpecError, unknown_name
from harness.sweep.comparison import find_criterion, pareto_front
from harness.sweep.outcome import LayerOutcome, OutcomeStatus
from harness.sweep.point import Point, PointStatus
from harness.sweep.store.reading import METRIC_COLUMNS, StoreReader
from harness.sweep.study import Study

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.sweep.job import LevelLimits

Rows = Literal["configurations", "layers", "levels", "dataspaces"]

_PLOTS = "harness.report.sweep.figures"
"""Loaded by name when plots are asked for, as pandas loads its plotting backend: reports stand above."""


@dataclass(frozen=True)
class Failure:
    """A layer without figures."""

    index: int
    layer: str
    status: OutcomeStatus
    reason: str


@dataclass(frozen=True)
class Note:
    """A reservation about the figures of one layer on some points."""

    text: str
    layer: str
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """What the comparison of one layer with the real Timeloop gave."""

    index: int
    layer: str
    record: CheckRecord


class SweepResults:
    """Everything of one or several stores, to be looked at. Studies are numbered from 0 here.

    Only points of one study may be compared. Where ``study`` may be left out, it is the study that was
    swept last.
    """

    def __init__(self, readers: Sequence[StoreReader]) -> None:
        """Of readers that hold the same index, the first one's point is shown."""
        self._readers = tuple(readers)
        studies: list[Study] = []
        self._source: list[tuple[StoreReader, Study]] = []
        latest = 0
        for reader in readers:
            newest = reader.latest_study()
            for study in reader.studies():
                if reader is readers[0] and study.number == newest:
                    latest = len(studies)
                studies.append(replace(study, number=len(studies)))
                self._source.append((reader, study))
        self.studies = tuple(studies)
        self.latest = latest

    def close(self) -> None:
        """Lets go of the files; nothing can be asked any more."""
        for reader in self._readers:
            reader.close()

    @property
    def commands(self) -> tuple[str, ...]:
        """The command lines that swept the points, the oldest first."""
        return tuple(dict.fromkeys(c for reader in self._readers for c in reader.commands()))

    def study(self, number: int | None = None) -> Study:
        """Raises SpecError for a number that no study has."""
        wanted = self.latest if number is None else number
        if not 0 <= wanted < len(self.studies):
            raise SpecError(f"there is no study {wanted}; there are {len(self.studies)}")
        return self.studies[wanted]

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """All of them, by index."""
        points = [point for study in self.studies for point in self.of(study.number)]
        return tuple(sorted(points, key=lambda p: p.index))

    def of(self, study: int | None = None) -> tuple[Point, ...]:
        """The points of one study, by index."""
        return tuple(self.iterate(study))

    def iterate(self, study: int | None = None) -> Iterator[Point]:
        """The same, one by one."""
        reader, own, number = self._of(study)
        for point in reader.points(own.number):
            yield replace(point, study=number)

    def parameter_names(self, study: int | None = None) -> tuple[str, ...]:
        """All parameters that any point of a study has."""
        reader, own, _ = self._of(study)
        return reader.parameter_names(own.number)

    def ranked(
        self, criterion: str = "edp_sum", study: int | None = None, top: int | None = None
    ) -> Iterator[Point]:
        """The ``top`` best points whose every layer has a mapping, the best first, one by one."""
        reader, own, number = self._of(study)
        column = find_criterion(criterion).column
        for point in reader.points(own.number, column, top):
            if point.metrics is not None:
                yield replace(point, study=number)

    def counts(self, study: int | None = None) -> dict[str, int]:
        """How many points there are by status; every status is there."""
        reader, own, _ = self._of(study)
        return {**dict.fromkeys(get_args(PointStatus), 0), **reader.counts(own.number)}

    def architectures(self, study: int | None = None) -> dict[str, int]:
        """How many points each architecture has."""
        reader, own, _ = self._of(study)
        return reader.architectures(own.number)

    def varying(self, study: int | None = None, architecture: str | None = None) -> tuple[str, ...]:
        """Parameters that do not have the same value in all points (of one ``architecture``); one that some
        lack varies too.
        """
        reader, own, _ = self._of(study)
        return reader.varying(own.number, architecture)

    def point(self, index: int) -> Point:
        """Raises SpecError for an index that is not there."""
        for number, (reader, own) in enumerate(self._source):
            point = reader.point(index)
            if point is not None and point.study == own.number:
                return replace(point, study=number)
        raise SpecError(f"there is no point {index}")

    def _of(self, study: int | None) -> tuple[StoreReader, Study, int]:
        """Where a study is stored, its form there, and its number here."""
        number = self.study(study).number
        reader, own = self._source[number]
        return reader, own, number

    def layers(self, index: int) -> tuple[LayerOutcome, ...]:
        """The outcomes of a point's layers, in the order of the model, unscaled."""
        reader, study = self._source[self.point(index).study]
        return reader.layers(index, study)

    def result(self, index: int, layer: str) -> Result | None:
        """The whole record of one layer, with levels, networks and the mapping; None without a result."""
        reader, study, position = self._place(index, layer)
        return reader.result(index, position, study.layers[position])

    def limits(self, index: int, layer: str) -> tuple[LevelLimits, ...]:
        """Bandwidths and word sizes of the storage levels, from inner to outer; none where none is known."""
        reader, _, position = self._place(index, layer)
        return reader.limits(index, position)

    def _place(self, index: int, layer: str) -> tuple[StoreReader, Study, int]:
        reader, study = self._source[self.point(index).study]
        names = [occurrence.layer for occurrence in study.layers]
        for position, name in enumerate(names):
            if name.lower() == layer.lower():
                return reader, study, position
        raise unknown_name("layer", layer, names)

    def failures(self, study: int | None = None) -> tuple[Failure, ...]:
        """Every layer without figures, by index."""
        reader, own, _ = self._of(study)
        return tuple(Failure(index, o.layer, o.status, o.reason or "") for index, o in reader.failures(own))

    def notes(self, study: int | None = None) -> tuple[Note, ...]:
        """Reservations about figures, each once for each layer with the points that it is about."""
        reader, own, _ = self._of(study)
        where: dict[tuple[str, str], list[int]] = {}
        for text, layer, index in reader.notes(own):
            where.setdefault((text, layer), []).append(index)
        return tuple(Note(text, layer, tuple(indices)) for (text, layer), indices in where.items())

    def has_notes(self, study: int | None = None) -> bool:
        """Whether :meth:`notes` has any."""
        reader, own, _ = self._of(study)
        return next(reader.notes(own), None) is not None

    def checks(self, study: int | None = None) -> tuple[Check, ...]:
        """Of every layer that was compared, by layer and index; none where the engine was not "both"."""
        reader, own, _ = self._of(study)
        return tuple(Check(index, layer, record) for index, layer, record in reader.checks(own))

    def best(
        self, criterion: str = "edp_sum", study: int | None = None, most: int | None = None
    ) -> tuple[Point, ...]:
        """The best point and all that are exactly equal to it, the first ``most`` by index; ``criterion`` is
        the id of one of CRITERIA.
        """
        reader, own, number = self._of(study)
        column = find_criterion(criterion).column
        return tuple(replace(point, study=number) for point in reader.best(own.number, column, most))

    def ties(self, criterion: str = "edp_sum", study: int | None = None) -> int:
        """How many points :meth:`best` has: of utilisation or area it can be very many."""
        reader, own, _ = self._of(study)
        return reader.count_best(own.number, find_criterion(criterion).column)

    def pareto(
        self, study: int | None = None, axes: Sequence[str] = ("cycles", "energy_pj")
    ) -> tuple[Point, ...]:
        """The points that no other beats in all ``axes`` (names of metrics), by the first axis."""
        indices = self.pareto_indices(study, axes)
        reader, own, number = self._of(study)
        found = {point.index: replace(point, study=number) for point in reader.points_at(own.number, indices)}
        return tuple(found[index] for index in indices)

    def pareto_indices(
        self, study: int | None = None, axes: Sequence[str] = ("cycles", "energy_pj")
    ) -> list[int]:
        """The indices of :meth:`pareto`."""
        if not axes:
            raise SpecError("a front needs at least one metric")
        for axis in axes:
            if axis not in METRIC_COLUMNS:
                raise unknown_name("metric", axis, METRIC_COLUMNS)
        reader, own, _ = self._of(study)
        return pareto_front(reader.costs(own.number, axes))

    def to_pandas(self, rows: Rows = "configurations", study: int | None = None) -> DataFrame:
        """A table with one row for each configuration, layer, level or data space of a study.

        The columns are listed in ``docs/api.md``. Layers are single instances: multiply by ``times``.
        """
        from harness.sweep.frames import frame_of  # noqa: PLC0415 - imports pandas

        return frame_of(self, rows, self.study(study).number)

    def iterate_layers(self, study: int | None = None) -> Iterator[tuple[int, str, LayerOutcome]]:
        """(index, architecture, outcome) of every layer of every point of a study, by index."""
        reader, own, _ = self._of(study)
        return reader.all_layers(own)

    def reader(self, study: int) -> tuple[StoreReader, Study]:
        """The store behind a study, and the study as it is numbered there."""
        reader, own, _ = self._of(study)
        return reader, own

    @property
    def plot(self) -> Any:
        """The figures of :class:`harness.report.sweep.figures.SweepPlots`, for notebooks."""
        return importlib.import_module(_PLOTS).SweepPlots(self)

    def __len__(self) -> int:
        return sum(sum(self.counts(study.number).values()) for study in self.studies)

    def __repr__(self) -> str:
        ranked = sum(self.counts(study.number)["ok"] for study in self.studies)
        return f"<SweepResults: {len(self)} points, {ranked} ranked, {len(self.studies)} studies>"
