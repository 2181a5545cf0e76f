"""Writing a store: rows go into one transaction until :meth:`StoreWriter.commit`."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engines.result import Result
from harness.errors import HarnessError
from harness.sweep.accuracy import accuracy_of
from harness.sweep.job import JobResult, LevelLimits
from harness.sweep.metrics import Metrics, metrics_of
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.store.connection import FILE_NAME, create, told
from harness.sweep.store.reading import StoreReader
from harness.sweep.store.result_reading import DATASPACE_COLUMNS, LEVEL_COLUMNS, NETWORK_COLUMNS
from harness.sweep.store.rows import OUTCOME_COLUMNS, PointRow, StoredPoint, check_text, outcome_of
from harness.sweep.store.schema import whole
from harness.sweep.study import Study, estimation_text

if TYPE_CHECKING:
    from collections.abc import Iterator


class StoreWriter:
    """The one writer of the store in ``folder``; whoever makes it holds the folder's lock.

    Every method raises HarnessError when the file cannot be written (a full disk); what was committed
    before stays.
    """

    def __init__(self, folder: Path | None) -> None:
        """``folder`` None: a store in memory."""
        self._file = ":memory:" if folder is None else str(folder / FILE_NAME)
        with self._failing():
            self._connection = create(self._file)
            self._reader = StoreReader(self._connection)
        self._studies: dict[str, int] = {}
        self._bases: dict[str, int] = {}
        self._run = 0

    @property
    def connection(self) -> sqlite3.Connection:
        """What was written and not committed is seen through it too."""
        return self._connection

    def begin_run(self, command: str, version: str, points: int | None) -> int:
        """The number of the run; points that are written or claimed from now on are its."""
        with self._failing():
            cursor = self._execute(
                "INSERT INTO run (command, version, pid, started, points) VALUES (?, ?, ?, ?, ?)",
                (command, version, os.getpid(), _now(), points),
            )
            self._run = int(cursor.lastrowid or 0)
            self.commit()
        return self._run

    def end_run(self) -> None:
        with self._failing():
            self._execute("UPDATE run SET ended = ? WHERE number = ?", (_now(), self._run))
            self.commit()
            # One plain file again, that can be copied and read where nothing can be written. Not while
            # somebody reads it; then it stays as it is.
            with suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """What was not committed is dropped."""
        self._connection.close()

    def commit(self) -> None:
        with self._failing():
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")

    def study_number(self, study: Study) -> int:
        """The number under which the study is kept, new or known."""
        identity = study.identity
        if identity not in self._studies:
            with self._failing():
                s = study.settings
                layers = json.dumps([layer.to_record() for layer in study.layers])
                row = (
                    identity, s.model, s.fusion, s.mapper, s.version, study.blocks, layers,
                    estimation_text(study.estimation), s.engine,
                )  # fmt: skip
                self._execute(f"INSERT OR IGNORE INTO study VALUES (NULL, {_marks(len(row))})", row)
                row = self._execute("SELECT number FROM study WHERE identity = ?", (identity,)).fetchone()
            self._studies[identity] = int(row[0])
        return self._studies[identity]

    # Results

    def outcome(self, key: str, occurrence: Occurrence) -> LayerOutcome | None:
        """What the store knows of a job, as the outcome of one of the layers that it is for."""
        with self._failing():
            row = self._execute(
                f"SELECT {OUTCOME_COLUMNS} FROM result WHERE result_key = ?", (key,)
            ).fetchone()
        return None if row is None else outcome_of(occurrence, row)

    def mapping(self, key: str) -> list[Any] | None:
        """Timeloop's list of directives of a stored result."""
        with self._failing():
            row = self._execute(
                "SELECT mapping FROM result_detail JOIN result ON result.number = result_detail.result "
                "WHERE result_key = ?",
                (key,),
            ).fetchone()
        return None if row is None else list(json.loads(row[0]))

    def result(self, index: int, position: int, layer: Occurrence) -> Result | None:
        """The whole stored record of one layer of a point."""
        with self._failing():
            return self._reader.result(index, position, layer)

    def put_result(self, done: JobResult) -> tuple[int, ...]:
        """Replaces an earlier result of the same key, that is: a failed one that was tried again. Returns the
        indices of all points that then have other figures than they had.
        """
        with self._failing():
            changed = self._forget(done.key)
            result = done.result
            figures: tuple[object, ...] = (None,) * 12
            accuracy = checked = None
            if result is not None:
                search = result.search
                figures = (
                    whole(result.cycles), result.energy_pj, result.edp_j_cycles, result.utilization,
                    result.area_um2, whole(result.macs), result.bound_by, search.seconds, search.status,
                    search.lower_bound, search.gap, json.dumps(done.notes) if done.notes else None,
                )  # fmt: skip
                known = accuracy_of(result)
                accuracy = None if known is None else known.to_text()
                checked = check_text(result.check)
            row = (done.key, done.status, done.reason, *figures, done.seconds, accuracy, checked)
            cursor = self._execute(f"INSERT INTO result VALUES (NULL, {_marks(len(row))})", row)
            if result is not None:
                self._put_detail(int(cursor.lastrowid or 0), result.to_record(), done.limits)
        return changed

    def put_outcome(self, key: str, o: LayerOutcome) -> None:
        """The figures of a layer of which nothing else is known."""
        with self._failing():
            self._forget(key)
            row = (
                key, o.status, o.reason, whole(o.cycles), o.energy_pj, o.edp_j_cycles, o.utilization,
                o.area_um2, whole(o.macs), o.bound_by, o.seconds, o.proof, o.lower_bound, o.gap,
                json.dumps(o.notes) if o.notes else None, None, o.accuracy.to_text() if o.accuracy else None,
                check_text(o.check),
            )  # fmt: skip
            self._execute(f"INSERT INTO result VALUES (NULL, {_marks(len(row))})", row)

    def _put_detail(self, number: int, record: Mapping[str, Any], limits: Sequence[LevelLimits]) -> None:
        detail = (
            number, json.dumps(record["mapping"]), record["loop_nest"], json.dumps(record["search"]),
            json.dumps(record["provenance"]), record["fusion"], record["engine"],
            _if_there(record, "timeloop"), _if_there(record, "densities"),
        )  # fmt: skip
        self._execute(f"INSERT INTO result_detail VALUES ({_marks(len(detail))})", detail)
        bounds = {limit.name: limit for limit in limits}
        levels: list[tuple[object, ...]] = []
        spaces: list[tuple[object, ...]] = []
        network_spaces: list[tuple[object, ...]] = []
        for position, entry in enumerate(record["levels"]):
            own = bounds.get(entry["name"])
            bounded: tuple[object, ...] = (None,) * 4
            if own is not None:
                bounded = (own.read_bandwidth, own.write_bandwidth, own.word_bits, own.shared_bandwidth)
            levels.append(
                (
                    number, position, "level", entry["name"], whole(entry["cycles"]), entry["energy_pj"],
                    entry["leakage_pj"], entry["area_um2"], whole(entry["instances"]),
                    entry["utilized_instances"], *bounded, _further(entry, LEVEL_COLUMNS),
                )
            )  # fmt: skip
            spaces += _space_rows(number, position, entry, DATASPACE_COLUMNS)
        for position, entry in enumerate(record["networks"], start=len(record["levels"])):
            levels.append(
                (
                    number, position, "network", entry["name"], None, entry["energy_pj"], *(None,) * 8,
                    _further(entry, ("name", "energy_pj")),
                )
            )  # fmt: skip
            network_spaces += _space_rows(number, position, entry, NETWORK_COLUMNS)
        self._many("level", levels)
        self._many("dataspace", spaces)
        self._many("network_dataspace", network_spaces)

    def _forget(self, key: str) -> tuple[int, ...]:
        """The points that had the result."""
        row = self._execute("SELECT number FROM result WHERE result_key = ?", (key,)).fetchone()
        if row is None:
            return ()
        for table in ("result_detail", "level", "dataspace", "network_dataspace"):
            self._execute(f"DELETE FROM {table} WHERE result = ?", row)
        self._execute("DELETE FROM result WHERE number = ?", row)
        rows = self._execute("SELECT DISTINCT idx FROM layer WHERE result_key = ?", (key,)).fetchall()
        return tuple(index for (index,) in rows)

    # Points

    def stored(self, point: PointRow) -> StoredPoint | None:
        """What the store has under the index of ``point``."""
        with self._failing():
            row = self._execute(
                "SELECT study, architecture, given, base, status, files FROM point WHERE idx = ?",
                (point.index,),
            ).fetchone()
            if row is None:
                return None
            *identity, status, files = row
            own = [point.study, point.architecture, point.given, self._base(point.base)]
            same = identity == own and self._keys(point.index) == point.keys
            return StoredPoint(same, status != "incomplete", bool(files))

    def claim(self, index: int, files: bool) -> None:
        """A stored point is one of the present run's too. ``files`` as in :meth:`begin_point`."""
        with self._failing():
            self._execute(
                "UPDATE point SET run = ?, files = max(files, ?) WHERE idx = ?",
                (self._run, int(files), index),
            )

    def _base(self, text: str) -> int:
        if text not in self._bases:
            self._execute("INSERT OR IGNORE INTO base (parameters) VALUES (?)", (text,))
            row = self._execute("SELECT number FROM base WHERE parameters = ?", (text,)).fetchone()
            self._bases[text] = int(row[0])
        return self._bases[text]

    def _keys(self, index: int) -> tuple[str, ...]:
        query = "SELECT result_key FROM layer WHERE idx = ? ORDER BY position"
        return tuple(key for (key,) in self._execute(query, (index,)))

    def begin_point(self, point: PointRow, files: bool = False) -> None:
        """A point without figures yet, in the place of what had its index before. ``files``: from now on
        its folder has nothing but its own.
        """
        p = point
        with self._failing():
            values = (
                p.index, p.study, self._run, p.architecture, p.given, self._base(p.base), "incomplete",
                *(None,) * 7, 0.0, int(files),
            )  # fmt: skip
            self._execute(f"INSERT OR REPLACE INTO point VALUES ({_marks(len(values))})", values)
            self._execute("DELETE FROM layer WHERE idx = ?", (p.index,))
            self._many("layer", [(p.index, position, key) for position, key in enumerate(p.keys)])

    def end_point(self, index: int, status: str, metrics: Metrics | None, seconds: float) -> None:
        with self._failing():
            m = metrics
            figures = (
                (None,) * 7
                if m is None
                else (m.energy_pj, whole(m.cycles), m.utilization, m.edp_sum, m.edp, m.area_um2, m.edap)
            )
            self._execute(
                "UPDATE point SET status = ?, energy_pj = ?, cycles = ?, utilization = ?, edp_sum = ?, "
                "edp = ?, area_um2 = ?, edap = ?, seconds = ? WHERE idx = ?",
                (status, *figures, seconds, index),
            )

    def sum_again(self, index: int) -> None:
        """Makes a stored point's sums from what its layers have now; nothing if it is incomplete."""
        with self._failing():
            reader = self._reader
            point = reader.point(index)
            if point is None or point.status == "incomplete":
                return
            (study,) = (study for study in reader.studies() if study.number == point.study)
            layers = reader.layers(index, study)
        metrics = metrics_of(layers)
        status = "ok" if metrics is not None else "failed"
        self.end_point(index, status, metrics, sum(layer.seconds for layer in layers))

    # SQL

    def _execute(self, query: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if not self._connection.in_transaction and not query.startswith("SELECT"):
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute(query, values)

    def _many(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            self._connection.executemany(f"INSERT INTO {table} VALUES ({_marks(len(rows[0]))})", rows)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HarnessError(f"cannot write '{self._file}': {told(error)}") from error


def _space_rows(
    number: int, level: int, entry: Mapping[str, Any], columns: Sequence[str]
) -> list[tuple[object, ...]]:
    return [
        (
            number, level, position, name, *(_stored(figures[column]) for column in columns),
            _further(figures, columns),
        )
        for position, (name, figures) in enumerate(entry["dataspaces"].items())
    ]  # fmt: skip


def _if_there(record: Mapping[str, Any], name: str) -> str | None:
    return json.dumps(record[name]) if name in record else None


def _further(entry: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """What only some entries have: those of sparse tensors, say."""
    if len(entry) - ("dataspaces" in entry) == len(columns):
        return None
    further = {name: entry[name] for name in entry if name not in columns and name != "dataspaces"}
    return json.dumps(further, separators=(",", ":"))


def _stored(value: object) -> object:
    return whole(value) if isinstance(value, int) else value


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
