"""The HTML page of a sweep: whole, harmless, and with the figures of the results."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from report_page_cases import HOSTILE, MAPPING, hostile_sweep, mapped, plain_sweep

from harness.engines.loop_nest import loop_text
from harness.errors import HarnessError
from harness.report.page import page_html, write_page
from harness.report.page.breakdown import shares
from harness.report.page.document import SCRIPTS, safe_json
from harness.report.page.figures_of_merit import MERITS
from harness.report.page.nest import nest_levels
from harness.report.page.payload import payload
from harness.report.page.survey import carried, survey
from harness.report.sweep.roofline import roofline_point
from harness.sweep import run
from harness.sweep.comparison import CRITERIA
from harness.sweep.metrics import Metrics
from harness.sweep.results import SweepResults

STATIC = Path(__file__).resolve().parents[1] / "harness" / "report" / "page" / "static"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of its scripts and of its title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "title", "style"):
            self._open = tag
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, before = self.texts[-1]
            self.texts[-1] = (tag, before + data)

    def scripts(self) -> list[str]:
        return [text for tag, text in self.texts if tag == "script"]


@dataclass(frozen=True)
class Page:
    results: SweepResults
    html: str
    elements: Elements

    @property
    def data(self) -> Any:
        return json.loads(self.elements.scripts()[0])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Page:
    results = plain_sweep(tmp_path_factory.mktemp("plain"))
    html = page_html(results, "hwdse_run.py -so --html report.html")
    return Page(results, html, Elements(html))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    results = hostile_sweep(tmp_path_factory.mktemp("hostile"))
    html = page_html(results, HOSTILE)
    return Page(results, html, Elements(html))


def test_the_page_loads_nothing(plain: Page) -> None:
    loading = {"src", "href", "srcset", "data", "action", "poster", "background"}
    for tag, attributes in plain.elements.found:
        assert not loading & attributes.keys(), (tag, attributes)
    assert {tag for tag, _ in plain.elements.found}.isdisjoint({"link", "iframe", "img", "object", "base"})
    style = next(text for tag, text in plain.elements.texts if tag == "style")
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_two_scripts_and_nothing_else(plain: Page) -> None:
    policies = [a["content"] or "" for tag, a in plain.elements.found if tag == "meta" and "http-equiv" in a]
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    _, plotly, own = plain.elements.scripts()
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in (plotly, own)]
    sources = re.search(r"script-src ([^;]*);", policies[0])
    assert sources is not None
    assert sources.group(1).split() == [f"'sha256-{digest}'" for digest in hashes]


def test_the_script_makes_no_markup_and_runs_no_text() -> None:
    for name in SCRIPTS:
        text = (STATIC / name).read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", text
        )
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|\bimport\(", text)
    assert {path.name for path in STATIC.glob("*.js")} == set(SCRIPTS)


def test_hostile_names_stay_texts(hostile: Page, plain: Page) -> None:
    assert [tag for tag, _ in hostile.elements.found] == [tag for tag, _ in plain.elements.found]
    title = next(text for tag, text in hostile.elements.texts if tag == "title")
    assert HOSTILE in title
    study = hostile.data["studies"][0]
    assert study["model"] == HOSTILE
    assert study["layers"][0]["name"] == HOSTILE
    assert hostile.data["command"] == HOSTILE


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028\u2029", "&amp;", "ä€😀", '"\\'])
def test_json_in_the_page_is_read_back(text: str) -> None:
    written = safe_json({text: [text, 1e-300, 2**70, None, True]})
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {text: [text, 1e-300, 2**70, None, True]}


def test_the_figures_are_those_of_the_results(plain: Page) -> None:
    study = plain.data["studies"][0]
    columns = study["columns"]
    points = {p.index: p for p in plain.results.of(0)}
    good = [index for index, point in points.items() if point.metrics is not None]
    assert columns["index"] == good
    assert study["count"] == len(points)
    assert study["ranked"] == len(good)
    for row, index in enumerate(columns["index"]):
        metrics = points[index].metrics
        for merit in MERITS:
            assert columns["merits"][merit.id][row] == getattr(metrics, merit.id)
        for name in study["varying"]:
            assert columns["parameters"][name][row] == points[index].parameters.get(name)
    assert study["varying"] == ["pe_rows", "dataflow"]
    assert study["front"] == [point.index for point in plain.results.pareto(0)]


def test_every_criterion_names_its_winners_with_ties(plain: Page) -> None:
    best = {one["merit"]: one for one in plain.data["studies"][0]["best"]}
    for criterion in CRITERIA:
        winners = plain.results.best(criterion.id, 0)
        assert best[criterion.column]["indices"] == [point.index for point in winners]
        assert best[criterion.column]["ties"] == len(winners)
        assert winners[0].metrics is not None
        assert best[criterion.column]["value"] == criterion.value(winners[0].metrics)


def test_failures_and_reservations_are_told(plain: Page) -> None:
    study = plain.data["studies"][0]
    assert study["failures"] == [[7, "KTQ", "no mapping", "nothing fits"]]
    assert study["failureCount"] == 1
    assert study["notes"] == [{"text": "a reservation", "layer": "KQV", "indices": [0, 1]}]


def test_the_grid_has_the_best_of_each_architecture(plain: Page) -> None:
    grid = plain.data["studies"][0]["grid"]
    rows = {row["architecture"]: row for row in grid["rows"]}
    assert set(rows) == {"gemmini", "tpu"}
    assert rows["tpu"]["index"] == 6
    outcome = plain.results.layers(6)[0]
    assert rows["tpu"]["layers"]["KQV"]["edp"] == outcome.edp_j_cycles
    assert "tpu" in grid["caution"]


def test_details_add_up_to_the_layer(plain: Page) -> None:
    details = plain.data["studies"][0]["details"]
    assert set(details) == {str(index) for index in range(7)}
    for layer in details["0"]["layers"]:
        assert sum(share["energy_pj"] for share in layer["shares"]) == pytest.approx(layer["energy_pj"])
    assert details["0"]["parameters"]["width"] == 8


def test_a_mapping_becomes_nested_levels() -> None:
    result = mapped("x", 1000, 1e6).result
    assert result is not None
    assert result.mapping == MAPPING
    outer, inner = nest_levels(result)
    assert (outer.name, inner.name) == ("DRAM", "Buffer")
    assert [loop_text(loop) for loop in outer.loops] == ["for L in [0:4,3)", "for D in [0:8)"]
    assert [loop_text(loop) for loop in inner.loops] == [
        "for E in [0:2)",
        "for L in [0:16)",
        "for D in [0:2) (Spatial-Y)",
        "for E in [0:4) (Spatial-X)",
    ]
    assert [kept.name for kept in inner.keeps] == ["Weights", "Inputs", "Outputs"]


def test_real_mappings_energies_and_rooflines(tmp_path: Path) -> None:
    results = run(
        ["KQV", "softmax"],
        configurations=[{"pe_rows": 32, "pe_cols": 16}],
        folder=tmp_path,
        jobs=1,
    )
    for layer in ("KQV", "softmax"):
        result = results.result(0, layer)
        assert result is not None
        nest = nest_levels(result)
        printed = re.findall(r"for \w+ in \[[^)]*\)(?: \(Spatial-[XY]\))?", result.loop_nest)
        assert [loop_text(loop) for level in nest for loop in level.loops] == printed
        assert sum(share.energy_pj for share in shares(result)) == pytest.approx(result.energy_pj, rel=1e-12)
        point = roofline_point(result, results.limits(0, layer))
        assert point is not None
        rate = point.macs / point.cycles
        assert rate <= point.units
        assert point.busier is not None
        assert point.busier.bytes_per_cycle is not None
        assert rate <= point.intensity * point.busier.bytes_per_cycle * (1 + 1e-9)
    assert page_html(results).count("<script") == 3


def test_too_many_points_are_sampled_but_no_front_and_no_winner_is_lost() -> None:
    figures = []
    for index in range(3000):
        cost = 1 + (index * 7919) % 3001
        other = 1 + (index * 104729) % 2999
        figures.append(
            (index, Metrics(1e6 + cost, 10**6 + other, 0.5, 1e3 + cost, 1e3, 1e6 + other, 1e3 + index))
        )
    kept = carried(figures, {17}, most=200)
    assert len(kept) == 200
    assert 17 in kept
    for x in MERITS:
        for y in MERITS:
            costs = [
                tuple((m.of(f) or 0.0) * (1 if m.better == "less" else -1) for m in (x, y))
                for _, f in figures
            ]
            front = {
                cost
                for cost in costs
                if not any(
                    o != cost and o[0] <= cost[0] and o[1] <= cost[1] for o in (costs[i] for i in kept)
                )
            }
            assert front <= {costs[index] for index in kept}
    assert carried(figures, (), most=5000) == set(range(3000))


def test_a_parameter_of_one_architecture_alone_does_not_vary(plain: Page) -> None:
    known = survey(plain.results.iterate(0))
    assert known.varying == ("pe_rows", "dataflow")
    assert known.architectures == {"gemmini": 7, "tpu": 1}
    assert known.common == {}


def test_the_payload_says_what_it_left_out(plain: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.page.payload.MOST_DETAILED", 2)
    monkeypatch.setattr("harness.report.page.payload.LEAST_DETAILED", 2)
    study = payload(plain.results)["studies"][0]
    assert len(study["details"]) == 2
    assert str(plain.results.best("edp_sum", 0)[0].index) in study["details"]


def test_the_page_is_written_whole_or_not_at_all(plain: Page, tmp_path: Path) -> None:
    write_page(plain.results, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    store = tmp_path / "sweep.sqlite"
    store.write_bytes(b"everything that was ever found")
    for place, reason in (
        (tmp_path, "it is a folder"),
        (tmp_path / "new" / "report.html", "there is no folder"),
        (store, "cannot write the page"),
    ):
        with pytest.raises(HarnessError, match=reason):
            write_page(plain.results, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "sweep.sqlite"]
    assert store.read_bytes() == b"everything that was ever found"
