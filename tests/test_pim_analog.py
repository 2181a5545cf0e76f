"""The analog crossbar: what each parameter of cells, converters and encodings does to energy and area."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from pim_cases import areas, energies, estimated

from harness.engines import embedded
from harness.engines.layer_job import LayerRequest, layer_job
from harness.errors import EstimationError, SpecError
from harness.estimation import EstimationOptions
from harness.spec.settings import SearchSettings
from harness.spec.templates import load_architecture_template
from harness.workloads import gemm_layer

# The rows of the shipped tables, pJ and um^2.
CELL, CELL_AREA, READ, WRITE = 0.00183, 0.001525879, 0.0066, 0.0033
DAC, ADC, ADC_AREA, HOLD, ADD = 0.0033, 1.66, 1200.0, 8.13e-6, 0.0418
BUFFER = 0.192
"""One access of the output buffer, 128 rows of 16 bits."""


def _figures(**parameters: Any) -> dict[str, float]:
    return energies(estimated("pim_analog", parameters))


def _sum_out(slices: int, steps: int, groups: int = 1, share: float = 1.0, converter: float = ADC) -> float:
    """What bringing one sum out costs: sample, convert and add every slice in every step."""
    conversions = slices * steps * groups * share
    return conversions * (HOLD + converter + ADD) + (steps * groups - 2) * 2 * BUFFER


def test_the_defaults_are_the_figures_as_meant() -> None:
    found = _figures()
    assert found["mac.compute"] == pytest.approx(8 * 16 * CELL, rel=1e-12) == 0.23424
    assert found["D2A_NoC.transfer_Inputs"] == pytest.approx(8 * 16 * 16 * DAC, rel=1e-12)
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, 16), rel=1e-12)
    area = areas(estimated("pim_analog", {}))
    assert area["A2D_NoC"] == 2032.5
    assert area["mac"] == pytest.approx(8 * CELL_AREA, rel=1e-12)


@pytest.mark.parametrize("word", [8, 16])
@pytest.mark.parametrize("cell", [1, 2])
@pytest.mark.parametrize(
    ("encoding", "counts"),
    [
        ("offset", (lambda w, c: ceil(w / c), 1, 1)),
        ("offset_unit_column", (lambda w, c: ceil(w / c), 1, 1)),
        ("differential", (lambda w, c: ceil((w - 1) / c), 2, 1)),
        ("differential_digital", (lambda w, c: ceil((w - 1) / c), 2, 2)),
        ("twos_complement", (lambda w, c: 1 + ceil((w - 1) / c), 1, 1)),
    ],
)
def test_encodings_of_the_weights(word: int, cell: int, encoding: str, counts: tuple[Any, int, int]) -> None:
    slices, cells, converted = counts
    n = slices(word, cell)
    share = 1 + 1 / 128 if encoding == "offset_unit_column" else 1.0
    found = _figures(word_bits=word, cell_bits=cell, weight_encoding=encoding)
    one_cell = {1: 0.00345, 2: CELL}[cell]
    # Of a pair one cell conducts, both are written.
    assert found["mac.compute"] == pytest.approx(n * word * one_cell * share, rel=1e-9)
    assert found["scratchpad.write"] == pytest.approx(cells * n * WRITE * cell / 2, rel=1e-9)
    assert found["scratchpad.read"] == pytest.approx(cells * n * READ * cell / 2, rel=1e-9)
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(
        _sum_out(converted * n, word, share=share), rel=1e-9
    )
    # A word is charged for the columns of its crossbar that hold one word each.
    columns = 128 * cell // word
    assert found["D2A_NoC.transfer_Inputs"] == pytest.approx(n * word * columns * DAC, rel=1e-9)


@pytest.mark.parametrize(
    ("encoding", "dac_bits", "drives", "steps"),
    [
        ("twos_complement", 1, 16, 16),
        ("twos_complement", 2, 9, 9),
        ("offset", 1, 16, 16),
        ("offset", 2, 8, 8),
        ("bipolar", 1, 15, 15),
        ("bipolar", 4, 4, 4),
        ("two_pass", 1, 15, 30),
        ("two_pass", 2, 8, 16),
    ],
)
def test_encodings_of_the_inputs(encoding: str, dac_bits: int, drives: int, steps: int) -> None:
    found = _figures(input_encoding=encoding, dac_bits=dac_bits)
    assert found["mac.compute"] == pytest.approx(8 * drives * CELL, rel=1e-9)
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, steps), rel=1e-9)
    one = {1: DAC, 2: 2 * DAC, 4: 8 * DAC}[dac_bits]
    assert found["D2A_NoC.transfer_Inputs"] == pytest.approx(8 * drives * 16 * one, rel=1e-9)


def test_fewer_cells_summed_at_once_take_more_conversions_and_nothing_else() -> None:
    whole, parts = _figures(), _figures(summed_at_once=48)
    assert parts["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, 16, groups=3), rel=1e-9)
    assert parts["mac.compute"] == whole["mac.compute"]
    assert parts["D2A_NoC.transfer_Inputs"] == whole["D2A_NoC.transfer_Inputs"]
    # The reduction lies on the columns with resting weights, on the rows with resting inputs.
    tall = {"pe_rows": 256, "summed_at_once": 128}
    assert _figures(**tall)["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, 16), rel=1e-9)
    assert _figures(**tall, dataflow="IS")["A2D_NoC.transfer_Outputs"] == pytest.approx(
        _sum_out(8, 16, groups=2), rel=1e-9
    )


def test_fewer_columns_at_once_drive_the_rows_again_and_nothing_else() -> None:
    whole, parts = _figures(), _figures(columns_at_once=50)
    assert parts["D2A_NoC.transfer_Inputs"] == pytest.approx(3 * whole["D2A_NoC.transfer_Inputs"])
    assert parts["mac.compute"] == whole["mac.compute"]
    assert parts["A2D_NoC.transfer_Outputs"] == whole["A2D_NoC.transfer_Outputs"]
    # A pair of columns is two.
    pairs = _figures(columns_at_once=128, weight_encoding="differential")
    assert pairs["D2A_NoC.transfer_Inputs"] == pytest.approx(2 * whole["D2A_NoC.transfer_Inputs"])


def test_converters_are_shared_by_columns() -> None:
    """ISAAC: eight converters of 1200 um^2 for eight arrays of 128 columns, 0.0096 mm^2."""
    one = areas(estimated("pim_analog", {}))["A2D_NoC"]
    isaac = areas(estimated("pim_analog", {"adc_sharing": 128}))["A2D_NoC"]
    assert isaac - one == pytest.approx(7 * ADC_AREA)
    assert areas(estimated("pim_analog", {"adc_sharing": 100}))["A2D_NoC"] - one == pytest.approx(
        10 * ADC_AREA
    )
    assert _figures(adc_sharing=128) == _figures()


@pytest.mark.parametrize(("bits", "converter"), [(4, 0.79), (6, 1.20), (7, 1.42), (9, 1.969078145)])
def test_resolutions_of_the_table(bits: int, converter: float) -> None:
    found = _figures(adc_bits=bits)
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, 16, converter=converter), rel=1e-9)


@pytest.mark.parametrize("bits", [4, 7, 11])
def test_the_survey_of_converters_answers_for_the_rate_of_one(bits: int) -> None:
    adc = pytest.importorskip("hwcomponents_adc.main").ADC
    model = adc(n_bits=bits, tech_node=32e-9, throughput=64 / 50e-9)
    parameters = {"adc_model": "survey", "adc_bits": bits, "adc_sharing": 64, "step_seconds": 50e-9}
    found = energies(estimated("pim_analog", parameters, options=EstimationOptions()))
    # Its whole energy: a fifth of it is leakage there, which a network has no action for.
    whole = model.get_energy() * 1e12
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(8, 16, converter=whole), rel=1e-6)
    area = areas(estimated("pim_analog", parameters, options=EstimationOptions()))["A2D_NoC"]
    rest = areas(estimated("pim_analog", {}))["A2D_NoC"] - ADC_AREA
    assert area == pytest.approx(rest + 16 * model.area * 1e12, rel=1e-6)


def test_cells_draw_power_as_long_as_a_step_lasts() -> None:
    assert _figures(step_seconds=5e-8)["mac.compute"] == pytest.approx(0.5 * 0.23424, rel=1e-9)
    assert _figures(step_seconds=5e-8, cell_type="STT_MRAM")["mac.compute"] == pytest.approx(
        16 * 16 * 0.25**2 / 23e3 * 50e-9 * 1e12, rel=1e-5
    )
    short, long = (_figures(step_seconds=s, cell_type="SRAM")["mac.compute"] for s in (5e-8, 1e-7))
    assert short == long == pytest.approx(16 * 16 * 2e-15 * 0.85**2 * 1e12, rel=1e-9)


@pytest.mark.parametrize(
    ("cell", "power_uw", "write", "square_features"),
    [
        ("ReRAM_1T1R", 0.4**2 / 1.02, 0.6, 53),
        ("STT_MRAM", 0.25**2 / 0.023, 1.0, 54),
        ("PCM", 40**2 * 0.021, 3.4875, 9),
    ],
)
def test_cells_of_the_cell_files(cell: str, power_uw: float, write: float, square_features: int) -> None:
    found = _figures(cell_type=cell, word_bits=8)
    assert found["mac.compute"] == pytest.approx(8 * 8 * power_uw * 0.1, rel=1e-5)
    assert found["scratchpad.write"] == pytest.approx(8 * write, rel=1e-9)
    area = areas(estimated("pim_analog", {"cell_type": cell, "word_bits": 8}))["mac"]
    assert area == pytest.approx(8 * square_features * 0.032**2, rel=1e-6)


def test_a_word_in_sram_has_its_share_of_an_access_of_the_array() -> None:
    word, byte = (_figures(cell_type="SRAM", word_bits=bits) for bits in (16, 8))
    for action in ("read", "write", "leak"):
        assert word[f"scratchpad.{action}"] == pytest.approx(2 * byte[f"scratchpad.{action}"]) != 0
    # CACTI's 128 rows of 128 bits cost some 2 pJ; a word is an eighth of a row.
    assert 0.1 < word["scratchpad.read"] < 0.5
    assert _figures(cell_type="SRAM", pe_cols=1024)["scratchpad.read"] > word["scratchpad.read"]


@pytest.mark.parametrize("shape", [(64, 128), (128, 64), (256, 256)])
def test_arrays_follow_the_swept_sides(shape: tuple[int, int]) -> None:
    rows, columns = shape
    found = estimated("pim_analog", {"pe_rows": rows, "pe_cols": columns})
    assert energies(found)["D2A_NoC.transfer_Inputs"] == pytest.approx(8 * 16 * columns / 8 * DAC, rel=1e-9)
    assert areas(found)["D2A_NoC"] == pytest.approx(8 * rows * 0.166, rel=1e-9)
    assert energies(found)["mac.compute"] == 0.23424
    assert any(a.component.endswith(f".mac[1..{rows * columns}]") for a in found.answers)


def test_eight_bit_operands_need_a_quarter_of_the_conversions() -> None:
    found = _figures(word_bits=8)
    assert found["mac.compute"] == pytest.approx(0.23424 / 4, rel=1e-9)
    assert found["A2D_NoC.transfer_Outputs"] == pytest.approx(_sum_out(4, 8), rel=1e-9)
    assert _figures(word_bits=8, sum_bits=32)["A2D_NoC.transfer_Outputs"] > found["A2D_NoC.transfer_Outputs"]


def test_the_norm_variant_keeps_words_in_the_cells_that_the_crossbar_has() -> None:
    buffer = {"use_IMC_as_buffer": True, "word_bits": 16}
    plain = energies(estimated("pim_analog", buffer, "norm"))
    pcm = energies(estimated("pim_analog", {**buffer, "cell_type": "PCM"}, "norm"))
    sram = energies(estimated("pim_analog", {**buffer, "cell_type": "SRAM"}, "norm"))
    assert plain["IMC_as_buffer.write"] == pytest.approx(8 * WRITE)
    assert pcm["IMC_as_buffer.write"] == pytest.approx(16 * 3.4875)
    assert plain["IMC_as_buffer.write"] < sram["IMC_as_buffer.write"] < pcm["IMC_as_buffer.write"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"adc_bits": 3}, "adc_bits must be 4 or more, not 3"),
        ({"adc_bits": 4}, None),
        ({"adc_bits": 10}, None),
        ({"adc_bits": 11}, "adc_bits must be 4 to 10 with adc_model=table, .*; adc_model=survey takes more"),
        ({"adc_bits": 11, "pim_accounting": "legacy"}, "adc_bits must be 4 to 10"),
        ({"adc_bits": 11, "adc_model": "survey"}, None),
        ({"adc_bits": 3, "adc_model": "survey"}, "adc_bits must be 4 or more, not 3"),
        ({"cell_type": "PCM", "cell_bits": 2}, "cell_bits must be 1 unless cell_type is ReRAM"),
        (
            {"pim_accounting": "legacy", "weight_encoding": "differential"},
            "legacy reproduces published figures",
        ),
        ({"pim_accounting": "legacy", "cell_type": "SRAM"}, "legacy reproduces published figures"),
        ({"word_bits": 4, "dac_bits": 1, "input_encoding": "bipolar", "cell_bits": 4}, None),
        ({"word_bits": 16, "dac_bits": 8, "input_encoding": "bipolar"}, "at least three converter cycles"),
        ({"word_bits": 8, "cell_bits": 3}, "word_bits must be a multiple of cell_bits"),
        ({"adc_model": "survey", "step_seconds": 1e-9}, "no converter of the survey"),
        ({"cell_type": "FeFET"}, "one of ReRAM, ReRAM_1T1R, PCM, STT_MRAM, SRAM"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], said: str | None) -> None:
    template = load_architecture_template("pim_analog")
    if said is None:
        template.resolve(given)
        return
    with pytest.raises(SpecError, match=said):
        template.resolve(given)


def test_cells_without_a_row_are_told_with_the_rows_there_are() -> None:
    with pytest.raises(EstimationError, match="cellwidth=4"):
        _figures(cell_bits=4)


@pytest.mark.parametrize(
    ("given", "lossless"),
    [
        ({}, 8),  # ISAAC: 7 + 1 + 2 - 1, one saved by storing columns inverted
        ({"weight_encoding": "differential"}, 9),
        ({"weight_encoding": "twos_complement", "cell_bits": 1}, 8),
        ({"dac_bits": 2}, 10),
        ({"summed_at_once": 32}, 6),
        ({"pe_cols": 512}, 10),
        ({"pe_rows": 512}, 8),
        ({"pe_rows": 512, "dataflow": "IS"}, 10),
    ],
)
def test_too_few_bits_of_a_converter_are_remarked(given: dict[str, Any], lossless: int) -> None:
    template = load_architecture_template("pim_analog")
    assert template.remarks({**given, "adc_bits": lossless}, "matmul") == ()
    (remark,) = template.remarks({**given, "adc_bits": lossless - 1}, "matmul")
    assert "adc_bits are fewer" in remark
    assert template.remarks({**given, "adc_bits": lossless - 1}, "norm") == ()


@pytest.mark.parametrize(("bits", "remarked"), [(6, True), (8, False)])
def test_the_remark_is_a_note_of_the_result(bits: int, remarked: bool) -> None:
    request = LayerRequest(
        "pim_analog", gemm_layer("128,128,16"), SearchSettings(victory_condition=4), {"adc_bits": bits}
    )
    result = embedded.run(layer_job(request).job)
    assert result.evaluation is not None
    assert any("adc_bits are fewer" in note for note in result.evaluation.notes) == remarked


@pytest.mark.parametrize("node", [7, 14, 22, 45, 65])
def test_converters_scale_with_the_node_and_memristors_do_not(node: int) -> None:
    here, there = _figures(), _figures(technology=f"{node}nm")
    assert there["mac.compute"] == here["mac.compute"]
    for name in ("D2A_NoC.transfer_Inputs", "A2D_NoC.transfer_Outputs"):
        assert (there[name] < here[name]) == (node < 32)
    found = estimated("pim_analog", {"technology": f"{node}nm"})
    (drive,) = [
        a for a in found.answers if a.action == "transfer_Inputs" and ("num_destinations", 1) in a.arguments
    ]
    assert {part.finding.fit for part in drive.parts} == {"scaled"}
