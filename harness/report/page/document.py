"""One HTML file from the payload: style, data, Plotly and the page's own script, all inside it.

The page can neither load anything nor run anything but its own two scripts: its content security policy
names them by their hashes. The data is JSON in an element that is not run, with the characters that
could end the element escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files

SCRIPTS = (
    "format.js",
    "dom.js",
    "data.js",
    "filters.js",
    "state.js",
    "charts.js",
    "heading.js",
    "cards.js",
    "filter_panel.js",
    "scatter.js",
    "parallel.js",
    "table.js",
    "energy.js",
    "bound.js",
    "roofline.js",
    "nest.js",
    "estimates.js",
    "chosen.js",
    "grid.js",
    "problems.js",
    "main.js",
)
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def document(payload: Mapping[str, object], estimates: str = "") -> str:
    """The page that shows ``payload``; ``estimates`` is markup with every text in it escaped."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - a heavy import

    plotly = _plain_newlines(get_plotlyjs())
    script = '"use strict";\n' + "\n".join(_static(name) for name in SCRIPTS)
    parts = {
        "title": html.escape(str(payload["title"])),
        "policy": html.escape(_policy(plotly, script)),
        "style": _static("page.css"),
        "data": safe_json(payload),
        "estimates": estimates,
        "plotly": plotly,
        "script": script,
    }
    return _PLACE.sub(lambda place: parts[place.group(1)], _static("page.html"))


def safe_json(value: object) -> str:
    """JSON in full precision that cannot end the element it stands in."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: _ESCAPES[found.group()], text)


def _policy(*scripts: str) -> str:
    sources = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _static(name: str) -> str:
    return _plain_newlines((files(__package__) / "static" / name).read_text(encoding="utf-8"))


def _plain_newlines(text: str) -> str:
    """Browsers read every line end as a line feed, also when they hash a script."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
