"""What the user is told while an estimation goes on: one line each, rarely."""

from __future__ import annotations

import sys
from collections.abc import Callable

Listener = Callable[[str], None]


def _print_to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


_listener: list[Listener] = [_print_to_stderr]


def listen(listener: Listener) -> Listener:
    """``listener`` gets the notices of this process from now on; the former comes back (at first stderr)."""
    former, _listener[0] = _listener[0], listener
    return former


def announce(line: str) -> None:
    _listener[0](line)
