"""The values that ``--jinja NAME=VALUE`` sets for templates among the files of a specification."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from harness.errors import Location, SpecError


def jinja_values(given: Mapping[str, str]) -> dict[str, str | int | float | bool]:
    """Numbers and truth values as such, as YAML would read them; everything else is text."""
    values: dict[str, str | int | float | bool] = {}
    for name, text in given.items():
        if not name.isidentifier():
            message = f"--jinja: '{name}' cannot be the name of a variable"
            raise SpecError(message, Location("command line"))
        value: str | int | float | bool = text
        if text.lower() in ("true", "false"):
            value = text.lower() == "true"
        else:
            for number in (int, float):
                with contextlib.suppress(ValueError):
                    value = number(text)
                    break
        values[name] = value
    return values
