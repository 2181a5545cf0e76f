"""The HTML page in a real browser: no errors, no network, and what can be clicked does its work."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from report_page_cases import hostile_sweep, mapped, plain_sweep
from sweep_cases import LAYERS, SETTINGS, SweepInStore

from harness.engines.result import CheckRecord
from harness.report.page import write_page
from harness.sweep import run
from harness.sweep.study import Study

playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: none of chromium, chromium-browser, google-chrome is on the PATH"
)


@dataclass
class Opened:
    """A page in the browser, and everything it complained about or asked for."""

    page: Any
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def shown(self) -> list[int]:
        """The indices in the table, as sorted."""
        return [int(t) for t in self.page.locator("#table tbody th").all_inner_texts()]

    def plotted(self) -> int:
        return int(self.page.locator("#scatter .points path").count())

    def filter(self, text: str) -> None:
        self.page.fill("#filter", text)
        self.page.wait_for_timeout(50)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        # Playwright's own flags switch features off; ours are those of a plain headless browser.
        started = running.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in (("plain", plain_sweep), ("hostile", hostile_sweep)):
        (folder / name).mkdir()
        write_page(make(folder / name), folder / f"{name}.html", "hwdse_run.py -so --html report.html")
    return {name: folder / f"{name}.html" for name in ("plain", "hostile")}


def open_page(browser: Any, file: Path, width: int = 1400, **options: Any) -> Opened:
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    opened = Opened(page)
    page.on("console", lambda message: opened.problems.append(message.text))
    page.on("pageerror", lambda error: opened.problems.append(str(error)))
    page.on("request", lambda request: opened.requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    return opened


@pytest.fixture(scope="module")
def opened_once(browser: Any, files: dict[str, Path]) -> Iterator[Opened]:
    opened = open_page(browser, files["plain"])
    yield opened
    opened.page.close()


@pytest.fixture
def plain(opened_once: Opened, files: dict[str, Path]) -> Iterator[Opened]:
    """One page for all tests, for opening it takes a second; each begins with everything as at first."""
    opened_once.page.mouse.move(0, 0)
    opened_once.page.evaluate("() => state.chooseStudy(0)")
    yield opened_once
    assert opened_once.problems == []
    outside = [url for url in opened_once.requests if not url.startswith(("data:", "blob:"))]
    assert outside == [files["plain"].as_uri()]


def test_every_section_shows_something(plain: Opened) -> None:
    page = plain.page
    assert page.locator("main > section:visible").count() == 10
    assert page.inner_text("h1") == "bert-large"
    assert len(plain.shown()) == plain.plotted() == 7
    assert page.inner_text("#count") == "7 of 7"
    assert page.locator("#best .card").count() == 7
    assert page.locator("#energy .bars .point").count() > 0
    assert page.locator("#roofline .points path").count() > 0
    assert page.locator(".bound .meter.on").count() == 2
    assert "nothing fits" in page.inner_text("#failures")
    assert "a reservation" in page.inner_text("#notes")
    assert page.locator("#grid td.heat").count() == 6


def test_hover_tells_the_configuration(plain: Opened) -> None:
    page = plain.page
    page.locator("#scatter").scroll_into_view_if_needed()
    box = page.locator("#scatter .points path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#scatter .hoverlayer .hovertext")
    told = page.text_content("#scatter .hoverlayer")
    assert "gemmini" in told
    assert "pe_rows=" in told
    assert "EDP-sum" in told


def test_a_click_on_a_point_chooses_it(plain: Opened) -> None:
    page = plain.page
    page.evaluate("document.getElementById('tradeoff').scrollIntoView()")
    before = page.inner_text(".who .idx")
    for number in range(plain.plotted()):
        box = page.locator("#scatter .points path").nth(number).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(80)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        if page.inner_text(".who .idx") != before:
            break
    chosen = page.inner_text(".who .idx")
    assert chosen != before
    assert page.locator("#table tr.on").get_attribute("data-index") == chosen
    assert page.locator("#scatter .shapelayer path").count() == 1


def test_text_filters_act_on_table_and_scatter(plain: Opened) -> None:
    for text, left in (
        ("pe_rows=16", {2, 3}),
        ("pe_rows=8|32 dataflow=OS", {1, 5}),
        ("pe_rows>=32", {4, 5, 6}),
        ("arch=tpu", {6}),
        ("dataflow!=WS", {1, 3, 5, 6}),
        ("index<2", {0, 1}),
        ("gemm dataflow=ws", {0, 2, 4}),
        ("nowhere", set()),
    ):
        plain.filter(text)
        assert set(plain.shown()) == left, text
        assert plain.plotted() == len(left), text
        assert plain.page.inner_text("#count") == f"{len(left)} of 7"


def test_a_filter_that_is_not_understood_says_so(plain: Opened) -> None:
    plain.filter("pe_row=16")
    assert "no column “pe_row”" in plain.page.inner_text("#filter-problem")
    assert len(plain.shown()) == 7
    plain.filter("cycles<many")
    assert "not a number" in plain.page.inner_text("#filter-problem")


def test_ticks_and_clear(plain: Opened) -> None:
    page = plain.page
    page.click("#filters summary")
    page.locator("#filters fieldset", has_text="dataflow").get_by_label("OS", exact=True).uncheck()
    assert set(plain.shown()) == {0, 2, 4, 6}
    assert plain.plotted() == 4
    page.click("#clear")
    assert len(plain.shown()) == 7


def test_a_brush_in_the_parallel_coordinates_filters(plain: Opened) -> None:
    page = plain.page
    page.locator("#parallel svg").scroll_into_view_if_needed()
    axis = page.locator("#parallel g", has_text="pe_rows").locator(".zone")
    box = axis.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 20)
    page.mouse.move(middle, box["y"] + 40)
    page.mouse.up()
    assert plain.shown() == [6]
    assert plain.plotted() == 1
    page.mouse.dblclick(middle, box["y"] + 150)
    assert len(plain.shown()) == 7


def test_headings_sort(plain: Opened) -> None:
    by_edp = plain.shown()
    heading = plain.page.locator("#table thead button", has_text="cycles").first
    plain.page.locator("#table thead").get_by_role("button", name="index").click()
    assert plain.shown() == sorted(by_edp)
    plain.page.locator("#table thead").get_by_role("button", name="index").click()
    assert plain.shown() == sorted(by_edp, reverse=True)
    heading.click()
    assert plain.page.locator("#table th[aria-sort=ascending]").count() == 1


def test_the_front_is_that_of_the_results(plain: Opened, files: dict[str, Path]) -> None:
    front = plain.page.evaluate(
        """() => {
            const { view } = state.current;
            const front = data.front([...view.index.keys()], view.column("cycles"), view.column("energy_pj"));
            return front.map((row) => view.index[row]);
        }"""
    )
    assert front == plain.page.evaluate("() => state.current.view.study.front")


def test_charts_of_the_chosen_one_can_be_turned(plain: Opened) -> None:
    page = plain.page
    for name in ("One instance", "Share", "By tensor", "All occurrences"):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert page.locator("#energy .bars .point").count() > 0
    for figure in ("Cycles", "Energy", "Search time"):
        page.locator("#grid").get_by_role("button", name=figure).click()
        assert page.locator("#grid td.heat").count() == 6
    page.locator("#tradeoff select").nth(0).select_option("area_um2")
    assert "area" in page.text_content("#scatter .xtitle")


def test_no_button_sends_a_chart_away(plain: Opened) -> None:
    titles = plain.page.eval_on_selector_all(".modebar-btn", "all => all.map((one) => one.dataset.title)")
    assert any("Download" in title for title in titles)
    assert not [title for title in titles if "hare" in title or "loud" in title]


def test_mappings_are_nested_boxes(plain: Opened) -> None:
    card = plain.page.locator(".nest[data-layer=KQV]")
    assert card.locator(".level .title").all_inner_texts() == ["DRAM", "Buffer"]
    assert card.locator(".level .level .compute").inner_text() == "MAC"
    assert card.locator(".loop").all_inner_texts()[0] == "for L in 4 (last 3)"
    assert card.locator(".spatial").all_inner_texts() == [
        "parallel D in 2spatial Y",
        "parallel E in 4spatial X",
    ]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real sweep of two configurations, whose templates are still there."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "tiny.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}}")
    configurations = [{"pe_rows": 4, "pe_cols": 4}, {"pe_rows": 8, "pe_cols": 4}]
    results = run(
        ["A"], configurations=configurations, models=str(folder / "tiny.yaml"), folder=folder, jobs=1
    )
    write_page(results, folder / "swept.html")
    return folder / "swept.html"


def test_the_tables_behind_the_chosen_configuration_are_shown(browser: Any, swept: Path) -> None:
    opened = open_page(browser, swept)
    page = opened.page
    shown = page.locator("#estimates > .part:visible")
    for row in range(len(opened.shown())):
        page.locator("#table tbody tr").nth(row).click()
        assert shown.count() == 1
        assert "A: the same tables as those of the sweep, by their hash." in shown.inner_text()
        assert "% scaled" in page.inner_text("#estimates .body")
        rows = (4, 8)[int(page.inner_text(".who .idx"))]
        assert f"MAC ×{rows * 4}" in shown.inner_text()
        assert "accelergy_cacti_table" in shown.inner_text()
    page.get_by_role("button", name="Where its energy and area come from").click()
    for _ in range(100):
        if page.evaluate("() => document.querySelector('#estimates').getBoundingClientRect().top") < 200:
            break
        page.wait_for_timeout(50)
    else:
        pytest.fail("the button does not lead to the tables")
    shown.locator("summary").first.click()
    assert "technology=32nm width=" in shown.inner_text()
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_timeout(150)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
    assert opened.problems == []
    page.close()


def test_a_sweep_whose_template_is_gone_says_so(plain: Opened) -> None:
    """The made-up parameters are none of gemmini's any more."""
    plain.page.locator("#table tbody tr", has_text="gemmini").first.click()
    told = plain.page.inner_text("#estimates .body")
    assert "cannot be made again: architecture 'gemmini': unknown parameter 'width'" in told
    assert plain.page.locator("#estimates > .part").count() == 0


def test_light_and_dark(browser: Any, files: dict[str, Path]) -> None:
    opened = open_page(browser, files["plain"], color_scheme="dark")
    page = opened.page

    def background() -> str:
        return str(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))

    def ink() -> str:
        return str(page.evaluate("() => document.querySelector('#scatter .xtick text').style.fill"))

    dark, dark_ink = background(), ink()
    assert page.inner_text("#theme") == "Light"
    page.click("#theme")
    assert page.inner_text("#theme") == "Dark"
    assert (background() != dark, ink() != dark_ink) == (True, True)
    page.click("#theme")
    assert (background(), ink()) == (dark, dark_ink)
    assert opened.problems == []
    page.close()


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_nothing_is_wider_than_the_screen(browser: Any, files: dict[str, Path], name: str) -> None:
    opened = open_page(browser, files[name], width=380)
    for width in (380, 800, 1600):
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.wait_for_timeout(150)
        assert opened.page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert opened.page.locator("#scatter").bounding_box()["width"] > 0.7 * width
    assert opened.problems == []
    opened.page.close()


def test_hostile_names_do_nothing(browser: Any, files: dict[str, Path]) -> None:
    opened = open_page(browser, files["hostile"])
    page = opened.page
    page.locator("#heading select").select_option("1")
    assert opened.shown() == [4]
    page.locator("#heading select").select_option("0")
    assert set(opened.shown()) == {0, 1, 2}
    page.locator("#table tbody tr").last.click()
    page.locator("#scatter").scroll_into_view_if_needed()
    for path in page.locator("#scatter .points path").all():
        box = path.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
    assert page.evaluate("() => document.body.dataset.broken") is None
    assert page.locator("img").count() == 0
    assert page.locator("a").filter(has_not_text=re.compile("^$")).count() == 0
    assert opened.problems == []
    page.close()


def test_what_the_real_timeloop_says_otherwise_is_marked(browser: Any, tmp_path: Path) -> None:
    both = Study(replace(SETTINGS, engine="both"), LAYERS, 24)
    store = SweepInStore(tmp_path)
    for index in range(3):
        jobs = []
        for name, status in (("a", "equal"), ("b", "differs")):
            job = mapped(f"{name}{index}", 1000 + index, 3e6)
            assert job.result is not None
            check = CheckRecord(status, 234, int(status == "differs"), (f"L{index}.reads",))  # type: ignore[arg-type]
            jobs.append(replace(job, result=replace(job.result, check=check)))
        store.add(index, jobs, study=both, parameters={"pe_rows": index})
    write_page(store.results(), tmp_path / "page.html", "hwdse_run.py -so --html page.html")
    opened = open_page(browser, tmp_path / "page.html")
    assert opened.page.locator(".bound td:last-child").all_inner_texts() == ["equal", "differs"]
    assert opened.page.locator(".bound .unequal").all_inner_texts() == ["differs"]
    told = opened.page.locator("details", has_text="What is not equal")
    assert not told.locator("div").first.is_visible()  # three lines would fill the heading
    told.locator("summary").click()
    assert "KTQ on 0: differs from the real Timeloop" in told.inner_text()
    assert opened.problems == []
    opened.page.close()
