"""The tables of stores that earlier versions of this program wrote, as these made them: of
schema 4, whose results do not say what their energy rests on, and of schema 5, from before the real Timeloop.
"""

from __future__ import annotations

FIVE = """
CREATE TABLE run (
    number INTEGER PRIMARY KEY, command TEXT NOT NULL, version TEXT NOT NULL, pid INTEGER NOT NULL,
    started TEXT NOT NULL, ended TEXT, points INTEGER
);
CREATE TABLE study (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL, fusion TEXT, mapper TEXT NOT NULL, version TEXT NOT NULL,
    blocks INTEGER, layers TEXT NOT NULL, estimation TEXT
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
    accuracy TEXT
);
CREATE INDEX result_status ON result (status) WHERE status <> 'ok';
CREATE TABLE result_detail (
    result INTEGER PRIMARY KEY, mapping TEXT NOT NULL, loop_nest TEXT NOT NULL, search TEXT NOT NULL,
    provenance TEXT NOT NULL, fusion TEXT, engine TEXT NOT NULL
);
CREATE TABLE level (
    result INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    cycles, energy_pj, leakage_pj, area_um2, instances, utilized_instances,
    read_bandwidth, write_bandwidth, word_bits INTEGER, shared_bandwidth,
    PRIMARY KEY (result, position)
) WITHOUT ROWID;
CREATE TABLE dataspace (
    result INTEGER NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    reads, fills, updates, temporal_reductions, partition_size, tile_size,
    utilized_instances, energy_pj,
    PRIMARY KEY (result, level, position)
) WITHOUT ROWID;
CREATE TABLE network_dataspace (
    result INTEGER NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    fanout, multicast_factor, ingresses, link_transfers, spatial_reductions, hops,
    energy_pj,
    PRIMARY KEY (result, level, position)
) WITHOUT ROWID;
"""

FOUR = FIVE.replace(", estimation TEXT", "").replace(",\n    accuracy TEXT", "")

EARLIER = {4: FOUR, 5: FIVE}
