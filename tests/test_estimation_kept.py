"""Whole estimations on disk: equal to those that are worked out, and none that another question made."""

from __future__ import annotations

import json
import os
import shutil
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
from estimation_cases import (
    MEMORY,
    UNIT,
    architecture_of,
    component_classes,
    golden_architecture,
    golden_cases,
)
from program_cases import real_cacti

from harness.errors import EstimationError
from harness.estimation import Answer, Estimate, EstimationOptions, estimate, estimator, kept, whole
from harness.estimation.cacti import cacti_for
from harness.estimation.kept import content_of, estimate_of, key_of, record_of
from harness.estimation.parts import components_of
from harness.estimation.programs import program_of
from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable
from harness.spec.shipped import shipped_folder
from harness.spec.yaml_nodes import QuotedStr


def _files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*.json") if p.parts[-3] == "estimates"]


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    """What the process remembers would hide the files."""
    monkeypatch.setattr(whole, "_MOST_REMEMBERED", 0)


CLASSES = component_classes("two_adders")


def _key(*local, options=None, classes=(), **top):
    components = components_of(architecture_of(*local, UNIT, **top))
    return key_of(components, tuple(classes), options or EstimationOptions())


@pytest.fixture
def never_worked_out(monkeypatch):
    def refuse(*_):
        raise AssertionError("worked out again")

    return lambda: monkeypatch.setattr(estimator, "estimated", refuse)


@pytest.mark.parametrize("case", sorted(golden_cases())[:6])
def test_what_comes_back_is_what_was_worked_out(case, tmp_path, never_worked_out):
    architecture, options = golden_architecture(case), EstimationOptions(cache_folder=tmp_path)
    golden = golden_cases()[case]
    classes = component_classes(*golden["classes"], address_generator=golden["address_generator"])
    made = estimate(architecture, classes, replace(options, use_cache=False))
    if any("hwcomponents" in a.estimator for a in made.answers):
        pytest.skip("hwcomponents has a cache of its own")
    assert estimate(architecture, classes, options) == made
    never_worked_out()
    again = estimate(architecture, classes, options)
    assert again == made
    assert repr(again) == repr(made)


def test_a_second_question_reads_no_table(tmp_path, never_worked_out):
    architecture, options = architecture_of(MEMORY, UNIT), EstimationOptions(cache_folder=tmp_path)
    made = estimate(architecture, CLASSES, options)
    assert len(_files(tmp_path)) == 1
    never_worked_out()
    assert estimate(architecture, CLASSES, options) == made
    with pytest.raises(AssertionError, match="worked out again"):
        estimate(architecture_of(MEMORY, UNIT, technology="45nm"), CLASSES, options)


def test_a_process_remembers_the_last_estimations(tmp_path, never_worked_out, monkeypatch):
    monkeypatch.setattr(whole, "_MOST_REMEMBERED", 2)
    monkeypatch.setattr(whole, "_remembered", OrderedDict())
    options = EstimationOptions(cache_folder=tmp_path)
    machines = [architecture_of(MEMORY, UNIT, technology=f"{nm}nm") for nm in (22, 32, 45)]
    made = [estimate(machine, CLASSES, options) for machine in machines]
    assert len(whole._remembered) == 2
    never_worked_out()
    for file in _files(tmp_path):
        file.unlink()
    assert [estimate(machine, CLASSES, options) for machine in machines[1:]] == made[1:]
    with pytest.raises(AssertionError, match="worked out again"):
        estimate(machines[0], CLASSES, options)


def test_every_part_of_a_question_is_in_its_key():
    small = {**MEMORY, "attributes": {**MEMORY["attributes"], "depth": 128}}
    turned = {**MEMORY, "attributes": dict(reversed(MEMORY["attributes"].items()))}
    keys = [
        _key(MEMORY),
        _key(small),
        _key(turned),
        _key({**MEMORY, "name": "Other[1..1]"}),
        _key(MEMORY, global_cycle_seconds=1),
        _key(MEMORY, global_cycle_seconds=1.0),
        _key(MEMORY, classes=[{"name": "x"}]),
        _key(MEMORY, classes=[{"name": QuotedStr("x")}]),
        _key(MEMORY, options=EstimationOptions(significant_digits=None)),
        _key(MEMORY, options=EstimationOptions(legacy_action_share=True)),
        _key(MEMORY, options=EstimationOptions(dummy_energy_pj=1)),
        _key(MEMORY, options=EstimationOptions(dummy_area_um2=1)),
        _key(MEMORY, options=EstimationOptions(use_hwcomponents=False)),
    ]
    texts = [json.dumps(key) for key in keys]
    assert None not in keys
    assert len(set(texts)) == len(texts)
    assert _key(MEMORY) == keys[0]


def test_further_tables_and_odd_values_are_not_kept(tmp_path):
    assert _key(MEMORY, options=EstimationOptions(table_folders=(tmp_path,))) is None
    assert _key(MEMORY, classes=[{"name": object()}]) is None


@pytest.mark.parametrize("change", ["content", "name", "new file", "removed"])
def test_a_changed_table_is_another_key(tmp_path, change):
    tables = tmp_path / "tables"
    shutil.copytree(shipped_folder("estimation_tables"), tables)
    before = content_of(tables)
    content_of.cache_clear()
    assert content_of(tables) == before
    table = tables / "logic" / "library.csv"
    stamp = table.stat()
    if change == "content":
        table.write_bytes(table.read_bytes().replace(b"1", b"2", 1))
        os.utime(table, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    elif change == "name":
        table.rename(table.with_name("other.csv"))
    elif change == "new file":
        (tables / "logic" / "new.csv").write_text("")
    else:
        table.unlink()
    content_of.cache_clear()
    assert content_of(tables) != before


def test_a_changed_source_is_another_key(tmp_path, monkeypatch):
    for room in ("estimation", "spec"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "one.py").write_text("x = 1\n")
    monkeypatch.setattr(kept, "_ROOMS", tmp_path)
    content_of.cache_clear()
    before = content_of(tmp_path)
    (tmp_path / "spec" / "one.py").write_text("x = 2\n")
    content_of.cache_clear()
    assert content_of(tmp_path) != before
    content_of.cache_clear()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"art"', '"arts"'),
        lambda text: text.replace('"read"', "7", 1),
        lambda text: text.replace('"ert": [', '"ert": ["x", ', 1),
        lambda text: text.replace('"ert": [[', '"ert": [[1, ', 1),
    ],
)
def test_damaged_files_are_worked_out_again(tmp_path, damage):
    architecture, options = architecture_of(MEMORY, UNIT), EstimationOptions(cache_folder=tmp_path)
    made = estimate(architecture, CLASSES, options)
    (file,) = _files(tmp_path)
    text = file.read_text()
    assert damage(text) != text
    file.write_text(damage(text))
    assert estimate(architecture, CLASSES, options) == made
    assert file.read_text() == text


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-1.0", "true", "null", '"1"'])
def test_senseless_figures_do_not_come_back(figure):
    record = json.loads(f'{{"ert": [], "art": [["A", {figure}]], "answers": []}}')
    assert estimate_of(record, EstimationOptions()) is None


def test_what_would_come_back_changed_is_not_kept():
    def made(answer: Answer) -> Estimate:
        return Estimate(EnergyReferenceTable(()), AreaReferenceTable(()), (answer,))

    plain = Answer("A", "x", None, (), 1.5, "dram", 80)
    assert record_of(made(plain), EstimationOptions()) is not None
    assert record_of(made(replace(plain, class_name=QuotedStr("x"))), EstimationOptions()) is None
    assert record_of(made(replace(plain, estimator="hwcomponents: ADC")), EstimationOptions()) is None


ABSENCE = {
    "between rows": {"width": 32, "depth": 5000},
    "shrunk": {"width": 16, "depth": 5000},
    "14 nm": {"width": 32, "depth": 5000, "technology": "14nm"},
    "28 nm": {"width": 32, "depth": 5000, "technology": "28nm"},
    "voltage": {"width": 32, "depth": 5000, "voltage": 0.9},
}


def _memory_of(case):
    return architecture_of({**MEMORY, "attributes": {**ABSENCE[case], "datawidth": 8}}, UNIT)


def _by(made):
    return next(a.parts[0].finding for a in made.answers if "Buffer" in a.component and a.action == "read")


@pytest.mark.parametrize("case", ABSENCE)
def test_what_was_worked_out_without_cacti_is_not_served_with_it(case, tmp_path, monkeypatch):
    """However the figure was scaled afterwards, and the other way round."""
    folder = real_cacti().folder
    options = EstimationOptions(cache_folder=tmp_path)
    with monkeypatch.context() as without:
        without.setattr("harness.estimation.programs.program.shipped_starts", lambda *_: False)
        without.setenv("PATH", str(tmp_path))
        without.delenv("CXX", raising=False)
        cacti_for.cache_clear()
        first = _by(estimate(_memory_of(case), CLASSES, options))
    assert (first.estimator, first.needs_cacti) == ("accelergy_cacti_table", True)
    (tmp_path / "programs").symlink_to(folder / "programs")
    cacti_for.cache_clear()
    program_of.cache_clear()
    then = _by(estimate(_memory_of(case), CLASSES, options))
    assert (then.estimator, then.needs_cacti) == ("accelergy_cacti", True)
    assert then.value != first.value
    assert _by(estimate(_memory_of(case), CLASSES, options)) == then


def test_rows_alone_do_not_need_cacti(tmp_path):
    made = estimate(architecture_of(MEMORY, UNIT), CLASSES, EstimationOptions(cache_folder=tmp_path))
    assert not any(part.finding.needs_cacti for answer in made.answers for part in answer.parts)


def test_an_estimation_that_failed_this_time_is_not_kept(tmp_path, monkeypatch):
    folder = real_cacti().folder
    (tmp_path / "programs").symlink_to(folder / "programs")
    options = EstimationOptions(cache_folder=tmp_path)
    cacti = cacti_for(tmp_path, True)
    monkeypatch.setattr(cacti, "_longest_run_s", 1e-4)
    with pytest.raises(EstimationError, match=r"^System\.Buffer.*: CACTI did not answer within 0\.0001 s"):
        estimate(_memory_of("between rows"), CLASSES, options)
    assert _files(tmp_path) == []
    monkeypatch.setattr(cacti, "_longest_run_s", 60.0)
    assert _by(estimate(_memory_of("between rows"), CLASSES, options)).estimator == "accelergy_cacti"


def test_old_estimations_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "MOST_PER_FOLDER", 1)
    options = EstimationOptions(cache_folder=tmp_path)
    for depth in range(64, 64 + 40):
        memory = {**MEMORY, "attributes": {**MEMORY["attributes"], "depth": depth}}
        estimate(architecture_of(memory, UNIT), CLASSES, options)
    folders = [file.parent for file in _files(tmp_path)]
    assert len(folders) == len(set(folders)) < 40
