"""What the command says about a run besides its figures, and runs that end before any search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from cli_cases import SMALL, record_of

from harness.cli.arguments import parse_arguments
from harness.cli.planning import plan
from harness.cli.run import main
from harness.engines import embedded
from harness.engines.reservations import no_imperfect_factors
from harness.engines.result import Result
from harness.mapspace import MapSpace
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints
from harness.spec.specification import Specification


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


FACTORS = {
    ("Registers", "temporal"): "E1 D1 R1 S1 N1 L16 Q1 G1",
    ("inter_PECols_spatial", "spatial"): "E16,2 D1 R1 S1 N1 L1 Q1 G1",
    ("Accumulator", "temporal"): "E3 D3 R1 S1 N1 L1 Q1 G1",
    ("inter_PERows_spatial", "spatial"): "E1 D16 R1 S1 N1 L1 Q1 G1",
}


def imperfect_mapping() -> str:
    """Of --gemm 48,34,16: E lies on 16 columns twice and on 2 of them the last time, 11.3 on average."""
    assert main(["--gemm", "48,48,16", "--mapper", "quick", "--threads", "1", "-o", "perfect"]) == 0
    tree = yaml.safe_load(Path("perfect/timeloop-mapper.map.yaml").read_text())
    for entry in tree["mapping"]:
        if entry["type"] == "datatype":
            continue
        place = entry["target"], entry["type"]
        factors = FACTORS.get(place, "E1 D1 R1 S1 N1 L1 Q1 G1")
        entry["factors"] = factors
    Path("imperfect.yaml").write_text(yaml.safe_dump(tree))
    return "imperfect.yaml"


def test_computes_that_the_reference_does_not_charge_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["--gemm", "48,34,16", "--mapping", imperfect_mapping(), "-o", "out"]
    capsys.readouterr()
    assert main(what) == 0
    # 181 of 181.3 units in use, 144 times.
    assert capsys.readouterr().err == (
        "run.py: note: the reference charges 26,064 computes for 26,112 MACs (imperfect spatial factors), "
        "in energy and utilisation; --compat none counts all\n"
    )
    assert main([*what, "--compat", "none"]) == 0
    assert capsys.readouterr().err == ""


def test_a_mapping_that_charges_all_its_computes_needs_no_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "-o", "out"]) == 0
    assert capsys.readouterr().err == ""


NOTHING_IMPERFECT = "the map space holds no imperfect factors"


def test_ruby_on_a_space_without_imperfect_factors_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "-o", "out", "-if"]) == 0
    err = capsys.readouterr().err
    assert NOTHING_IMPERFECT in err and "declare 'remainders: N'" in err


DEMANDS = {
    "nothing": ((), (), False),
    "a remainder of one": ((), (1,), False),
    "remainders": ((), (4,), True),
    "a factor that divides": ((FactorConstraint("D", "=", 3),), (), False),
    "a factor that does not divide": ((FactorConstraint("D", "=", 4),), (), True),
    "the whole": ((FactorConstraint("D", "=", 0),), (), False),
    "a bound": ((FactorConstraint("D", "<=", 4),), (), False),
}


@pytest.mark.parametrize("name", list(DEMANDS))
def test_what_makes_a_space_imperfect(name: str) -> None:
    """Six output rows, split between DRAM and the accumulator only."""
    factors, remainders, imperfect = DEMANDS[name]
    made = plan(parse_arguments(["--gemm", "6,1,1"])).jobs[0].job.specification
    none = BlockConstraint(factors=(FactorConstraint("D", "=", 1),))
    free = BlockConstraint(factors=factors, remainders=remainders)
    temporal = {"DRAM": BlockConstraint(), "Accumulator": free}
    levels = (level.name for level in made.architecture.storage)
    demands = tuple(LevelConstraints(n, temporal=temporal.get(n, none), spatial=none) for n in levels)
    notes = no_imperfect_factors(made.architecture, made.problem, Constraints(demands))
    assert bool(notes) is not imperfect
    assert _has_imperfect_mapping(made, Constraints(demands)) is imperfect


def _has_imperfect_mapping(made: Specification, constraints: Constraints) -> bool:
    """By listing the space itself."""
    space = MapSpace(made.architecture, made.problem, constraints, "ruby")
    return any(
        factor != residual
        for dimension in space.dimensions
        for index in range(dimension.size)
        for factor, residual in dimension.split(index).factors
    )


def test_a_pair_with_a_refused_side_is_not_searched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_search(*_: object) -> Result:
        raise AssertionError("a side was searched")

    monkeypatch.setattr(embedded, "run", no_search)
    assert main(["Out+layernorm", "Accumulator", "-o", "out", "--json"]) == 3
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert (record["status"], record["pair"]) == ("no_mapping", None)
    assert "Out: Out cannot be fused at Accumulator: Scratchpad would have to hold" in record["reason"]
    assert "layernorm: not searched, for Out has no mapping" in record["reason"]
    assert [side["status"] for side in record["results"]] == ["no_mapping", "no_mapping"]
    assert [p.name for p in Path("out/layernorm").iterdir()] == ["result.json"]


def test_tables_of_ones_own_answer_first(capsys: pytest.CaptureFixture[str]) -> None:
    data = Path("tables/mine/data")
    data.mkdir(parents=True)
    Path("tables/mine/manifest.yaml").write_text(
        "{name: mine, technology: any, accuracy: 100, path_to_data_dir: ./data, source: me,"
        " units: {energy: pJ, area: um^2}, keys: {DRAM: []}}"
    )
    head = "technology,global_cycle_seconds,n_instances,action,energy,area\n"
    rows = [f"any,1e-9,1,{action},7.0,0" for action in ("read", "write")]
    Path(data, "DRAM.csv").write_text(head + "\n".join(rows) + "\n")
    shipped = record_of([*SMALL, "--seed", "1", "-o", "shipped"], capsys)
    own = record_of([*SMALL, "--seed", "1", "--tables", "tables"], capsys)
    folder = Path("outputs_gemmini_gemm_32x64x16_tables-tables_quick_threads1_seed1")
    assert ",7.0,pJ,mine," in (folder / "estimation.csv").read_text()
    assert own["provenance"]["spec_hash"] == shipped["provenance"]["spec_hash"]
    assert own["provenance"]["ert_hash"] != shipped["provenance"]["ert_hash"]
    tables = ["--spec", "shipped/parsed-processed-input.yaml", "shipped/timeloop-mapper.ERT.yaml"]
    assert main([*tables, "--tables", "tables", "-o", "out"]) == 2
    assert "--tables: the files have an ERT, so nothing is estimated" in capsys.readouterr().err
    assert main([*SMALL, "--tables", "nowhere", "-o", "out"]) == 2
    assert capsys.readouterr().err == "run.py: error: --tables: there is no folder 'nowhere'\n"


def test_softmax_names_its_variant_and_counts_element_visits(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["softmax", "-m", "bert-base", "--seq", "64", "--mapper", "quick", "--threads", "1", "-o", "out"]
    assert main(what) == 0
    out = capsys.readouterr().out
    assert "8,192 element visits" in out and "pJ per element visit" in out and " MACs" not in out
    assert "variant   gemmini_norm" in out
    assert json.loads(Path("out/result.json").read_text())["macs"] == 8192


def test_the_list_promises_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "--list NAME shows parameters and fusion levels" in capsys.readouterr().out
    assert main(["--list", "gemmini"]) == 0
    shown = capsys.readouterr().out
    assert "fusion levels: " in shown and "Parameters" in shown
