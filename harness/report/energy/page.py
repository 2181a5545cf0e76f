"""The tables as a page of their own: one file without scripts that loads nothing."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engines.energy_tables import EnergyTables

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def tables_page(all_tables: Sequence[EnergyTables], command: str = "") -> str:
    """The whole page. ``command`` is what the reader sees as the command that made it."""
    from harness.engines.version import package_version  # noqa: PLC0415
    from harness.report.energy.html import tables_html  # noqa: PLC0415

    style = (files("harness.report.page") / "static" / "page.css").read_text(encoding="utf-8")
    title = html.escape(f"Energies and areas: {', '.join(tables.architecture for tables in all_tables)}")
    sections = "\n".join(f'<section class="part">{tables_html(tables)}</section>' for tables in all_tables)
    by = f"transformer-harness {package_version()}" + (
        f", <code>{html.escape(command)}</code>" if command else ""
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><div class="inner"><h1>{title}</h1>
<p class="over">per action and instance, and where they come from</p></div></header>
<main>
{sections}
</main>
<footer><p>{by}</p></footer>
</body>
</html>
"""
