"""``python -m benchmarks [evaluations] [startup] [search] [mapper] [sweep] [scale]``.

Options: ``--quick``, ``--json FILE``.

``python -m benchmarks peers`` and ``python -m benchmarks convolutions`` have options of their own
(``benchmarks/peers/command.py``, ``benchmarks/convolutions.py``). ``python -m benchmarks technology`` prints
the tables of ``docs/technology.md``, ``python -m benchmarks macros`` those of ``docs/pim.md``, and
``residuals``, ``estimation`` and ``accounts`` those of ``docs/energy.md``.
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
}
"""Benchmarks with options of their own."""


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        return int(import_module(f"benchmarks.{COMMANDS[sys.argv[1]]}").main(sys.argv[2:]))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure speed and start-up.",
        epilog="'python -m benchmarks peers --help' tells of the comparison with other mappers, "
        "'python -m benchmarks convolutions --help' of the proofs for convolutions.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(MODULES)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MODULES]
    if unknown:
        parser.error(f"no benchmark '{unknown[0]}'; there are {', '.join(MODULES)}")
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
