"""Published macros: their figures, their tables in docs/pim.md, and their templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from arches_cases import conv, matmul, norm
from program_cases import real_neurosim

from benchmarks import crossbar
from benchmarks.macros import ISAAC_PARTS, POINTS, Row, isaac_table, main, rows, table
from harness.errors import SpecError
from harness.estimation import Estimate, EstimationOptions, estimate
from harness.spec.flattened import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import list_architectures, load_architecture_template

ROOT = Path(__file__).parents[1]
MACROS = ("colonnade", "isaac", "jia")
pytest.importorskip("hwcomponents_library")


def _template(name: str) -> Any:
    return load_architecture_template(name)


def _row(macro: str, label: str) -> Row:
    return next(r for r in rows() if r.point.macro == macro and r.point.label == label)


@pytest.mark.parametrize(
    ("macro", "label", "pj", "error"),
    [
        ("isaac", "16 x 16 bits, tile", 2.7905, 0.039),
        ("isaac", "16 x 16 bits, chip", 3.2943, 0.034),
        ("jia", "1 x 1 bits, 0.85 V", 0.0035413, -0.292),
        ("jia", "1 x 1 bits, 1.2 V", 0.0042588, -0.591),
        ("colonnade", "1 x 1 bits, 0.6 V", 0.027625, 0.620),
        ("colonnade", "16 x 16 bits, 0.6 V", 1.54546, 0.592),
        ("colonnade", "8 x 8 bits, 0.8 V", 0.788366, -0.326),
    ],
)
def test_energy_of_a_mac_and_its_error(macro: str, label: str, pj: float, error: float) -> None:
    row = _row(macro, label)
    assert row.modelled_pj == pytest.approx(pj, rel=1e-4)
    assert row.error == pytest.approx(error, abs=6e-4)


def test_the_converters_of_isaac_by_hand() -> None:
    """Eight slices in sixteen steps are 128 conversions for a sum of 128 rows: one for each MAC."""
    parts = dict(_row("isaac", "16 x 16 bits, tile").parts)
    assert parts["converters"] == pytest.approx(1.666666667 + 0.021 + 8.13e-6, rel=1e-5)
    # Sixteen drives of a row for sixteen words; eight cells in sixteen steps.
    assert parts["row_driver"] == pytest.approx(0.41667, rel=1e-6)
    assert parts["mac"] == pytest.approx(8 * 16 * 0.00183, rel=1e-6)


def test_colonnade_by_hand() -> None:
    """15 columns hold a word of 8 bits; 8 words share the 128 ports of a row."""
    row = _row("colonnade", "8 x 8 bits, 0.8 V")
    logic = 15 * 0.000259350513 * 0.5 * (15 + 8 + 2)
    ports = 128 / 8 * 0.009740018 * 0.25
    register = 0.08766027 / 8
    assert row.modelled_pj == pytest.approx(8 * (logic + ports + register), rel=1e-6)
    low = _row("colonnade", "8 x 8 bits, 0.6 V")
    assert low.modelled_pj == pytest.approx(row.modelled_pj * (0.6 / 0.8) ** 2, rel=1e-6)


def test_the_array_of_jia_by_hand() -> None:
    parts = dict(_row("jia", "1 x 1 bits, 0.85 V").parts)
    assert parts["mac"] == pytest.approx(0.5 * 2e-15 * 0.85**2 * 1e12, rel=1e-6)
    model = pytest.importorskip("hwcomponents_adc.main").ADC(
        n_bits=8, tech_node=65e-9, throughput=1 / 1.35e-6
    )
    assert parts["converters"] == pytest.approx(model.get_energy() * 1e12 / 2304, rel=1e-6)
    area = next(a.value for a in _estimated("jia", {}).answers if a.action is None and ".mac[" in a.component)
    assert area == pytest.approx(146 * 0.065**2, rel=1e-6)


def test_the_published_units_of_isaac_sum_to_its_tile() -> None:
    assert sum(milliwatts for _, _, milliwatts in ISAAC_PARTS) == pytest.approx(330 / 12, rel=1e-3)


def test_the_tables_of_the_documentation_are_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (ROOT / "docs" / "pim.md").read_text()
    assert table(rows()) in text
    assert main([]) == 0
    printed = capsys.readouterr().out
    for part in (table(rows()), isaac_table(rows()[0]), crossbar.table()):
        assert part in text and part in printed


def test_the_documentation_names_each_parameter_of_the_crossbar() -> None:
    text = (ROOT / "docs" / "pim.md").read_text()
    around = ("shared_glb_", "glb_bits", "dram_", "IMC_", "use_IMC", "rf_size", "min_array_fill", "strict_")
    for name in (p.name for p in load_architecture_template("pim_analog").parameters):
        assert f"`{name}" in text or name.startswith(around) or name == "dataflow", name


def test_the_table_of_colonnade_has_what_the_models_answer() -> None:
    """Where NeuroSim runs. The other estimator asks the models themselves."""
    point = next(p for p in POINTS if p.macro == "colonnade" and "0.8" in p.label)
    real_neurosim()  # skips where it cannot be run
    live = _estimated("colonnade", point.parameters, EstimationOptions(estimator="hwcomponents"))
    asked = [a for a in live.answers if "hwcomponents" in a.estimator]
    assert asked
    shipped = {(a.component, a.action): a.value for a in _estimated("colonnade", point.parameters).answers}
    for answer in asked:
        assert answer.value == pytest.approx(shipped[answer.component, answer.action], rel=1e-6)


def test_macros_are_known_by_name_but_no_architectures_for_models() -> None:
    files = (ROOT / "arches" / "macros").glob("*.yaml.jinja")
    assert sorted(f.name.removesuffix(".yaml.jinja") for f in files) == sorted(MACROS)
    assert not set(MACROS) & {t.name for t in list_architectures()}
    with pytest.raises(SpecError, match="did you mean 'isaac'"):
        _template("isaak")


@pytest.mark.parametrize("name", MACROS)
def test_a_macro_runs_layers_and_refuses_norm_operators(name: str) -> None:
    template = _template(name)
    for problem, operator in ((matmul(96, 200, 64), "matmul"), (conv(1, 24, 88, 1, 28), "conv")):
        tree = template.render({}, problem, operator)
        tree["problem"] = write_problem(problem)
        specification_from_v4_tree(tree)
    with pytest.raises(SpecError, match="no norm unit"):
        template.render({}, norm(64, 64, 2), "norm")


OTHERS: dict[str, Any] = {"word_bits": 8, "cell_bits": 1, "pe_cols": 512, "rows_per_register": 16}


@pytest.mark.parametrize("name", MACROS)
def test_each_parameter_of_a_macro_reaches_its_structure_or_figures(name: str) -> None:
    template = _template(name)
    plain = template.render({}, matmul(64, 96, 64), "matmul")
    for parameter in template.parameters:
        value = OTHERS.get(parameter.name)
        if parameter.name == "technology":
            value = "45nm"
        elif parameter.type == "bool":
            value = not parameter.default
        elif value is None:
            value = parameter.default * 2 if parameter.name not in ("mean_input", "activity") else 0.25
        assert template.render({parameter.name: value}, matmul(64, 96, 64), "matmul") != plain, parameter.name


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("isaac", {"cell_bits": 3}, "word_bits must be a multiple of cell_bits"),
        ("isaac", {"pe_cols": 100}, "pe_cols must hold whole words"),
        ("colonnade", {"pe_cols": 8}, "pe_cols must hold a word"),
        ("colonnade", {"rows_per_register": 5}, "pe_rows must be a multiple"),
        ("jia", {"weight_bits": 300}, "pe_cols must hold a word"),
    ],
)
def test_what_a_macro_cannot_hold_is_refused(name: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        _template(name).resolve(given)


def _estimated(
    name: str, parameters: Mapping[str, Any], options: EstimationOptions | None = None
) -> Estimate:
    problem = matmul(8, 128, 64)
    tree = _template(name).render(parameters, problem, "matmul")
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    return estimate(spec.architecture, spec.compound_components, options or EstimationOptions())
