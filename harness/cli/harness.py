"""The command ``harness``: one name for what is not a run or a sweep.

A subcommand is a module with ``main(argv, program)``; it is imported only when it is called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from harness.cli.errors import INTERRUPTED, USER_ERROR, say
from harness.errors import did_you_mean, one_line

PROGRAM = "harness"


@dataclass(frozen=True)
class Subcommand:
    """``module`` has the ``main``; ``does`` says in a line what it does."""

    module: str
    does: str


SUBCOMMANDS = {
    "energy": Subcommand(
        "harness.cli.energy", "energies and areas of an architecture, and where they come from"
    ),
    "check": Subcommand(
        "harness.cli.check", "whether the real Timeloop gives the same figures, field by field"
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of the subcommand; 0 for help, 2 for a name that is none."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] in (["-h"], ["--help"]):
            print(_help())
            return 0
        known = SUBCOMMANDS.get(words[0]) if words else None
        if known is None:
            say(f"{PROGRAM}: error: {_what_is_missing(words)} (all commands: -h)")
            return USER_ERROR
        run = importlib.import_module(known.module).main
        return int(run(words[1:], f"{PROGRAM} {words[0]}"))
    except KeyboardInterrupt:
        return INTERRUPTED


def _what_is_missing(words: Sequence[str]) -> str:
    if not words:
        return f"say which command, for example: {PROGRAM} energy gemmini"
    hint = did_you_mean(words[0], SUBCOMMANDS)
    return f"there is no command '{one_line(words[0])}'" + (f", {hint}" if hint else "")


def _help() -> str:
    width = max(map(len, SUBCOMMANDS)) + 2
    lines = [f"usage: {PROGRAM} COMMAND [options]", "", "commands:"]
    lines += [f"  {name:<{width}}{known.does}" for name, known in SUBCOMMANDS.items()]
    lines += ["", f"{PROGRAM} COMMAND -h tells the options of a command. Layers are mapped by run.py, sweeps"]
    lines += ["run by hwdse_run.py."]
    return "\n".join(lines)
