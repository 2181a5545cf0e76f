"""Packages with made-up programs, for the tests of what finds, makes and runs them."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from harness.estimation.cache import default_cache_folder
from harness.estimation.cacti import Cacti, cacti_for
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.hwc.recipe import NEUROSIM
from harness.estimation.programs import Program, Recipe, Unavailable, program_of
from harness.estimation.programs.building import find_compiler

GREETING = "how to use this program"
OUTPUT = (
    "Tech node (nm), Capacity (bytes), Access time (ns), Random cycle time (ns), Dynamic read energy (nJ),"
    " Dynamic write energy (nJ), Standby leakage per bank(mW), Area (mm2), \n"
    "{node}, {capacity}, 1.5, 1.2, 0.002, 0.001, 0.0005, 0.03, \n"
)
"""As CACTI writes it, for a memory of the node and capacity that are asked."""

SCRIPT = """\
import os, re, sys, time
if len(sys.argv) < 2:
    print("{greeting}")
    sys.exit(1)
config = open(sys.argv[2]).read()
said = lambda name: re.findall(r"(?m)^-" + re.escape(name) + r"\\s+(\\S+)", config)[-1]
node, capacity = round(float(said("technology (u)")) * 1000), int(said("size (bytes)"))
open("left_behind.csv", "w").write("of no use")
def note(what):
    with open({log!r}, "a") as log:
        log.write(f"{{what}} {{time.monotonic()}}\\n")
note("start")
{body}
note("end")
"""
ANSWERS = "open(sys.argv[2] + '.out', 'w').write({output!r}.format(node=node, capacity=capacity))"

SOURCE = (
    '#include "said.h"\n#include <cstdio>\n'
    'int main(int argc, char**) { if (argc < 2) { puts(GREETING); return 1; } puts("made"); return 0; }\n'
)
_numbers = itertools.count()

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler")


def package(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    shipped: str = "",
    source: str = SOURCE,
    starts: bool = False,
) -> Recipe:
    """A package on the path with sources, and an executable in Python (``shipped``) that starts or not."""
    name = f"made_up_package_{next(_numbers)}"
    root = folder / "packages" / name
    (root / "sources" / "figures").mkdir(parents=True)
    (root / "__init__.py").write_text("raise ImportError('nobody imports this')\n")
    (root / "sources" / "main.cc").write_text(source)
    (root / "sources" / "said.h").write_text(f'#define GREETING "{GREETING}"\n')
    (root / "sources" / "figures" / "node.dat").write_text("0.032\n")
    program = root / "sources" / "program"
    program.write_text(
        f"#!{sys.executable}\n{shipped or 'raise SystemExit(1)'}\n" if starts else "no program"
    )
    program.chmod(0o755)
    monkeypatch.syspath_prepend(str(folder / "packages"))
    return Recipe(
        name="CACTI",
        package=name,
        folders=("sources",),
        suffix=".cc",
        headers=".h",
        flags=("-O0",),
        data="figures",
        shipped="sources/program",
        greeting=GREETING,
        seconds=1,
    )


def answering(log: Path, body: str = "") -> str:
    """The text of a program that answers like CACTI, or does ``body`` in place of answering."""
    script = SCRIPT.format(greeting=GREETING, log=str(log), body=body or ANSWERS.format(output=OUTPUT))
    return script


def real_cacti() -> Cacti:
    """CACTI as it runs on this machine, its answers not kept; the test is skipped where it does not run."""
    _skip_unless_it_runs(program_of(CACTI, programs_folder()))
    return cacti_for(programs_folder(), use_cache=False)


def real_neurosim() -> Program:
    program = program_of(NEUROSIM, programs_folder())
    _skip_unless_it_runs(program)
    return program


def programs_folder() -> Path | None:
    """Programs are made once for all tests and all processes that run them."""
    return default_cache_folder()


def _skip_unless_it_runs(program: Program) -> None:
    try:
        program.executable()
    except Unavailable as unavailable:
        pytest.skip(str(unavailable))


def files_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Names, sizes and times of everything below, compiled Python aside."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
