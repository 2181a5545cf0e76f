"""docs/tables.md: its example answers what the page says, and its broken lines are refused as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import EstimationError
from harness.estimation.query import Declined, Query
from harness.estimation.tables import TableSource, registered_folders
from harness.estimation.tables.manifest import AREA_UNITS_IN_UM2, ENERGY_UNITS_IN_PJ, MANIFEST_KEYS
from harness.estimation.unanswered import unanswered

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "tables.md").read_text(encoding="utf-8")
MANIFEST = re.findall(r"manifest.yaml`:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
TABLE = re.findall(r"SRAM.csv`:\n\n```csv\n(.*?)```", TEXT, re.DOTALL)[0]


def _cells(heading: str) -> list[list[str]]:
    rows = TEXT.split(f"\n{heading}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


ANSWERS = _cells("| asked of `SRAM` | answer | fit | how |")
BROKEN_ROWS = _cells("| in the table | message |")
BROKEN_MANIFESTS = _cells("| in the manifest | message |")


def _family(folder: Path, manifest: str = MANIFEST, table: str = TABLE) -> TableSource:
    data = folder / "my_tables" / "mine" / "data"
    data.mkdir(parents=True)
    (data / "SRAM.csv").write_text(table)
    (data.parent / "manifest.yaml").write_text(manifest)
    return TableSource(folder / "my_tables")


def _asked(source: TableSource, question: str):
    action, _, stated = question.partition(": ")
    attributes: dict[str, object] = {"global_cycle_seconds": 1e-9}
    for pair in stated.split():
        name, _, value = pair.partition("=")
        attributes[name] = value if name == "technology" else float(value)
    return source.estimate(Query("x", "SRAM", attributes, None if action == "area" else action))


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: row[0])
def test_the_example_answers(row: list[str], tmp_path: Path) -> None:
    question, answer, fit, how = row
    source = _family(tmp_path)
    if answer == "refused":
        with pytest.raises(Declined) as caught:
            _asked(source, question)
        assert caught.value.reason == f"mine: {how}"
        return
    found = _asked(source, question)
    assert (f"{found.value:g}", found.fit) == (answer, fit)
    assert how in (found.note, found.scaling) or found.note.endswith(how)
    assert found.uncertainty == 0.15
    assert found.citation.startswith("test chip, measured; mine/data/SRAM.csv:")


@pytest.mark.parametrize("row", BROKEN_ROWS, ids=lambda row: row[1])
def test_broken_rows(row: list[str], tmp_path: Path) -> None:
    line = row[0].split("`")[1]
    _refused(_family(tmp_path, table=TABLE + line + "\n"), row[1])


@pytest.mark.parametrize("row", BROKEN_MANIFESTS, ids=lambda row: row[1])
def test_broken_manifests(row: list[str], tmp_path: Path) -> None:
    line = row[0].split("`")[1]
    key = line.split(":", maxsplit=1)[0]
    kept = re.sub(rf"(?m)^{key}:.*$", line, MANIFEST)
    _refused(_family(tmp_path, kept if line in kept else f"{MANIFEST}{line}\n"), row[1])


def _refused(source: TableSource, message: str) -> None:
    with pytest.raises(EstimationError) as caught:
        _asked(source, ANSWERS[0][0])
    assert str(caught.value).endswith("/" + message.strip("`"))


def test_the_error_that_names_the_nearest_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _family(tmp_path, "name: mine\naccuracy: 90\n")
    table = "technology,width,depth,action,energy,area\n45nm,32,64,read,1,1\n45nm,64,64,read,2,2\n"
    (tmp_path / "my_tables" / "mine" / "data" / "my_sram.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    source = TableSource(Path("my_tables"))
    query = Query("x", "my_sram", {"technology": "45nm", "width": 24, "depth": 64}, "read")
    with pytest.raises(Declined) as caught:
        source.estimate(query)
    told = str(unanswered(query, [(source.name, caught.value)], {}))
    assert told.removeprefix("x: ") in TEXT.splitlines()


def test_every_manifest_key_and_unit_is_described() -> None:
    described = "\n".join(f"{a} {b}" for a, b in _cells("| key | |"))
    for key in MANIFEST_KEYS:
        assert f"`{key}`" in described, key
    for unit in (*ENERGY_UNITS_IN_PJ, *AREA_UNITS_IN_UM2):
        assert re.search(rf"\b{re.escape(unit)}", described), unit


def test_the_listing_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("my_tables", "opt", "home/accelergy", "estimation_tables"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home" / "accelergy" / "accelergy_config.yaml").touch()
    listing = re.findall(r"```yaml\n(# estimation_tables.*?)```", TEXT, re.DOTALL)[0]
    listing = listing.replace("/opt/accelergy/tables", str(tmp_path / "opt"))
    (tmp_path / "estimation_tables" / "tables.yaml").write_text(listing)
    names = [folder.name for folder in registered_folders(tmp_path)]
    assert names == ["my_tables", "opt", "accelergy_config.yaml"]
