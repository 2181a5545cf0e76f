"""``python -m benchmarks [evaluations] [startup] [search] [mapper] [sweep] [scale]``.

Options: ``--quick``, ``--json FILE``.

``python -m benchmarks peers`` and ``python -m benchmarks convolutions`` have options of their own
(``benchmarks/peers/command.py``, ``benchmarks/convolutions.py``). ``python -m benchmarks technology`` prints
the tables of ``docs/technology.md``, ``python -m benchmarks macros`` those of ``docs/pim.md``, and
``residuals``, ``estimation`` and ``accounts`` those of ``docs/energy.md``, ``compatibility FOLDER...`` those
of ``docs/compatibility.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.figures import Section, as_text
from benchmarks.machine_facts import machine_facts

MODULES = {
    "evaluations": "evaluations",
    "startup": "startup",
    "search": "searches",
    "mapper": "mapper",
    "sweep": "sweep",
    "scale": "scale",
}
COMMANDS = {
    "peers": "peers.command",
    "convolutions": "convolutions",
    "technology": "technology",
    "macros": "macros",
    "residuals": "residuals.command",
    "estimation": "estimation",
    "accounts": "accounts",
    "compatibility": "compatibility.command",
    "engines": "engines.command",
}
"""Benchmarks with options of their own."""

TOLD = {
    "peers": "the comparison with other mappers",
    "convolutions": "the proofs for convolutions",
    "technology": "the tables of docs/technology.md",
    "macros": "the tables of numbers of docs/pim.md",
    "residuals": "what differs from the reference's tables (docs/energy.md)",
    "estimation": "estimators: time, and interpolation against CACTI (docs/energy.md)",
    "accounts": "conversions and adders, counted both ways (docs/energy.md)",
    "compatibility": "published specifications in checkouts of yours (docs/compatibility.md)",
    "engines": "both engines on every architecture, where the real Timeloop is installed (docs/timeloop.md)",
}


def _others() -> list[str]:
    return [f"  {name:<14}{TOLD[name]}" for name in COMMANDS]


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        return int(import_module(f"benchmarks.{COMMANDS[sys.argv[1]]}").main(sys.argv[2:]))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure speed and start-up.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["with options of their own (--help after the name):", *_others()]),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(MODULES)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MODULES]
    if unknown:
        own = " (put it first, it has options of its own)" if unknown[0] in COMMANDS else ""
        parser.error(f"no benchmark '{unknown[0]}'{own}; there are {', '.join([*MODULES, *COMMANDS])}")
    facts = machine_facts()
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    sections: list[Section] = []
    for name in arguments.names or MODULES:
        section = import_module(f"benchmarks.{MODULES[name]}").measure(arguments.quick)
        sections.append(section)
        print(f"\n{as_text(section)}", flush=True)
    if arguments.json is not None:
        figures = {"machine": facts, "sections": [asdict(section) for section in sections]}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
