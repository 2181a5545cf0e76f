"""What stands behind an energy: shares by accuracy class, tables, derivations, comparison, page."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from arches_cases import PROBLEMS
from model_golden import load_cases
from rich.console import Console

from harness.engines import embedded
from harness.engines.energy_shares import energy_shares, energy_terms
from harness.engines.energy_tables import EnergyTables, energy_tables
from harness.engines.evaluation import Evaluation
from harness.engines.layer_job import LayerRequest, layer_job
from harness.estimation import Answer, EstimationOptions, estimate
from harness.estimation.answers import Contribution
from harness.estimation.query import FITS, Finding
from harness.model import evaluate
from harness.report.energy.page import tables_page
from harness.report.energy.screen import print_tables
from harness.report.energy.why import print_derivation
from harness.report.page.estimates import EstimatesOfPage
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.profiles import load_profile
from harness.spec.templates import list_architectures
from harness.sweep import run
from harness.workloads import Layer, gemm_layer


def _layer(operator: str) -> Layer:
    if operator == "norm":
        return Layer("softmax", PROBLEMS["norm"][3], "norm")
    return gemm_layer("64,128,32")


@pytest.mark.parametrize("name", [a.name for a in list_architectures()])
def test_the_shares_of_every_shipped_architecture_make_the_whole(name: str) -> None:
    operator = "norm" if name.endswith("_norm") else "matmul"
    settings = replace(load_profile("quick"), threads=1, seed=1)
    result = embedded.run(layer_job(LayerRequest(name, _layer(operator), settings)).job)
    assert result.evaluation is not None, result.reason
    shares = energy_shares(result.evaluation)
    assert math.fsum(shares.by_accuracy.values()) == pytest.approx(result.energy_pj, rel=1e-9)
    assert set(shares.by_accuracy) <= set(FITS) - {"free"}
    assert 0 <= shares.plus_minus_pj <= shares.stated_pj <= shares.total_pj * (1 + 1e-9)


def test_the_shares_of_the_golden_evaluations_make_the_whole() -> None:
    """Their tables are given; some networks and levels state energies of their own."""
    seen = 0
    for compat in ("timeloop-v4", None):
        for name, architecture, problem, mapping, _, refusal in load_cases():
            if refusal is not None:
                continue
            stats = evaluate(architecture, problem, mapping, compat=compat)  # type: ignore[arg-type]
            evaluation = Evaluation(architecture, problem, mapping, stats)
            terms = math.fsum(term.pj for term in energy_terms(evaluation))
            assert terms == pytest.approx(stats.energy_pj, rel=1e-9), name
            shares = energy_shares(evaluation).by_accuracy
            assert math.fsum(shares.values()) == pytest.approx(stats.energy_pj, rel=1e-9), name
            seen += 1
    assert seen > 200


def _small_run() -> Evaluation:
    settings = replace(load_profile("quick"), threads=1, seed=1)
    result = embedded.run(layer_job(LayerRequest("gemmini", gemm_layer("64,128,32"), settings)).job)
    assert result.evaluation is not None
    return result.evaluation


def test_every_part_of_a_sum_goes_to_its_own_class_and_stated_uncertainty_adds_up() -> None:
    evaluation = _small_run()
    unit = evaluation.architecture.arithmetic.full_name

    def mixed(answer: Answer) -> Answer:
        if answer.component != unit or answer.action != "compute":
            finding = replace(answer.parts[0].finding, fit="constant") if answer.parts else None
            parts = tuple(replace(p, finding=finding) for p in answer.parts[:1]) if finding else ()
            return replace(answer, parts=parts)
        parts = tuple(
            Contribution(
                f"{unit}.{name}", "x", "add", factor, Finding(1.0, "x", 90, fit=fit, uncertainty=off)
            )  # type: ignore[arg-type]
            for name, factor, fit, off in (("a", 1.0, "row", 0.1), ("b", 3.0, "scaled", None))
        )
        return replace(answer, parts=parts)

    shares = energy_shares(replace(evaluation, answers=tuple(map(mixed, evaluation.answers))))
    computes = evaluation.stats.arithmetic.energy_pj
    assert shares.by_accuracy["row"] == pytest.approx(computes / 4, rel=1e-12)
    assert shares.by_accuracy["scaled"] == pytest.approx(computes * 3 / 4, rel=1e-12)
    assert shares.stated_pj == pytest.approx(computes / 4, rel=1e-12)
    assert shares.plus_minus_pj == pytest.approx(computes / 40, rel=1e-12)
    assert list(shares.by_accuracy) == ["row", "scaled", "constant"]


def test_what_no_estimator_answered_has_a_class_too() -> None:
    """An ERT that was handed in, and Timeloop's built-in estimates where it lacks an action."""
    evaluation = _small_run()
    architecture = evaluation.architecture
    given = replace(evaluation, answers=())
    assert list(energy_shares(given).by_accuracy) == ["given"]
    only_unit = EnergyReferenceTable(
        (ComponentEnergy(architecture.arithmetic.full_name, (ActionEnergy("compute", 2.0),)),)
    )
    bare = architecture.with_energy(only_unit, AreaReferenceTable(()))
    stats = evaluate(bare, evaluation.problem, evaluation.mapping)
    shares = energy_shares(replace(given, architecture=bare, stats=stats)).by_accuracy
    levels = {level.name: level.energy_pj for level in stats.levels}
    assert shares["given"] == pytest.approx(stats.arithmetic.energy_pj, rel=1e-12)
    assert shares["constant"] == pytest.approx(levels["DRAM"], rel=1e-12)
    assert shares["model"] == pytest.approx(sum(levels.values()) - levels["DRAM"], rel=1e-12)


def test_legacy_placeholders_that_cost_something_are_constants() -> None:
    request = LayerRequest("pim_analog", gemm_layer("64,128,32"), replace(load_profile("quick"), threads=1))
    job = replace(layer_job(request).job, estimation=EstimationOptions(dummy_energy_pj=1.0))
    result = embedded.run(job)
    assert result.evaluation is not None
    shares = energy_shares(result.evaluation)
    assert math.fsum(shares.by_accuracy.values()) == pytest.approx(result.energy_pj, rel=1e-9)
    told = replace(result, energy_by_accuracy=shares.by_accuracy, energy_uncertainty=shares.uncertainty)
    again = type(result).from_json(told.to_json())
    assert again.energy_by_accuracy == shares.by_accuracy
    assert again.energy_uncertainty == shares.uncertainty


def test_the_factor_of_every_part_is_the_product_of_what_it_says() -> None:
    """Counts, scales and shares, of nested classes too."""
    seen: set[str] = set()
    for name in ("pim_analog", "simba", "gemmini"):
        job = layer_job(LayerRequest(name, gemm_layer("64,128,32"), load_profile("quick"))).job
        for answer in estimate(job.specification.architecture, job.specification.compound_components).answers:
            for part in answer.parts:
                assert math.prod(f for _, f in part.factors) == pytest.approx(part.factor, rel=1e-12)
                seen |= {words.split(" of ")[0] for words, _ in part.factors}
    assert {"energy_scale", "count"} <= seen


# The screen ---------------------------------------------------------------------------------------


def _answered(tables: EnergyTables, **changes: Any) -> EnergyTables:
    """The tables with every part of every figure changed so."""
    components = []
    for component in tables.components:
        lines = []
        for line in component.lines:
            parts = tuple(replace(p, finding=replace(p.finding, **changes)) for p in line.answer.parts)
            lines.append(replace(line, answer=replace(line.answer, parts=parts)))
        components.append(replace(component, lines=tuple(lines)))
    return replace(tables, components=tuple(components))


def _printed(show: Callable[..., None], *what: object, width: int = 80) -> str:
    text = io.StringIO()
    show(Console(file=text, width=width, highlight=False), *what)
    return text.getvalue()


def test_stated_uncertainty_has_a_column_and_warnings_come_last_and_once() -> None:
    plain = _tables("simba")
    assert "±" not in _printed(print_tables, plain)
    tables = _answered(plain, uncertainty=0.2, warnings=("[far] beyond its range",))
    told = _printed(print_tables, tables)
    assert re.search(r"read +\S+ pJ +20 % +", told)
    assert max(map(len, told.splitlines())) <= 80
    warnings = " ".join(told.split("warning: ")[1].split())
    assert told.count("warning: ") == 1
    assert warnings.startswith("DRAM, GlobalBuffer, ")
    assert warnings.endswith("mac: [far] beyond its range")
    why = _printed(print_derivation, tables, "GlobalBuffer.read")
    assert "stated ±    20 %" in why
    assert why.splitlines()[-1].strip() == "warning: [far] beyond its range"


def test_many_arguments_of_an_action_are_one_line_or_a_few() -> None:
    tables = _tables("pim_analog")
    network = next(c for c in tables.components if c.name == "D2A_NoC")
    assert sum(line.action != "area" for line in network.lines) > 16
    assert "num_destinations=1..16" in _printed(print_tables, tables, width=200)
    lines = tuple(replace(line, value=line.value + at) for at, line in enumerate(network.lines))
    told = _printed(print_tables, replace(tables, components=(replace(network, lines=lines),)), width=200)
    assert "... 12 more (--all)" in told
    everything = _printed(print_tables, replace(tables, components=(network,)), True, width=200)
    assert everything.count("transfer_Inputs num_destinations=") == 16


# The page -----------------------------------------------------------------------------------------


class _Markup(HTMLParser):
    """The elements of a page, and whether all of them are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "wbr", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _tables(name: str) -> EnergyTables:
    return energy_tables(layer_job(LayerRequest(name, gemm_layer("64,128,32"), load_profile("quick"))).job)


def test_the_page_is_whole_and_loads_nothing() -> None:
    text = tables_page([_tables("pim_analog"), _tables("simba")], "harness energy")
    page = _Markup(text)
    assert page.open == []
    tags = [tag for tag, _ in page.found]
    assert not {"script", "link", "img", "iframe", "a", "form"} & set(tags)
    assert "default-src 'none'" in html.unescape(text.split("Content-Security-Policy")[1][:100])
    assert not re.search(r"https?://|url\(|@import", text)
    assert tags.count("table") >= 6
    for words in ("223.207", "A2D_converter.ADC.convert (1.66)", "×16,384", "Sources", "total leakage"):
        assert words in text.replace("<wbr>", "")


def test_the_page_says_class_and_source_in_one_cell_and_breaks_names_at_their_joints() -> None:
    text = tables_page([_tables("pim_analog")])
    assert "<td>row [1]</td>" in text or "<td>row [2]</td>" in text
    assert "sample_<wbr>and_<wbr>hold" in text
    assert "1.2e-09" in text
    assert text.index("<h1>") < text.index("where they come from")


def test_hostile_names_are_text() -> None:
    tables = _tables("gemmini")
    bad = "<script>alert(1)</script><img src=x onerror=y>&amp;"
    component = tables.components[1]
    finding = replace(
        component.lines[0].answer.parts[0].finding,
        estimator=bad, citation=bad, note=bad, scaling=bad, attributes=((bad, bad),), warnings=(bad,),
    )  # fmt: skip
    part = replace(component.lines[0].answer.parts[0], component=bad, class_name=bad, finding=finding)
    lines = tuple(
        replace(line, answer=replace(line.answer, action=line.action and bad, parts=(part, part)))
        for line in component.lines
    )
    hostile = replace(component, name=bad, full_name=bad, class_name=bad, lines=lines)
    text = tables_page([replace(tables, architecture=bad, estimator=bad, components=(hostile,))], bad)
    page = _Markup(text)
    assert page.open == []
    assert not {"script", "img"} & {tag for tag, _ in page.found}
    assert "onerror" not in {name for _, attributes in page.found for name in attributes}


def test_a_sweep_says_when_its_tables_are_others_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}}")
    results = run(
        ["A"],
        configurations=[{"pe_rows": 4, "pe_cols": 4}],
        models=str(tmp_path / "tiny.yaml"),
        folder=tmp_path / "sweep",
        jobs=1,
    )
    study = results.study()
    points = {0: results.point(0)}

    def told(found: EstimatesOfPage) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = found.of_study(results, study, points, [0, 0])["0"]["tables"]
        return told

    page = EstimatesOfPage()
    assert told(page) == told(page)
    assert told(page)[0]["remark"] == "the same tables as those of the sweep, by their hash"
    assert len(page.html) == 1
    mapper = study.settings.mapper + ", action_share ignored"
    study = replace(study, settings=replace(study.settings, mapper=mapper))
    assert told(EstimatesOfPage())[0]["table"] == 0
    points = {0: replace(points[0], parameters={**points[0].parameters, "mac_multiplier": "legacy_adder"})}
    (entry,) = told(EstimatesOfPage())
    assert "not the tables of the sweep" in entry["remark"]
    points = {0: replace(points[0], architecture="gone.yaml.jinja")}
    (entry,) = told(EstimatesOfPage())
    assert entry["table"] is None
    assert "no such architecture template" in entry["remark"]
