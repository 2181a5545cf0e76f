"""What the parameters of ``pim_analog`` do to one MAC, for the tables of ``docs/pim.md``.

Part of ``python -m benchmarks macros``. A MAC of a full crossbar costs its cells, a 128th of bringing a word
in and a 128th of bringing a sum out; everything else of the architecture is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.macros import problem
from harness.estimation import EstimationOptions, estimate
from harness.spec.flattened import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import load_architecture_template

SIDE = 128

VARIANTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("the defaults, 16 bits", {}),
    ("`pim_accounting=legacy`", {"pim_accounting": "legacy"}),
    ("`word_bits=8`", {"word_bits": 8}),
    ("`weight_encoding=offset_unit_column`", {"weight_encoding": "offset_unit_column"}),
    ("`weight_encoding=differential`", {"weight_encoding": "differential"}),
    ("`weight_encoding=differential_digital`", {"weight_encoding": "differential_digital"}),
    ("`weight_encoding=twos_complement`", {"weight_encoding": "twos_complement"}),
    ("`input_encoding=bipolar`", {"input_encoding": "bipolar"}),
    ("`input_encoding=two_pass`", {"input_encoding": "two_pass"}),
    ("`dac_bits=2`", {"dac_bits": 2}),
    ("`cell_bits=1`", {"cell_bits": 1}),
    ("`summed_at_once=32`", {"summed_at_once": 32}),
    ("`summed_at_once=32 adc_bits=6`", {"summed_at_once": 32, "adc_bits": 6}),
    ("`columns_at_once=16`", {"columns_at_once": 16}),
    ("`adc_bits=4`", {"adc_bits": 4}),
    ("`adc_bits=6`", {"adc_bits": 6}),
    ("`adc_bits=10`", {"adc_bits": 10}),
    ("`adc_sharing=128`", {"adc_sharing": 128}),
    ("`adc_model=survey`", {"adc_model": "survey"}),
    ("`adc_model=survey adc_sharing=16`", {"adc_model": "survey", "adc_sharing": 16}),
    ("`cell_type=SRAM`", {"cell_type": "SRAM"}),
    ("`cell_type=ReRAM_1T1R`", {"cell_type": "ReRAM_1T1R"}),
    ("`cell_type=STT_MRAM`", {"cell_type": "STT_MRAM"}),
    ("`cell_type=STT_MRAM step_seconds=1e-8`", {"cell_type": "STT_MRAM", "step_seconds": 1e-8}),
    ("`cell_type=PCM`", {"cell_type": "PCM"}),
)


def costs(parameters: Mapping[str, Any]) -> tuple[float, float, float, float, float]:
    """pJ of one MAC for cells, words in and sums out; um^2 of all cells and of the converters of sums."""
    work = problem(SIDE, SIDE, 1)
    tree = load_architecture_template("pim_analog").render(parameters, work, "matmul")
    tree["problem"] = write_problem(work)
    spec = specification_from_v4_tree(tree)
    answers = estimate(spec.architecture, spec.compound_components, EstimationOptions()).answers
    found = {(a.component.partition("[")[0].rpartition(".")[2], a.action): a.value for a in answers}
    return (
        found["mac", "compute"],
        found["D2A_NoC", "transfer_Inputs"] / SIDE,
        found["A2D_NoC", "transfer_Outputs"] / SIDE,
        found["mac", None] * SIDE * SIDE,
        found["A2D_NoC", None],
    )


def table(variants: Iterable[tuple[str, Mapping[str, Any]]] = VARIANTS) -> str:
    lines = [
        "| `pim_analog` with | cells | words in | sums out | pJ per MAC | cells, um^2 | converters, um^2 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, parameters in variants:
        cells, words, sums, area, converters = costs(parameters)
        energies = (f"{value:.4g}" for value in (cells, words, sums, cells + words + sums))
        lines.append(f"| {name} | {' | '.join(energies)} | {area:.4g} | {converters:.5g} |")
    return "\n".join(lines)
