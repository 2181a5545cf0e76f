"""The result record: the schema's names, full precision, nothing that JSON does not know."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from harness.engines.content_hash import content_hash
from harness.engines.result import (
    LevelDataSpace,
    LevelRecord,
    NetworkDataSpace,
    NetworkRecord,
    Provenance,
    Result,
    SearchRecord,
)
from harness.errors import Location, SpecError
from harness.spec.constraints import FactorConstraint

SCHEMA = [
    "schema", "status", "reason", "architecture", "parameters", "model", "layer", "repeat", "fusion",
    "engine", "cycles", "energy_pj", "edp_j_cycles", "utilization", "area_um2", "macs", "bound_by",
    "levels", "networks", "mapping", "loop_nest", "search", "provenance",
]  # fmt: skip


def sample() -> Result:
    space = LevelDataSpace(2**60, 3, 0, 1, 7, 8, 16.0, 0.1 + 0.2)
    return Result(
        status="ok",
        architecture="gemmini",
        parameters={"pe_rows": 16, "technology": "32nm", "x": None},
        model="bert-large",
        layer="KQV",
        repeat=24,
        cycles=2**55 + 1,
        energy_pj=1 / 3 * 1e10,
        edp_j_cycles=1e-300,
        utilization=0.9999999999999999,
        area_um2=123456.789,
        macs=12,
        bound_by="DRAM.read",
        levels=(LevelRecord("DRAM", 5, 1.5, 0.0, 0.0, 1, 1, {"Weights": space}),),
        networks=(NetworkRecord("a <==> b", 1.0, {"Inputs": NetworkDataSpace(4, 2, 1.5, 0, 0, 2.5, 9.0)}),),
        mapping=({"target": "DRAM", "type": "temporal", "factors": "E2 D1", "permutation": "ED"},),
        loop_nest="DRAM [ ] \n",
        search=SearchRecord("hybrid", "edp", "best_found", evaluated=10, valid=3, seconds=0.25, seed=1),
        provenance=Provenance("0.1.0", "sha256:0", None, "2026-01-01T00:00:00+00:00", "run.py KQV"),
    )


def test_record_has_the_names_and_the_order_of_the_schema() -> None:
    record = sample().to_record()
    assert list(record) == SCHEMA
    assert list(record["levels"][0]) == [
        "name", "cycles", "energy_pj", "leakage_pj", "area_um2", "instances", "utilized_instances",
        "dataspaces",
    ]  # fmt: skip
    assert list(record["levels"][0]["dataspaces"]["Weights"]) == [
        "reads", "fills", "updates", "temporal_reductions", "partition_size", "tile_size",
        "utilized_instances", "energy_pj",
    ]  # fmt: skip
    assert list(record["networks"][0])[:2] == ["name", "energy_pj"]
    assert list(record["search"]) == [
        "mapper", "objective", "status", "lower_bound", "gap", "evaluated", "valid", "seconds", "seed",
    ]  # fmt: skip
    assert list(record["provenance"]) == ["version", "spec_hash", "ert_hash", "created", "command"]


def test_json_round_trip_is_exact() -> None:
    assert Result.from_json(sample().to_json()) == sample()
    assert Result.from_json(sample().to_json(indent=None)) == sample()


def test_no_nan_and_no_infinity_in_json() -> None:
    odd = replace(sample(), energy_pj=math.inf, utilization=math.nan, edp_j_cycles=-math.inf)
    text = odd.to_json()
    assert "NaN" not in text and "Infinity" not in text
    assert json.loads(text)["energy_pj"] is None


def test_a_result_without_a_mapping_has_no_figures() -> None:
    nothing = Result(
        status="no_mapping",
        reason="too small",
        architecture="g",
        layer="x",
        search=sample().search,
        provenance=sample().provenance,
    )
    record = nothing.to_record()
    assert record["cycles"] is None and record["energy_pj"] is None and record["levels"] == []
    assert Result.from_record(record) == nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "r.json:1: not JSON"),
        ("[]", "r.json: not a result record: the top is not an object"),
        ("{}", "r.json: result schema None cannot be read, only version 1"),
        ('{"schema": 2}', "r.json: result schema 2 cannot be read, only version 1"),
        ('{"schema": 1}', "r.json: not a result record"),
    ],
)
def test_other_json_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Result.from_json(text, "r.json")
    assert str(caught.value).startswith(message)


def test_content_hash_is_of_content() -> None:
    here = FactorConstraint("E", "=", 4, Location("a.yaml", 3))
    there = FactorConstraint("E", "=", 4, Location("b.yaml", 9))
    assert content_hash(here) == content_hash(there)
    assert content_hash({"a": 1, "b": 2.0}) == content_hash({"b": 2.0, "a": 1})
    assert content_hash(frozenset("abc")) == content_hash(frozenset("cba"))
    different = [here, replace(here, value=5), [1, 2], [2, 1], 1, 1.0, "1", True, None, {"a": 1}, ("a", 1)]
    assert len({content_hash(value) for value in different}) == len(different)
    assert content_hash(1).startswith("sha256:") and len(content_hash(1)) == 71
