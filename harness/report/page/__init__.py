"""The HTML page of a sweep: one file that holds its data, its script and Plotly, and loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.sweep.results import SweepResults


def page_html(results: SweepResults, command: str = "") -> str:
    """The whole page. ``command`` is what the reader sees as the command that made it."""
    from harness.report.page.document import document  # noqa: PLC0415 - only who makes a page pays for it
    from harness.report.page.estimates import EstimatesOfPage  # noqa: PLC0415
    from harness.report.page.payload import payload  # noqa: PLC0415

    estimates = EstimatesOfPage()
    data = payload(results, command, estimates)
    return document(data, estimates.markup)


def write_page(results: SweepResults, file: Path, command: str = "") -> None:
    """Puts the page into ``file``, whole or not at all. Raises HarnessError where it cannot be written."""
    from harness.report.files import write_folder  # noqa: PLC0415

    if file.is_dir() or not file.name:
        raise HarnessError(f"cannot write the page '{file}': it is a folder")
    if file.suffix.lower() not in (".html", ".htm"):
        # Else a slip of the pen would replace a store or a device by a page.
        raise HarnessError(f"cannot write the page '{file}'", hint="give it a name that ends in .html")
    if not file.parent.is_dir():
        raise HarnessError(f"cannot write the page '{file}': there is no folder '{file.parent}'")
    if file.exists() and not file.is_file():
        raise HarnessError(f"cannot write the page '{file}': it is no file")
    write_folder(file.parent, {file.name: page_html(results, command)})
