"""The tables of a store. Documented for users in ``docs/sweep.md``; keep both true."""

from __future__ import annotations

from typing import Any

SCHEMA_VERSION = 6
"""1 was ``hw_config.json`` alone, 2 and 3 never left their makers."""

ADDED_SINCE: dict[int, tuple[tuple[str, str], ...]] = {
    4: (("result", "accuracy"), ("study", "estimation")),
    5: (
        ("study", "engine"),
        ("result", "checked"),
        ("result_detail", "timeloop"),
        ("result_detail", "densities"),
        ("level", "further"),
        ("dataspace", "further"),
        ("network_dataspace", "further"),
    ),
}
"""By version the (table, column) that the next version added, at the end of the table: before 5, results did
not say what their energy rests on; before 6, there was one engine, and tensors were dense. Such stores are
read as they are; whoever writes brings them up to date.
"""


def lacking(version: int) -> tuple[tuple[str, str], ...]:
    """The columns, as (table, name), that a store of that version lacks, the oldest first."""
    return tuple(column for since, columns in ADDED_SINCE.items() if since >= version for column in columns)


# Columns without a type keep what they are given: a whole number stays one also where others are fractions,
# and one beyond 64 bits is kept as text (see ``whole``).
SCHEMA = """
CREATE TABLE run (
    number INTEGER PRIMARY KEY, command TEXT NOT NULL, version TEXT NOT NULL, pid INTEGER NOT NULL,
    started TEXT NOT NULL, ended TEXT, points INTEGER
);
CREATE TABLE study (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL, fusion TEXT, mapper TEXT NOT NULL, version TEXT NOT NULL,
    blocks INTEGER, layers TEXT NOT NULL, estimation TEXT, engine TEXT
);
CREATE TABLE base (number INTEGER PRIMARY KEY, parameters TEXT NOT NULL UNIQUE);
CREATE TABLE point (
    idx INTEGER PRIMARY KEY, study INTEGER NOT NULL, run INTEGER NOT NULL, architecture TEXT NOT NULL,
    given TEXT NOT NULL, base INTEGER NOT NULL, status TEXT NOT NULL,
    energy_pj REAL, cycles, utilization REAL, edp_sum REAL, edp REAL, area_um2 REAL, edap REAL,
    seconds REAL NOT NULL, files INTEGER NOT NULL
);
CREATE INDEX point_of_study ON point (study, status);
CREATE TABLE layer (
    idx INTEGER NOT NULL, position INTEGER NOT NULL, result_key TEXT NOT NULL,
    PRIMARY KEY (idx, position)
) WITHOUT ROWID;
CREATE INDEX layer_of_result ON layer (result_key);
CREATE TABLE result (
    number INTEGER PRIMARY KEY, result_key TEXT NOT NULL UNIQUE, status TEXT NOT NULL, reason TEXT,
    cycles, energy_pj REAL, edp_j_cycles REAL, utilization REAL, area_um2 REAL, macs, bound_by TEXT,
    search_seconds REAL, proof TEXT, lower_bound REAL, gap REAL, notes TEXT, job_seconds REAL,
    accuracy TEXT, checked TEXT
);
CREATE INDEX result_status ON result (status) WHERE status <> 'ok';
CREATE TABLE result_detail (
    result INTEGER PRIMARY KEY, mapping TEXT NOT NULL, loop_nest TEXT NOT NULL, search TEXT NOT NULL,
    provenance TEXT NOT NULL, fusion TEXT, engine TEXT NOT NULL, timeloop TEXT, densities TEXT
);
CREATE TABLE level (
    result INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    cycles, energy_pj, leakage_pj, area_um2, instances, utilized_instances,
    read_bandwidth, write_bandwidth, word_bits INTEGER, shared_bandwidth, further TEXT,
    PRIMARY KEY (result, position)
) WITHOUT ROWID;
CREATE TABLE dataspace (
    result INTEGER NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    reads, fills, updates, temporal_reductions, partition_size, tile_size,
    utilized_instances, energy_pj, further TEXT,
    PRIMARY KEY (result, level, position)
) WITHOUT ROWID;
CREATE TABLE network_dataspace (
    result INTEGER NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    fanout, multicast_factor, ingresses, link_transfers, spatial_reductions, hops,
    energy_pj, further TEXT,
    PRIMARY KEY (result, level, position)
) WITHOUT ROWID;
"""

LARGEST_INTEGER = 2**63 - 1


def whole(value: int | None) -> int | str | None:
    """A whole number as SQLite can keep it without rounding."""
    if value is None or -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    return str(value)


def whole_again(stored: int | str | float | None) -> int | None:
    return None if stored is None else int(stored)


def number_again(stored: Any) -> Any:
    """A figure of which nobody knows whether it is whole."""
    return int(stored) if isinstance(stored, str) else stored
