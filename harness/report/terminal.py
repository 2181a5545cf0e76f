"""The console that commands print on."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

_BLANKS_AT_END = re.compile(r"[ \t]+$", re.MULTILINE)


def command_console(stderr: bool = False, narrowest: int = 0) -> Console:
    """Of the terminal's width, or of ``narrowest`` where tables cannot be read below that.

    Tables fill their lines with blanks; what is no terminal gets none at the ends of lines.
    """
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import

    stream = sys.stderr if stderr else sys.stdout
    file = None if stream is None or stream.isatty() else cast("TextIO", _WithoutBlanks(stream))
    console = Console(stderr=stderr, highlight=False, file=file)
    if console.width >= narrowest:
        return console
    return Console(stderr=stderr, highlight=False, file=file, width=narrowest)


class _WithoutBlanks:
    """Passes on what is written, line by line, without blanks at the ends of lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        self._stream.write(_BLANKS_AT_END.sub("", text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()
