"""The area of a result is that of everything in the area reference table, not of the levels alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engines import embedded
from harness.engines.energy_tables import energy_tables
from harness.engines.layer_job import LayerRequest, layer_job
from harness.spec.profiles import load_profile
from harness.workloads import gemm_layer


@pytest.mark.parametrize("architecture", ["pim_analog", "gemmini", "eyeriss", "aimc", "isaac"])
def test_the_area_of_a_result_is_the_area_of_the_tables(architecture: str) -> None:
    settings = replace(load_profile("quick"), threads=1, victory_condition=5)
    layer = gemm_layer("128,128,128")
    # The reference keeps areas in single precision.
    job = layer_job(LayerRequest(architecture, layer, settings, compat=None)).job
    result = embedded.run(job)
    assert result.area_um2 == pytest.approx(energy_tables(job).area_um2, rel=1e-12)


def test_converters_count() -> None:
    """They are networks between the buffer and the crossbar."""
    settings = replace(load_profile("quick"), threads=1, victory_condition=5)
    layer = gemm_layer("128,128,128")
    areas = []
    for parameters in ({}, {"adc_sharing": 128}):
        result = embedded.run(layer_job(LayerRequest("pim_analog", layer, settings, parameters)).job)
        assert result.area_um2 is not None
        areas.append(result.area_um2)
    assert areas[1] - areas[0] == pytest.approx(7 * 1200, rel=1e-3)
