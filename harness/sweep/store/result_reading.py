"""One whole result from the rows of a store. The view ``shown`` is that of the connection's reader."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from harness.engines.result import Result
from harness.sweep.accuracy import Accuracy
from harness.sweep.job import LevelLimits
from harness.sweep.outcome import Occurrence
from harness.sweep.store.rows import merged
from harness.sweep.store.schema import number_again, whole_again

LEVEL_COLUMNS = (
    "name", "cycles", "energy_pj", "leakage_pj", "area_um2", "instances", "utilized_instances",
)  # fmt: skip
DATASPACE_COLUMNS = (
    "reads", "fills", "updates", "temporal_reductions", "partition_size", "tile_size", "utilized_instances",
    "energy_pj",
)  # fmt: skip
NETWORK_COLUMNS = (
    "fanout", "multicast_factor", "ingresses", "link_transfers", "spatial_reductions", "hops", "energy_pj",
)  # fmt: skip


def read_result(
    connection: sqlite3.Connection, index: int, position: int, layer: Occurrence
) -> Result | None:
    """The whole record of one layer of a point; None when it failed before there was one."""
    row = connection.execute(
        "SELECT r.number, r.status, r.reason, r.cycles, r.energy_pj, r.edp_j_cycles, r.utilization, "
        "r.area_um2, r.macs, r.bound_by, "
        "d.mapping, d.loop_nest, d.search, d.provenance, d.fusion, d.engine, r.accuracy, "
        "r.checked, d.timeloop, d.densities, "
        "p.architecture, p.given, b.parameters "
        "FROM shown AS p JOIN base AS b ON b.number = p.base JOIN layer AS l ON l.idx = p.idx "
        "JOIN result AS r ON r.result_key = l.result_key "
        "JOIN result_detail AS d ON d.result = r.number WHERE l.idx = ? AND l.position = ?",
        (index, position),
    ).fetchone()
    if row is None:
        return None
    number, status, reason, cycles, energy, edp, utilization, area, macs, bound_by = row[:10]
    mapping, loop_nest, search, provenance, fusion, engine, accuracy, *row = row[10:]
    checked, timeloop, densities, architecture, given, base = row
    levels, networks = _levels(connection, number)
    return Result.from_record(
        {
            "schema": 1, "status": status, "reason": reason, "architecture": architecture,
            "parameters": merged(json.loads(given), json.loads(base)), "model": layer.model,
            "layer": layer.layer, "repeat": layer.repeat, "fusion": fusion, "engine": engine,
            "cycles": whole_again(cycles),
            "energy_pj": energy, "edp_j_cycles": edp, "utilization": utilization, "area_um2": area,
            "macs": whole_again(macs), "bound_by": bound_by, "levels": levels, "networks": networks,
            "mapping": json.loads(mapping), "loop_nest": loop_nest, "search": json.loads(search),
            "provenance": json.loads(provenance), **_accuracy(accuracy), **_if_there("check", checked),
            **_if_there("timeloop", timeloop), **_if_there("densities", densities),
        }
    )  # fmt: skip


def _if_there(name: str, text: str | None) -> dict[str, Any]:
    return {} if text is None else {name: json.loads(text)}


def _accuracy(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    known = Accuracy.from_record(json.loads(text))
    return {
        "energy_by_accuracy": dict(known.by_class),
        "energy_uncertainty": {"stated_pj": known.stated_pj, "plus_minus_pj": known.plus_minus_pj},
        "energy_by_source": dict(known.by_source),
    }


def read_limits(connection: sqlite3.Connection, index: int, position: int) -> tuple[LevelLimits, ...]:
    """What bounds the storage levels of one layer of a point, from inner to outer, where it is known."""
    rows = connection.execute(
        "SELECT v.name, v.read_bandwidth, v.write_bandwidth, v.word_bits, v.shared_bandwidth "
        "FROM shown AS p JOIN layer AS l ON l.idx = p.idx "
        "JOIN result AS r ON r.result_key = l.result_key "
        "JOIN level AS v ON v.result = r.number "
        "WHERE l.idx = ? AND l.position = ? AND v.word_bits IS NOT NULL ORDER BY v.position",
        (index, position),
    )
    return tuple(LevelLimits(*row) for row in rows)


def _levels(connection: sqlite3.Connection, number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    levels: dict[int, dict[str, Any]] = {}
    networks: dict[int, dict[str, Any]] = {}
    rows = connection.execute(
        "SELECT position, kind, name, cycles, energy_pj, leakage_pj, area_um2, instances, "
        "utilized_instances, further FROM level WHERE result = ? ORDER BY position",
        (number,),
    )
    for position, kind, name, cycles, energy, leakage, area, instances, utilized, further in rows:
        rest = json.loads(further) if further else {}
        if kind == "network":
            networks[position] = {"name": name, "energy_pj": energy, "dataspaces": {}, **rest}
            continue
        levels[position] = {
            "name": name, "cycles": whole_again(cycles), "energy_pj": energy, "leakage_pj": leakage,
            "area_um2": area, "instances": whole_again(instances), "utilized_instances": utilized,
            "dataspaces": {}, **rest,
        }  # fmt: skip
    for table, columns, entries in (
        ("dataspace", DATASPACE_COLUMNS, levels),
        ("network_dataspace", NETWORK_COLUMNS, networks),
    ):
        query = f"SELECT level, name, further, {', '.join(columns)} FROM {table} WHERE result = ?"
        query += " ORDER BY level, position"
        for level, name, further, *figures in connection.execute(query, (number,)):
            space = dict(zip(columns, map(number_again, figures), strict=True))
            entries[level]["dataspaces"][name] = space | (json.loads(further) if further else {})
    return list(levels.values()), list(networks.values())
