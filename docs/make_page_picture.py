"""Make the picture of the page of a sweep: ``python docs/make_page_picture.py FOLDER``, a folder of results.

That of the documentation shows ``hwdse_run.py all -mx -o FOLDER``. Needs playwright and a Chromium.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from harness.report.page import write_page
from harness.sweep import load

TARGET = Path(__file__).resolve().parent / "images" / "sweep-page.png"
HIDDEN = (
    "header, #best, #table, .nests, .bound, #grid, #failures, #notes, footer, .hint, #estimates "
    "{ display: none }"
)
"""What is left are the filters, the trade-off, the parallel coordinates, the energy and the roofline."""
EMPTY = ".part:has(.nests), .part:has(.bound) { display: none } #filters { position: static }"


def main(folder: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        file = Path(place) / "page.html"
        write_page(load(folder), file)
        started = playwright.chromium.launch(executable_path=browser, args=["--headless=new", "--no-sandbox"])
        page = started.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.locator("#tradeoff select").first.select_option("area_um2")
        page.locator("#tradeoff select").nth(1).select_option("edp")
        page.add_style_tag(content=HIDDEN + EMPTY)
        page.wait_for_timeout(500)
        shot = page.locator("main").screenshot()
        started.close()
    colours = Image.open(io.BytesIO(shot)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)
    colours.save(TARGET, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
