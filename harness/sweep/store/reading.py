"""Reading a store: rows as the objects and tables of a sweep. Nothing here writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from harness.engines.result import CheckRecord, Result
from harness.spec.template_parameters import ParameterValue
from harness.sweep.job import LevelLimits
from harness.sweep.metrics import Metrics
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.point import Point
from harness.sweep.store.connection import sound_rows
from harness.sweep.store.result_reading import DATASPACE_COLUMNS, read_limits, read_result
from harness.sweep.store.rows import OUTCOME_COLUMNS, check_of, merged, outcome_of
from harness.sweep.study import Settings, Study, estimation_of

_NOT_RUN = "the sweep was stopped before"
_ABSENT = "a parameter that other architectures have"
_QUALIFIED = ", ".join(f"r.{column.strip()}" for column in OUTCOME_COLUMNS.split(","))


class StoreReader:
    """What a store's connection holds: of all points, or of those of one ``run`` only."""

    def __init__(self, connection: sqlite3.Connection, run: int | None = None) -> None:
        self._connection = connection
        # All queries go through this view. SQLite takes no parameters in views; the run is a number of ours.
        only = "" if run is None else f" WHERE run = {int(run)}"
        connection.execute(f"CREATE TEMP VIEW IF NOT EXISTS shown AS SELECT * FROM point{only}")

    def close(self) -> None:
        self._connection.close()

    def studies(self) -> tuple[Study, ...]:
        """Those that have points."""
        rows = self._connection.execute(
            "SELECT number, model, fusion, mapper, version, blocks, layers, estimation, engine FROM study "
            "WHERE number IN (SELECT DISTINCT study FROM shown) ORDER BY number"
        )
        with sound_rows():
            return tuple(
                Study(
                    Settings(model, fusion, mapper, version, engine or "embedded"),
                    tuple(Occurrence(**layer) for layer in json.loads(layers)),
                    blocks,
                    number,
                    estimation_of(estimation),
                )
                for number, model, fusion, mapper, version, blocks, layers, estimation, engine in rows
            )

    def points(self, study: int, order: str = "idx", most: int | None = None) -> Iterator[Point]:
        """The points of a study, by index or by one of :data:`METRIC_COLUMNS`, those without metrics last."""
        if order not in ("idx", *METRIC_COLUMNS):
            raise ValueError(f"cannot sort by {order}")
        direction = "DESC" if order == "utilization" else "ASC"
        yield from self._points(
            f"WHERE study = ? ORDER BY {order} IS NULL, {_as_number(order)} {direction}, idx LIMIT ?",
            (study, -1 if most is None else most),
        )

    def point(self, index: int) -> Point | None:
        return next(self._points("WHERE idx = ?", (index,)), None)

    def points_at(self, study: int, indices: Sequence[int]) -> Iterator[Point]:
        """The points of some indices, in no particular order."""
        yield from self._points(
            "WHERE study = ? AND idx IN (SELECT value FROM json_each(?))", (study, json.dumps(list(indices)))
        )

    def best(self, study: int, metric: str, most: int | None = None) -> Iterator[Point]:
        """The points with the least of a metric (the greatest utilisation), by index; the first ``most``."""
        yield from self._points(
            f"WHERE {_is_best(metric)} ORDER BY idx LIMIT ?", (study, study, -1 if most is None else most)
        )

    def count_best(self, study: int, metric: str) -> int:
        """How many points :meth:`best` has."""
        query = f"SELECT count(*) FROM shown WHERE {_is_best(metric)}"
        return int(self._connection.execute(query, (study, study)).fetchone()[0])

    def _points(self, rest: str, values: Sequence[object]) -> Iterator[Point]:
        rows = self._connection.execute(
            "SELECT idx, study, architecture, given, base, status, seconds, energy_pj, cycles, "
            f"utilization, edp_sum, edp, area_um2, edap FROM shown {rest}",
            values,
        )
        bases: dict[int, dict[str, ParameterValue]] = {}
        for index, study, architecture, given_text, base, status, seconds, energy, cycles, *others in rows:
            with sound_rows():
                if base not in bases:
                    bases[base] = self._base(base)
                given = json.loads(given_text)
                metrics = None
                if energy is not None:
                    utilization, edp_sum, edp, area, edap = others
                    metrics = Metrics(energy, int(cycles), utilization, edp_sum, edp, area, edap)
                point = Point(
                    index, study, architecture, given, merged(given, bases[base]), status, metrics, seconds
                )
            yield point

    def _base(self, number: int) -> dict[str, ParameterValue]:
        row = self._connection.execute("SELECT parameters FROM base WHERE number = ?", (number,)).fetchone()
        return dict(json.loads(row[0]))

    def costs(self, study: int, names: Sequence[str]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """(index, metrics to be made least) of the ranked points that have all of them, in the order of the
        metrics. Of two metrics, points are left out that another one beats: most of very many.
        """
        columns = [f"-{name}" if name == "utilization" else _as_number(name) for name in names]
        known = " AND ".join(f"{name} IS NOT NULL" for name in names)
        order = ", ".join(f"c{place}" for place in range(len(names)))
        rows = f"SELECT idx, {', '.join(f'{c} AS c{place}' for place, c in enumerate(columns))} FROM shown"
        rows += f" WHERE study = ? AND {known}"
        if len(names) == 2:
            before = "min(c1) OVER (ORDER BY c0, c1 GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
            rows = f"SELECT * FROM (SELECT *, {before} AS least FROM ({rows}))"
            rows += " WHERE least IS NULL OR c1 < least"
        for index, *cost in self._connection.execute(f"{rows} ORDER BY {order}, idx", (study,)):
            yield index, tuple(cost[: len(names)])

    def counts(self, study: int) -> dict[str, int]:
        """How many points there are by status."""
        query = "SELECT status, count(*) FROM shown WHERE study = ? GROUP BY status"
        return dict(self._connection.execute(query, (study,)))

    def architectures(self, study: int) -> dict[str, int]:
        """How many points each architecture has, in the order of their first point."""
        query = (
            "SELECT architecture, count(*) FROM shown WHERE study = ? GROUP BY architecture ORDER BY min(idx)"
        )
        return dict(self._connection.execute(query, (study,)))

    def varying(self, study: int, architecture: str | None = None) -> tuple[str, ...]:
        """Parameters that do not have the same value in all points (of an ``architecture``); one that some
        lack varies too.
        """
        seen: dict[str, set[str]] = {}
        bases = self._bases(study, architecture)
        for name in dict.fromkeys(name for base in bases.values() for name in base):
            seen[name] = {_ABSENT} if any(name not in base for base in bases.values()) else set()
        for number, base in bases.items():
            own = {name: repr(value) for name, value in base.items()}
            # Parameters that a base has a value for are the same in all of its points.
            undecided = {name for name, value in base.items() if value is None}
            for name in own.keys() - undecided:
                seen[name].add(own[name])
            texts = self._connection.execute(
                "SELECT given FROM shown WHERE study = ? AND base = ?", (study, number)
            )
            for (text,) in texts:
                given = json.loads(text)
                for name in undecided:
                    seen[name].add(repr(given[name]) if name in given else own[name])
                undecided = {name for name in undecided if len(seen[name]) < 2}
                if not undecided:
                    break
        return tuple(name for name, values in seen.items() if len(values) > 1)

    def parameter_names(self, study: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for base in self._bases(study).values() for name in base))

    def _bases(self, study: int, architecture: str | None = None) -> dict[int, dict[str, ParameterValue]]:
        query = (
            "SELECT base FROM shown WHERE study = ? AND (? IS NULL OR architecture = ?) "
            "GROUP BY base ORDER BY min(idx)"
        )
        found = self._connection.execute(query, (study, architecture, architecture)).fetchall()
        with sound_rows():
            return {base: self._base(base) for (base,) in found}

    def indices(self) -> Iterator[int]:
        for (index,) in self._connection.execute("SELECT idx FROM shown"):
            yield index

    def has(self, key: str, only_ok: bool = False) -> bool:
        row = self._connection.execute("SELECT status FROM result WHERE result_key = ?", (key,)).fetchone()
        return row is not None and (row[0] == "ok" or not only_ok)

    def others(self, first: int, last: int, identities: Collection[str]) -> int:
        """How many points with these indices are of other studies than those."""
        query = (
            "SELECT count(*) FROM shown JOIN study ON study.number = shown.study "
            "WHERE idx BETWEEN ? AND ? AND identity NOT IN (SELECT value FROM json_each(?))"
        )
        row = self._connection.execute(query, (first, last, json.dumps(list(identities)))).fetchone()
        return int(row[0])

    def job_seconds(self, most: int = 1000) -> Iterator[float]:
        """How long the latest jobs took."""
        query = "SELECT job_seconds FROM result WHERE job_seconds > 0 ORDER BY number DESC LIMIT ?"
        for (seconds,) in self._connection.execute(query, (most,)):
            yield seconds

    def running(self) -> tuple[int, str, str] | None:
        """Process, start and command of the latest run, if its end is not recorded."""
        query = "SELECT pid, started, command, ended FROM run ORDER BY number DESC LIMIT 1"
        row = self._connection.execute(query).fetchone()
        return None if row is None or row[3] is not None else (int(row[0]), row[1], row[2])

    def commands(self) -> tuple[str, ...]:
        """The command lines whose points are there, the oldest first."""
        query = (
            "SELECT DISTINCT command, number FROM run JOIN shown ON shown.run = run.number ORDER BY number"
        )
        return tuple(dict.fromkeys(command for command, _ in self._connection.execute(query)))

    def latest_study(self) -> int | None:
        """That of the point which was begun by the latest run."""
        query = "SELECT study FROM shown ORDER BY run DESC, idx LIMIT 1"
        row = self._connection.execute(query).fetchone()
        return None if row is None else int(row[0])

    def layers(self, index: int, study: Study) -> tuple[LayerOutcome, ...]:
        """In the order of the study; those without a result are ``not_run``."""
        rows = self._connection.execute(
            f"SELECT {_QUALIFIED} FROM layer AS l LEFT JOIN result AS r ON r.result_key = l.result_key "
            "WHERE l.idx = ? ORDER BY l.position",
            (index,),
        ).fetchall()
        return tuple(_outcome(occurrence, row) for occurrence, row in zip(study.layers, rows, strict=False))

    def all_layers(self, study: Study) -> Iterator[tuple[int, str, LayerOutcome]]:
        """(index, architecture, outcome) of every layer of every point of a study."""
        rows = self._connection.execute(
            f"SELECT l.idx, p.architecture, l.position, {_QUALIFIED} FROM shown AS p "
            "JOIN layer AS l ON l.idx = p.idx "
            "LEFT JOIN result AS r ON r.result_key = l.result_key "
            "WHERE p.study = ? ORDER BY l.idx, l.position",
            (study.number,),
        )
        for index, architecture, position, *row in rows:
            yield index, architecture, _outcome(study.layers[position], row)

    def failures(self, study: Study) -> Iterator[tuple[int, LayerOutcome]]:
        """(index, outcome) of every layer without figures, by index."""
        rows = self._connection.execute(
            f"SELECT l.idx, l.position, {_QUALIFIED} FROM shown AS p JOIN layer AS l ON l.idx = p.idx "
            "LEFT JOIN result AS r ON r.result_key = l.result_key "
            "WHERE p.study = ? AND p.status <> 'ok' AND (r.status IS NULL OR r.status <> 'ok') "
            "ORDER BY l.idx, l.position",
            (study.number,),
        )
        for index, position, *row in rows:
            yield index, _outcome(study.layers[position], row)

    def notes(self, study: Study) -> Iterator[tuple[str, str, int]]:
        """(note, layer, index) of every reservation about a figure."""
        rows = self._connection.execute(
            "SELECT l.idx, l.position, r.notes FROM result AS r "
            "JOIN layer AS l ON l.result_key = r.result_key "
            "JOIN shown AS p ON p.idx = l.idx WHERE r.notes IS NOT NULL AND p.study = ? "
            "ORDER BY l.position, l.idx",
            (study.number,),
        )
        for index, position, notes in rows:
            for note in json.loads(notes):
                yield note, study.layers[position].layer, index

    def checks(self, study: Study) -> Iterator[tuple[int, str, CheckRecord]]:
        """(index, layer, check) of every layer that was compared with the real Timeloop."""
        rows = self._connection.execute(
            "SELECT l.idx, l.position, r.checked FROM shown AS p JOIN layer AS l ON l.idx = p.idx "
            "JOIN result AS r ON r.result_key = l.result_key "
            "WHERE r.checked IS NOT NULL AND p.study = ? ORDER BY l.position, l.idx",
            (study.number,),
        )
        for index, position, text in rows:
            with sound_rows():
                check = check_of(text)
            if check is not None:
                yield index, study.layers[position].layer, check

    def result(self, index: int, position: int, layer: Occurrence) -> Result | None:
        """The whole record of one layer of a point; None when it failed before there was one."""
        with sound_rows():
            return read_result(self._connection, index, position, layer)

    def limits(self, index: int, position: int) -> tuple[LevelLimits, ...]:
        """What bounds the storage levels of one layer of a point, from inner to outer, where it is known."""
        return read_limits(self._connection, index, position)

    def level_rows(self, study: int) -> Iterator[Sequence[Any]]:
        """(index, position, kind, level, name, figures...) of every level and network of every layer."""
        yield from self._connection.execute(
            "SELECT l.idx, l.position, v.kind, v.position, v.name, v.cycles, v.energy_pj, v.leakage_pj, "
            "v.area_um2, v.instances, v.utilized_instances, v.read_bandwidth, v.write_bandwidth, "
            "v.word_bits, v.shared_bandwidth FROM shown AS p JOIN layer AS l ON l.idx = p.idx "
            "JOIN result AS r ON r.result_key = l.result_key "
            "JOIN level AS v ON v.result = r.number WHERE p.study = ? ORDER BY l.idx, l.position, v.position",
            (study,),
        )

    def dataspace_rows(self, study: int) -> Iterator[Sequence[Any]]:
        """(index, position, name of the level, data space, figures...) of every data space of every level."""
        yield from self._connection.execute(
            f"SELECT l.idx, l.position, v.name, s.name, {', '.join(f's.{c}' for c in DATASPACE_COLUMNS)} "
            "FROM shown AS p JOIN layer AS l ON l.idx = p.idx "
            "JOIN result AS r ON r.result_key = l.result_key "
            "JOIN level AS v ON v.result = r.number "
            "JOIN dataspace AS s ON s.result = r.number AND s.level = v.position "
            "WHERE p.study = ? ORDER BY l.idx, l.position, v.position, s.position",
            (study,),
        )


METRIC_COLUMNS = ("energy_pj", "cycles", "utilization", "edp_sum", "edp", "area_um2", "edap")


def _is_best(metric: str) -> str:
    """A condition with the study as its two parameters."""
    if metric not in METRIC_COLUMNS:
        raise ValueError(f"there is no metric {metric}")
    extreme = "max" if metric == "utilization" else "min"
    value = _as_number(metric)
    return f"study = ? AND {value} = (SELECT {extreme}({value}) FROM shown WHERE study = ?)"


def _outcome(occurrence: Occurrence, row: Sequence[Any]) -> LayerOutcome:
    if row[0] is None:
        return occurrence.without_figures("not_run", _NOT_RUN)
    with sound_rows():
        return outcome_of(occurrence, row)


def _as_number(column: str) -> str:
    """Whole numbers beyond 64 bits are stored as text, which SQL would compare as such."""
    return f"CAST({column} AS REAL)" if column == "cycles" else column
