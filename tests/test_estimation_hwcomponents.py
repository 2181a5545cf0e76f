"""The models of the hwcomponents packages: asked last, cached, and never a crash."""

from __future__ import annotations

import subprocess
import sys

import pytest
from estimation_cases import MEMORY, UNIT, architecture_of, ask, component_classes

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate, hwcomponents_source
from harness.estimation.cache import AnswerCache
from harness.estimation.hwcomponents_source import HwcomponentsSource
from harness.estimation.query import Declined

hwcomponents = pytest.importorskip("hwcomponents")
pytest.importorskip("hwcomponents_adc")
pytest.importorskip("hwcomponents_library")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SOURCE = HwcomponentsSource(AnswerCache(None))


def test_a_converter_of_a_published_macro():
    found = ask(SOURCE, "isaac_adc", "convert", resolution=8)
    assert found.value == pytest.approx(1.666666667, rel=1e-6)
    assert found.estimator == "hwcomponents: IsaacADC"
    assert ask(SOURCE, "IsaacADC", None, resolution=8).value == pytest.approx(1200, rel=1e-6)


def test_the_adc_model_with_leakage_per_cycle():
    attributes = {"n_bits": 8, "throughput": 1e9}
    one, two = (ask(SOURCE, "ADC", "leak", **attributes, global_cycle_seconds=c).value for c in (1e-9, 2e-9))
    assert one > 0
    assert two == pytest.approx(2 * one)
    assert ask(SOURCE, "ADC", "convert", **attributes).value > 0


def test_update_is_answered_by_write():
    attributes = {"width": 64}
    assert (
        ask(SOURCE, "LPDDR4", "update", **attributes).value
        == ask(SOURCE, "LPDDR4", "write", **attributes).value
    )


def test_a_dram_type_outside_the_table_comes_from_there():
    memory = {"name": "Main", "class": "DRAM", "attributes": {"type": "HBM3", "width": 1024, "datawidth": 8}}
    result = estimate(
        architecture_of(memory, UNIT), component_classes("two_adders"), EstimationOptions(use_cache=False)
    )
    assert result.ert.by_name["System.Main"].energy_pj("read") == pytest.approx(4147.2)
    line = next(a for a in result.answers if a.component == "System.Main" and a.action == "read")
    assert (line.estimator, line.accuracy) == ("hwcomponents: HBM3", 50)


def test_answers_are_kept_on_disk(tmp_path, monkeypatch):
    cache = AnswerCache(tmp_path)
    first = ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=8)

    def not_again(question):
        raise AssertionError(f"asked again: {question}")

    monkeypatch.setattr(hwcomponents_source, "_call_models", not_again)
    assert ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=8) == first
    with pytest.raises(AssertionError, match="asked again"):
        ask(HwcomponentsSource(cache), "isaac_adc", "convert", resolution=7)


def test_unknown_classes_and_placeholders_are_declined():
    for class_name in ("flux_capacitor", "dummy_storage", "dummy_compute"):
        with pytest.raises(Declined) as caught:
            ask(SOURCE, class_name, "read")
        assert not caught.value.knows_class


def test_a_missing_attribute_is_named():
    with pytest.raises(Declined, match="n_bits"):
        ask(SOURCE, "ADC", "convert")


CACTI_MESSAGE = "Logs ...\n| Exception: CACTI failed with exit code 1. Please check ...\n"


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (
            "2.36",
            "CACTI program of hwcomponents does not start here: it needs glibc 2.38, this system has glibc 2",
        ),
        ("2.40", "the CACTI program of hwcomponents failed"),
    ],
)
def test_a_program_that_does_not_start_is_an_error_that_names_the_component(monkeypatch, version, reason):
    def failing(*_, **__):
        raise RuntimeError(CACTI_MESSAGE)

    monkeypatch.setattr(hwcomponents, "get_action_cost", failing)
    monkeypatch.setattr(hwcomponents_source.platform, "libc_ver", lambda: ("glibc", version))
    memory = {"name": "Huge", "class": "SRAM", "attributes": {"width": 512, "depth": 64, "datawidth": 8}}
    with pytest.raises(EstimationError) as caught:
        estimate(
            architecture_of(memory, UNIT), component_classes("two_adders"), EstimationOptions(use_cache=False)
        )
    message = str(caught.value)
    assert message.startswith("System.Huge: nobody can estimate the energy of action 'read' of class 'SRAM'")
    assert "the SRAM table covers widths 8 to 256 here, not 512" in message
    assert reason in message
    assert "\n" not in message


def test_the_packages_are_not_imported_when_the_tables_suffice():
    code = (
        "import sys; sys.path[:0] = ['tests']\n"
        "from estimation_cases import *\n"
        "from harness.estimation import estimate\n"
        "estimate(architecture_of(MEMORY, UNIT), component_classes('two_adders'))\n"
        "assert not {'hwcomponents', 'numpy', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_everything_from_the_tables_without_the_packages():
    result = estimate(
        architecture_of(MEMORY, UNIT),
        component_classes("two_adders"),
        EstimationOptions(use_hwcomponents=False),
    )
    assert result.art.by_name["System.Unit[1..4]"] == 440.523
