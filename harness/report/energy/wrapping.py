"""Texts of cells that are broken at spaces, and only where a word is too long at its own joints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement

_JOINTS = (re.compile(r".*?(?:[/,](?=.)|\.(?=[A-Za-z])|$)"), re.compile(r".*?(?:_(?=.)|$)"))
"""Up to and with a joint: of paths, lists and parts, which is the better kind; of names. A number's point is
none."""


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines += _wrapped(line, max(1, width))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    indent = text[: len(text) - len(text.lstrip(" "))]
    lines = [indent]
    for word in text.split():
        before = lines[-1]
        glued = f"{before} {word}" if before.strip() else f"{before}{word}"
        if len(glued) <= width:
            lines[-1] = glued
            continue
        if before.strip():
            lines.append(indent)
        for piece in _pieces(word, width - len(indent)):
            if len(lines[-1] + piece) > width and lines[-1].strip():
                lines.append(indent)
            lines[-1] += piece
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """The word at its joints, as few of them as will do."""
    found = [word]
    for joint in _JOINTS:
        found = [
            piece
            for part in found
            for piece in (joint.findall(part) if len(part) > width else [part])
            if piece
        ]
    width = max(1, width)
    return [piece[at : at + width] for piece in found for at in range(0, len(piece), width)]


LEAST = 16
"""Characters of a cell, below which words are not kept whole."""


class Cell:
    """A text as it is: brackets of names and numbers are no markup."""

    def __init__(self, text: str, style: str = "") -> None:
        self._text = text
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415 - rich is slow to import

        yield Text("\n".join(wrapped(self._text, options.max_width)), style=self._style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement  # noqa: PLC0415

        pieces = (piece for word in self._text.split() for piece in _pieces(word, LEAST))
        longest = max(map(len, self._text.split("\n")))
        return Measurement(max(map(len, pieces), default=0), longest).clamp(max_width=options.max_width)
