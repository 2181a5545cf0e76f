"""Sentences at the terminal's width: broken at spaces, but not between a number and its unit."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement

_UNITS = r"%|\+-|min|ms|us|s|[pnum]?J(?:\*cycles)?|[num]m(?:\^2)?|MACs?|mappings|other sources|more|of it"
_BOUND = re.compile(rf"(?<=\d) (?=(?:{_UNITS})(?![\w^*]))|(?<=\bnone) (?=of it\b)|(?<=\bof) (?=it\b)")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def folded(text: str, width: int, hang: int = 4) -> str:
    """The line as it is where it fits, else as several, those after the first ``hang`` further in.

    Words are kept whole, so that one that is longer than ``width`` (a path) can be copied.
    """
    if len(text) <= width:
        return text
    indent = " " * (len(text) - len(text.lstrip(" ")) + hang)
    return "\n".join(
        textwrap.wrap(
            _BOUND.sub(_NO_BREAK, text),
            max(width, len(indent) + 1),
            subsequent_indent=indent,
            expand_tabs=False,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ).replace(_NO_BREAK, " ")


class Prose:
    """A sentence in a cell, as wide as there is room; brackets of names are no markup."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415 - rich is slow to import

        yield Text(
            "\n".join(folded(line, options.max_width, 0) for line in self._text.split("\n")), overflow="fold"
        )

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement  # noqa: PLC0415

        words = _BOUND.sub(_NO_BREAK, self._text).split(" ")
        lines = self._text.split("\n")
        return Measurement(max(map(len, words)), max(map(len, lines))).clamp(max_width=options.max_width)
