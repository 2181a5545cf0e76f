"""The models of the hwcomponents packages: every kind answers, nothing is written there, never a crash."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from estimation_cases import MEMORY, UNIT, architecture_of, ask, component_classes
from program_cases import files_below, package, real_cacti, real_neurosim

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.cache import AnswerCache
from harness.estimation.cacti import Cacti, CactiRequest, cacti_for
from harness.estimation.hwc import models, packages, seams
from harness.estimation.hwc.models import Modelled
from harness.estimation.hwc.source import HwcomponentsSource
from harness.estimation.programs import Program, package_folder
from harness.estimation.query import AttributeFault, Declined, Query
from harness.estimation.sram.source import AccelergySramSource
from harness.spec.shipped import shipped_folder

hwcomponents = pytest.importorskip("hwcomponents")
pytest.importorskip("hwcomponents_adc")
pytest.importorskip("hwcomponents_library")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SOURCE = HwcomponentsSource(AnswerCache(None))
CROSSBAR = {
    **{"rows": 128, "cols": 128, "cols_active_at_once": 8, "cell_config": "placeholder"},
    **{"average_input_value": 0.5, "average_cell_value": 0.5, "read_pulse_width": 1e-8},
}


@pytest.fixture
def real():
    """The source with the programs of this machine; skipped where they neither start nor can be made."""
    return HwcomponentsSource(AnswerCache(None), real_cacti(), real_neurosim())


# --- published macros, converters, logic, DRAM: no program is run ------------------------------------


def test_a_converter_of_a_published_macro():
    found = ask(SOURCE, "isaac_adc", "convert", resolution=8)
    assert found.value == pytest.approx(1.666666667, rel=1e-6)
    assert (found.estimator, found.fit, found.scaling) == ("hwcomponents: IsaacADC", "row", "")
    assert found.citation.startswith("hwcomponents-library ")
    assert "IsaacADC: Shafiee et al., ISAAC: A Convolutional Neural Network" in found.citation
    assert found.citation.endswith("ISCA 2016, doi:10.1109/ISCA.2016.12")
    assert ask(SOURCE, "IsaacADC", None, resolution=8).value == pytest.approx(1200, rel=1e-6)


def test_a_macro_at_another_node_says_how_it_was_scaled():
    found = ask(SOURCE, "isaac_adc", "convert", resolution=6, technology="22nm")
    assert found.fit == "scaled"
    assert found.scaling == "32 -> 22 nm x0.4461; resolution 8 -> 6 x0.25"
    assert found.value == pytest.approx(1.666666667 * 0.4460639 * 0.25, rel=1e-6)
    assert found.attributes == (("resolution", "6"), ("technology", "22nm"))
    assert ask(SOURCE, "isaac_adc", None, resolution=8, technology="22nm").scaling == "32 -> 22 nm x0.55"


def test_the_adc_model_with_leakage_per_cycle():
    attributes = {"n_bits": 8, "throughput": 1e9}
    one, two = (ask(SOURCE, "ADC", "leak", **attributes, global_cycle_seconds=c) for c in (1e-9, 2e-9))
    assert one.value > 0
    assert two.value == pytest.approx(2 * one.value)
    assert ("global_cycle_seconds", "2e-09") in two.attributes
    found = ask(SOURCE, "ADC", "convert", **attributes)
    assert found.value > 0
    assert (found.fit, found.citation.endswith("arXiv:2404.06553")) == ("model", True)


def test_logic_in_the_manner_of_aladdin():
    """Scaled in a row from 40 nm and 32 bits; the MAC is made of two parts that are."""
    adder = ask(SOURCE, "intadder", "add", width=16)
    assert adder.value == pytest.approx(0.21 * 0.7587545 * 0.5, rel=1e-6)
    assert (adder.estimator, adder.fit) == ("hwcomponents: AladdinAdder", "scaled")
    assert adder.scaling == "40 -> 32 nm x0.7588; width 32 -> 16 x0.5"
    assert "Shao et al., Aladdin" in adder.citation
    mac = ask(SOURCE, "intmac", "mac", multiplier_width=8, adder_width=32)
    assert mac.scaling == "AladdinAdder x0.7588; AladdinMultiplier x0.04742"
    assert mac.value == pytest.approx(0.7587545 * 0.21 + 0.0474222 * 12.68, rel=1e-5)
    assert ask(SOURCE, "aladdin_register", "read", width=8, technology="45nm").value > 0


@pytest.mark.parametrize(
    ("kind", "width", "per_bit"),
    [("LPDDR4", 64, 8), ("HBM2", 1024, 6.25), ("HBM3", 1024, 4.05), ("HBM4", 2048, 3.2)],
)
def test_dram_of_every_type_is_a_number_per_bit(kind, width, per_bit):
    found = ask(SOURCE, "DRAM", "read", type=kind, width=width)
    assert found.value == pytest.approx(width * per_bit)
    assert (found.estimator, found.fit) == (f"hwcomponents: {kind}", "constant")
    assert dict(found.attributes)["type"] == kind
    assert "CACTI 7" not in found.citation
    assert ask(SOURCE, "DRAM", "leak", type=kind, width=width).value == 0
    assert ask(SOURCE, "DRAM", None, type=kind, width=width).value == 0


def test_a_dram_that_a_model_refuses_is_declined_in_a_phrase():
    with pytest.raises(Declined, match="hwcomponents: Width is too small for HBM2"):
        ask(SOURCE, "DRAM", "read", type="HBM2", width=64)


def test_update_is_answered_by_write():
    attributes = {"width": 64}
    update, write = (ask(SOURCE, "LPDDR4", action, **attributes).value for action in ("update", "write"))
    assert update == write


def test_a_converter_may_be_given_a_histogram(real):
    attributes = {"resolution": 4, "voltage": 1.0, "unit_capacitance": 1e-15}
    flat = ask(real, "c2c_ladder_dac", "convert", **attributes, hist=[1, 1, 1, 1, 1]).value
    assert flat > 0
    assert flat != ask(real, "c2c_ladder_dac", "convert", **attributes, hist=[9, 1, 1, 1, 1]).value


def test_a_bibtex_entry_becomes_one_line():
    entry = (
        "@article{x,\n title={A  very\n small title},\n author={First, A. and Second, B.},\n"
        " journal={IEEE Micro},\n year={2018},\n doi={10.1/2}}"
    )
    assert packages.reference(entry) == "First et al., A very small title, IEEE Micro 2018, doi:10.1/2"
    assert packages.reference("@misc{}") == ""


# --- memories, by CACTI ------------------------------------------------------------------------------


def test_sram_is_what_accelergy_has_within_its_table(real):
    """Both wrappers ask CACTI the same; see docs/energy.md for where they differ (beyond 90 nm)."""
    found = ask(real, "SRAM", "read", width=64, depth=4096, technology="45nm")
    assert found.value == pytest.approx(17.0418, rel=1e-9)
    assert (found.estimator, found.fit, found.warnings) == ("hwcomponents: SRAM", "model", ())
    assert "CACTI 7, Balasubramonian et al." in found.citation
    assert found.attributes == (("width", "64"), ("depth", "4096"), ("technology", "45nm"))
    for action in ("write", "update", "leak", None):
        assert ask(real, "SRAM", action, width=64, depth=4096).value > 0
    assert ask(real, "SRAM", "read", width=64, depth=4096, technology="28nm").scaling
    (warning,) = ask(real, "SRAM", "read", width=64, depth=4096, technology="16nm").warnings
    assert "CACTI models 22 to 90 nm" in warning


@pytest.mark.parametrize("memory", [{"width": 64, "depth": 1024}, {"width": 16, "depth": 100, "n_banks": 3}])
def test_both_wrappers_give_the_same_up_to_90_nm(real, memory):
    accelergy = AccelergySramSource(
        shipped_folder("estimation_tables") / "sram" / "cacti.csv.gz", real._cacti
    )
    for node in (7, 16, 22, 28, 65, 80, 90):
        for action in ("read", "write", "leak", None):
            attributes = {**memory, "technology": f"{node}nm"}
            theirs = ask(accelergy, "SRAM", action, **attributes).value
            assert ask(real, "SRAM", action, **attributes).value == pytest.approx(theirs, rel=1e-12)
    beyond = [ask(s, "SRAM", "read", **memory, technology="130nm").value for s in (accelergy, real)]
    assert beyond[0] > 10 * beyond[1], "hwcomponents scales from 22 nm there, Accelergy from 90 nm"


def test_a_smart_buffer_is_an_sram_and_an_address_generator(real):
    sram, buffer = (ask(real, c, "read", width=64, depth=4096) for c in ("SRAM", "smartbuffer_SRAM"))
    assert sram.value < buffer.value < 1.1 * sram.value
    assert buffer.estimator == "hwcomponents: SmartBufferSRAM"


def test_a_cache_answers_where_cacti_finds_one(real):
    attributes = {"width": 512, "associativity": 4, "tag_size": 32, "technology": "45nm"}
    found = ask(real, "cache", "read", depth=256, **attributes)
    assert found.value > 0 and found.estimator == "hwcomponents: Cache"
    with pytest.raises(Declined, match=r"no tag array within the limits set \(delay within 20 %"):
        ask(real, "cache", "read", depth=1024, **attributes)


def test_what_cacti_will_be_asked_is_known_beforehand(tmp_path):
    class Listening(Cacti):
        def answer(self, request):
            raise AssertionError(f"asked: {request}")

    quiet = Listening(cacti_for(tmp_path)._program, AnswerCache(None))
    source = HwcomponentsSource(AnswerCache(tmp_path), quiet)
    attributes = {"technology": "28nm", "width": 64, "depth": 100}
    requests = source.requests_of(Query("x", "SRAM", attributes))
    assert requests == [CactiRequest(n, 800, 8, flavour="hwcomponents") for n in (22, 32)]
    assert source.requests_of(Query("x", "ADC", {"n_bits": 8})) == []
    assert source.requests_of(Query("x", "SRAM", {})) == []


@pytest.fixture
def no_programs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    program = Program(package(tmp_path, monkeypatch), tmp_path / "cache")
    return HwcomponentsSource(AnswerCache(None), Cacti(program, AnswerCache(None)), program)


@pytest.mark.parametrize(
    ("class_name", "attributes"),
    [("SRAM", {"width": 64, "depth": 4096}), ("flip_flop", {"n_bits": 8}), ("memory_cell", CROSSBAR)],
)
def test_a_program_that_does_not_start_is_a_reason_in_one_line(no_programs, class_name, attributes):
    with pytest.raises(Declined) as caught:
        ask(no_programs, class_name, "read" if class_name != "flip_flop" else "compute", **attributes)
    said = caught.value.reason
    assert said.startswith("hwcomponents: the CACTI that made-up-package")
    assert "does not start here and there is no C++ compiler" in said and "\n" not in said
    assert ask(no_programs, "isaac_adc", "convert", resolution=8).value > 0


# --- NeuroSim's circuits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("class_name", "action", "attributes"),
    [
        ("flip_flop", "compute", {"n_bits": 8}),
        ("adder", "compute", {"n_bits": 8}),
        ("adder_tree", "add", {"n_bits": 8, "n_adder_tree_inputs": 4}),
        ("shift_add", "read", {"n_bits": 8, "shift_register_n_bits": 16}),
        ("max_pool", "read", {"n_bits": 8, "pool_window": 2}),
        ("mux", "compute", {"n_bits": 8, "n_mux_inputs": 4}),
        ("memory_cell", "write", CROSSBAR),
        ("array_row_drivers", "read", CROSSBAR),
        ("array_column_drivers", "read", CROSSBAR),
        ("array_adc", "convert", {**CROSSBAR, "adc_resolution": 5}),
    ],
)
def test_circuits_of_neurosim(real, class_name, action, attributes):
    found = ask(real, class_name, action, **attributes)
    assert found.value > 0
    assert (found.fit, found.warnings) == ("model", ())
    assert "DNN+NeuroSim V1.3, Peng et al., IEDM 2019" in found.citation
    assert ask(real, class_name, None, **attributes).value > 0
    assert ask(real, class_name, "leak", **attributes).value >= 0


def test_two_cells_in_one_process_are_two(real):
    """hwcomponents itself forgets the cell in what it keeps, and answers for the first one ever after."""
    cells = ("placeholder", "nvsim_RRAM", "nvmexplorer_PCM", "placeholder")
    areas = [ask(real, "memory_cell", None, **{**CROSSBAR, "cell_config": c}).value for c in cells]
    assert areas[0] == areas[3]
    assert len(set(areas)) == 3


def test_a_cell_may_be_a_file_and_its_content_counts(real, tmp_path):
    cells = package_folder("hwcomponents_neurosim") / "cells"
    mine = tmp_path / "mine.cell"
    source = HwcomponentsSource(AnswerCache(tmp_path / "kept"), real._cacti, real._neurosim)
    areas = []
    for name in ("nvsim_RRAM", "placeholder"):
        mine.write_text((cells / f"{name}.cell").read_text())
        mine_too = ask(source, "memory_cell", None, **{**CROSSBAR, "cell_config": str(mine)}).value
        areas.append(mine_too)
        assert mine_too == ask(real, "memory_cell", None, **{**CROSSBAR, "cell_config": name}).value
    assert areas[0] != areas[1]
    with pytest.raises(
        AttributeFault, match=r"'cell_config' is 'nope', neither a file nor one of .*nvsim_RRAM"
    ):
        ask(real, "memory_cell", None, **{**CROSSBAR, "cell_config": "nope"})


def test_a_circuit_that_costs_nothing_is_warned_of(real):
    (warning,) = ask(real, "not_gate", "read").warnings
    assert warning == "not_gate: NeuroSim answers 0 for the energy of action 'read'"


def test_a_broken_neurosim_is_declined(tmp_path, monkeypatch):
    shipped = f"import sys\nprint({'how to use this program'!r})\nsys.exit(len(sys.argv) - 1)"
    program = Program(package(tmp_path, monkeypatch, shipped, starts=True), None)
    source = HwcomponentsSource(AnswerCache(None), Cacti(program, AnswerCache(None)), program)
    with pytest.raises(Declined, match=r"hwcomponents: NeuroSim does not answer here \(exit status 1\)"):
        ask(source, "flip_flop", "compute", n_bits=8)


# --- bounds ------------------------------------------------------------------------------------------


def test_an_estimation_leaves_the_packages_unchanged(real):
    site = package_folder("hwcomponents").parent
    folders = [folder for folder in sorted(site.iterdir()) if folder.name.startswith("hwcomponents")]
    before = {folder.name: files_below(folder) for folder in folders}
    for class_name, attributes in (
        ("SRAM", {"width": 72, "depth": 300}),
        ("smartbuffer_SRAM", {"width": 72, "depth": 300}),
        ("adder", {"n_bits": 7}),
        ("memory_cell", {**CROSSBAR, "rows": 64}),
        ("ADC", {"n_bits": 7, "throughput": 1e8}),
        ("isaac_dac", {"resolution": 1}),
        ("HBM3", {"width": 1024}),
    ):
        ask(real, class_name, None, **attributes)
    assert {folder.name: files_below(folder) for folder in folders} == before


@pytest.mark.parametrize("seam", seams.SEAMS, ids=lambda seam: seam[1])
def test_the_packages_have_the_functions_that_are_replaced(seam):
    """If this fails, a package of hwcomponents has changed: mend ``harness/estimation/hwc/seams.py``."""
    seams.install()
    module, path, replacement, _ = seam
    place = __import__(module, fromlist=["x"])
    for name in path.split("."):
        place = getattr(place, name)
    assert hasattr(place, "__wrapped__"), "install() replaces it"
    assert replacement.__name__.lstrip("_").split("_")[0] in {"call", "scratch"}


def test_a_package_that_has_changed_is_not_called(monkeypatch):
    module, path, replacement, _ = seams.SEAMS[0]
    monkeypatch.setattr(seams, "SEAMS", ((module, path, replacement, ("self", "other")),))
    seams.installed.cache_clear()
    try:
        with pytest.raises(Declined, match="hwcomponents-cacti is not the one this program knows"):
            ask(SOURCE, "isaac_adc", "convert", resolution=8)
    finally:
        monkeypatch.undo()
        seams.installed.cache_clear()


@pytest.mark.parametrize("changed", [False, True])
def test_no_function_is_replaced_twice_nor_some_without_the_others(changed):
    """In a process of its own, with the last of the three as it should be, or changed."""
    code = (
        "import sys\nfrom harness.estimation.hwc import seams\n"
        "from harness.estimation.query import Declined\n"
        "*first, last = seams.SEAMS\n"
        "if len(sys.argv) > 1: seams.SEAMS = (*first, (*last[:3], ('changed',)))\n"
        "for _ in range(5):\n"
        "    try: seams.install()\n"
        "    except Declined: pass\n"
        "    seams.installed.cache_clear()\n"
        "from hwcomponents_cacti.hwcomponents_cacti import _Memory\n"
        "function, times = _Memory._call_cacti, 0\n"
        "while hasattr(function, '__wrapped__'): function, times = function.__wrapped__, times + 1\n"
        "print(times)\n"
    )
    command = [sys.executable, "-c", code, *(["changed"] if changed else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert done.stdout == ("0\n" if changed else "1\n")


def test_others_in_the_same_process_keep_hwcomponents_as_it_was(monkeypatch):
    """The replaced functions are the packages' own outside of our questions."""
    ask(SOURCE, "isaac_adc", "convert", resolution=8)
    import hwcomponents_neurosim.neurointerface as interface  # noqa: PLC0415

    monkeypatch.setattr("glob.glob", lambda *_: [])
    monkeypatch.setattr("os.makedirs", lambda *_, **__: None)
    assert interface._clean_tmp_dir().endswith("neurosim_inputs_outputs")


def test_a_failing_model_is_a_phrase_and_the_error_names_the_component(monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("Logs ...\n| Exception: a disk is full\n")

    for name in ("get_action_cost", "get_area", "get_leak_power"):
        monkeypatch.setattr(hwcomponents, name, failing)
    with pytest.raises(Declined, match=r"^hwcomponents: a disk is full$"):
        ask(SOURCE, "ADC", "convert", n_bits=8)
    converter = {
        "name": "Converter",
        "class": "SRAM",
        "subclass": "flash_adc",
        "attributes": {"width": 16, "depth": 4},
    }
    with pytest.raises(EstimationError) as caught:
        estimate(
            architecture_of(converter, UNIT),
            component_classes("two_adders"),
            EstimationOptions(use_cache=False),
        )
    assert str(caught.value).startswith("System.Converter: nobody can estimate the energy of action")
    assert "hwcomponents: a disk is full" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "attributes", "said"),
    [
        (
            "smartbuffer_SRAM read",
            {"width": 32, "depth": 1024, "technology": "14nm"},
            "CACTI models 22 to 90",
        ),
        (
            "ADC convert",
            {"n_bits": 8, "throughput": 1e9, "technology": "3nm"},
            "1000 nm, 3 is beyond",
        ),
        ("ADC convert", {"n_bits": 18, "throughput": 1e9}, "3.4 to 17.2 bits, 18 is beyond"),
        ("ADC convert", {"n_bits": 8, "throughput": 100}, "conversions per second, 100 is beyond"),
        ("isaac_adc convert", {"resolution": 8, "technology": "5nm"}, "has factors for 7 to 130 nm"),
        ("intadder add", {"width": 32, "technology": "200nm"}, "has factors for 7 to 130 nm"),
    ],
)
def test_answers_beyond_what_a_model_was_made_for_warn(real, tmp_path, asked, attributes, said):
    class_name, action = asked.split()
    source = HwcomponentsSource(AnswerCache(tmp_path), real._cacti, real._neurosim)
    (warning,) = ask(source, class_name, action, **attributes).warnings
    assert warning.startswith(class_name) and said in warning
    assert ask(source, class_name, action, **attributes).warnings == (warning,), "kept"


def test_answers_within_do_not_warn(real):
    for class_name, action, attributes in (
        ("smartbuffer_SRAM", "read", {"width": 32, "depth": 1024, "technology": "22nm"}),
        ("ADC", "convert", {"n_bits": 8, "throughput": 1e9, "technology": "5nm"}),
        ("isaac_adc", "convert", {"resolution": 8, "technology": "130nm"}),
        ("memory_cell", "read", {**CROSSBAR, "technology": "7nm"}),
    ):
        assert ask(real, class_name, action, **attributes).warnings == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [("isac_adc", "isaac_adc"), ("smartbufer_SRAM", "smartbuffer_sram"), ("cachee", "Cache")],
)
def test_an_unknown_class_is_told_the_nearest_of_hwcomponents(written, meant):
    component = {"name": "One", "class": "SRAM", "subclass": written, "attributes": {"width": 16, "depth": 4}}
    with pytest.raises(EstimationError) as caught:
        estimate(architecture_of(component, UNIT), component_classes("two_adders"), EstimationOptions())
    assert f"'{meant}' (hwcomponents)" in str(caught.value)


def test_nothing_stays_in_the_folder_for_temporary_files(real, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ask(real, "memory_cell", "read", **CROSSBAR).value > 0
    assert ask(real, "SRAM", "read", width=72, depth=300).value > 0
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_neurosim_that_passes_is_an_error_that_names_the_component(real, monkeypatch):
    def too_long(*_, **__):
        raise subprocess.TimeoutExpired("neurosim", 300)

    monkeypatch.setattr(seams.subprocess, "run", too_long)
    with pytest.raises(EstimationError, match=r"^component: NeuroSim did not answer within 300 s"):
        ask(real, "memory_cell", "read", **CROSSBAR)


def test_other_threads_log_while_a_model_runs(monkeypatch, caplog):
    def asked(*_, **__):
        logging.getLogger("hwcomponents_adc.model").warning("of the model")
        other = threading.Thread(target=lambda: logging.getLogger("mine").warning("of another thread"))
        other.start()
        other.join()
        raise RuntimeError("enough")

    monkeypatch.setattr(hwcomponents, "get_area", asked)
    before = list(logging.getLogger().filters)
    with pytest.raises(Declined):
        ask(SOURCE, "ADC", None, n_bits=8, throughput=1e9)
    assert [record.getMessage() for record in caplog.records] == ["of another thread"]
    logging.getLogger().warning("afterwards")
    assert caplog.records[-1].getMessage() == "afterwards"
    assert logging.getLogger().filters == before


def test_the_import_leaves_the_root_logger_alone():
    code = (
        "import logging\nfrom harness.estimation.hwc.models import _imported\n_imported()\n"
        "assert logging.getLogger().handlers == [] and logging.getLogger().level == logging.WARNING\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_answers_of_other_sources_of_ours_are_not_served(tmp_path, monkeypatch):
    source = HwcomponentsSource(AnswerCache(tmp_path))
    ask(source, "isaac_adc", "convert", resolution=8)
    asked = []
    monkeypatch.setattr(
        "harness.estimation.hwc.source.call_models", lambda q, _: asked.append(q) or Modelled(1.0, "new")
    )
    ask(source, "isaac_adc", "convert", resolution=8)
    assert asked == []
    monkeypatch.setattr("harness.estimation.hwc.source.digest_of_sources", lambda: "another")
    assert ask(source, "isaac_adc", "convert", resolution=8).value == 1e12


def test_every_module_that_hwcomponents_loads_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    versions = packages.package_versions.__wrapped__
    before = versions()
    assert before["hwcomponents"] not in ("none", "")
    mine = tmp_path / "hwcomponents_mine"
    mine.mkdir()
    (mine / "__init__.py").write_text("x = 1\n")
    first = versions()
    assert first.keys() - before.keys() == {"hwcomponents-mine"}
    (mine / "__init__.py").write_text("x = 2\n")
    second = versions()
    assert second["hwcomponents-mine"] != first["hwcomponents-mine"]
    (tmp_path / "hwcomponents_mine-0.7.dist-info").mkdir()
    assert versions()["hwcomponents-mine"] == "0.7"


def test_answers_are_kept_on_disk(tmp_path, monkeypatch):
    cache = AnswerCache(tmp_path)
    first = ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=6)

    def not_again(question, programs):
        raise AssertionError(f"asked again: {question}")

    monkeypatch.setattr("harness.estimation.hwc.source.call_models", not_again)
    assert ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=6) == first
    assert first.scaling and first.attributes and first.citation
    with pytest.raises(AssertionError, match="asked again"):
        ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=7)


@pytest.mark.parametrize("text", ["{}", '{"value": "1"}', '{"value": 1}', '{"value": 1, "texts": ["a"]}'])
def test_a_damaged_answer_is_asked_anew(tmp_path, text):
    source = HwcomponentsSource(AnswerCache(tmp_path))
    first = ask(source, "isaac_adc", "convert", resolution=6)
    (path,) = tmp_path.rglob("*.json")
    key = path.read_text().rpartition('"answer": ')[0]
    path.write_text(f'{key}"answer": {text}}}')
    assert ask(source, "isaac_adc", "convert", resolution=6) == first


def test_unknown_classes_and_placeholders_are_declined():
    for class_name in ("flux_capacitor", "dummy_storage", "dummy_compute"):
        with pytest.raises(Declined) as caught:
            ask(SOURCE, class_name, "read")
        assert not caught.value.knows_class


def test_a_missing_attribute_is_named():
    with pytest.raises(Declined, match="n_bits"):
        ask(SOURCE, "ADC", "convert")


def test_a_cell_of_no_text_is_not_looked_for():
    assert models.cell_file({"cell_config": 3}) is None
    assert models.cell_file({}) is None


def test_the_packages_are_not_imported_when_the_tables_suffice():
    code = (
        "import sys; sys.path[:0] = ['tests']\n"
        "from estimation_cases import *\n"
        "from harness.estimation import estimate\n"
        "estimate(architecture_of(MEMORY, UNIT), component_classes('two_adders'))\n"
        "assert not {'hwcomponents', 'numpy', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path(__file__).parents[1])


def test_everything_from_the_tables_without_the_packages():
    result = estimate(
        architecture_of(MEMORY, UNIT),
        component_classes("two_adders"),
        EstimationOptions(use_hwcomponents=False),
    )
    assert result.art.by_name["System.Unit[1..4]"] == 440.523
