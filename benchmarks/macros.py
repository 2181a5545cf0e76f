"""Published in-memory macros against the figures of their papers: ``python -m benchmarks macros [--live]``.

A macro runs through estimation, mapping and model like any architecture, at the operating point of its
paper: every cell of the array in use, the paper's word widths and voltage. Nothing is fitted to the result.
One MAC counts as two operations. ``docs/pim.md`` holds the table and says where the differences come from.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from math import ceil, log2

from harness.engines.embedded import run
from harness.engines.job import Job
from harness.engines.result import Result
from harness.estimation import EstimationOptions
from harness.spec.flattened import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.problem import DataSpace, Problem, Term
from harness.spec.settings import SearchSettings
from harness.spec.templates import load_architecture_template

POSITIONS = 256
"""Input vectors that stream through the resting weights."""

SETTINGS = SearchSettings(victory_condition=4)
"""The template pins what matters; the mappings left differ in how the stream is cut."""

ISAAC_IMAS = 12 * 168
ISAAC_PASS_SECONDS = 16 * 100e-9
"""Sixteen bits of input, a step each."""
ISAAC_MACS = 8 * 128 * 16
"""Of one IMA in that time: 8 arrays of 128 rows and 16 words."""


@dataclass(frozen=True)
class Point:
    """One operating point of a paper.

    ``words`` output channels x ``rows`` of reduction x ``arrays`` that work on their own. ``beside_pj`` is
    what a MAC costs in parts that are constant in the paper and not modelled. ``source`` says where the
    figure stands.
    """

    macro: str
    kind: str
    label: str
    words: int
    rows: int
    published_pj: float
    source: str
    arrays: int = 1
    beside_pj: float = 0.0
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A point with the energy of a MAC as modelled, and its parts by component."""

    point: Point
    modelled_pj: float
    parts: tuple[tuple[str, float], ...]

    @property
    def error(self) -> float:
        """Relative error of the energy of a MAC."""
        return self.modelled_pj / self.point.published_pj - 1


def tops_per_watt(pj_per_mac: float) -> float:
    return 2 / pj_per_mac


def _isaac(milliwatts_per_ima: float) -> float:
    return milliwatts_per_ima * 1e-3 * ISAAC_PASS_SECONDS / ISAAC_MACS * 1e12


def _colonnade(bits: int, volts: float, published_pj: float, source: str) -> Point:
    words = 128 // (bits + ceil(log2(128)))
    label = f"{bits} x {bits} bits, {volts:g} V"
    parameters = {"weight_bits": bits, "input_bits": bits, "voltage": volts}
    return Point("colonnade", "digital", label, words, 128, published_pj, source, parameters=parameters)


JIA = "Jia et al., JSSC 2020, abstract"
ABSTRACT = "Kim et al., ISOCC 2019, abstract"
FIGURE_16 = "Kim et al., JSSC 2021, Fig. 16a, as CiMLoop read it off"


def _jia(volts: float, tops: int) -> Point:
    source = f"{JIA}: {tops} TOPS/W"
    label = f"1 x 1 bits, {volts:g} V"
    return Point("jia", "analog", label, 256, 2304, 2 / tops, source, parameters={"voltage": volts})


POINTS = (
    Point(
        "isaac", "analog", "16 x 16 bits, tile", 16, 128, _isaac(330 / 12),
        "Shafiee et al., ISCA 2016, Table I: 330 mW for 12 IMAs", 8,
    ),
    Point(
        "isaac", "analog", "16 x 16 bits, chip", 16, 128, 2 / 0.6275,
        "the same, Table IV: 627.5 GOPS/W with links", 8, _isaac(10.4e3 / ISAAC_IMAS),
    ),
    _jia(0.85, 400),
    _jia(1.2, 192),
    _colonnade(1, 0.6, 2 / 117.3, f"{ABSTRACT}: 117.3 TOPS/W"),
    _colonnade(16, 0.6, 2 / 2.06, f"{ABSTRACT}: 2.06 TOPS/W"),
    _colonnade(8, 0.6, 0.2920267348, FIGURE_16),
    _colonnade(8, 0.7, 0.7254253956, FIGURE_16),
    _colonnade(8, 0.8, 1.169653111, FIGURE_16),
)  # fmt: skip

ISAAC_PARTS = (
    ("converters", "ADC, S+H, S+A", 16 + 0.01 + 0.2),
    ("row_driver", "DAC", 4.0),
    ("mac", "arrays", 2.4),
    ("input_register", "IR", 1.24),
    ("output_register", "OR", 0.23),
    ("eDRAM", "eDRAM and bus", (20.7 + 7) / 12),
    ("other_tiles", "router, a quarter", 42 / 4 / 12),
    ("", "sigmoid, S+A, MaxPool and OR of the tile", (0.52 + 0.05 + 0.4 + 1.68) / 12),
)
"""Component of the macro, units of ISAAC's Table I, mW for one IMA."""


def problem(words: int, rows: int, arrays: int) -> Problem:
    """A matrix product for each array: ``words`` x ``rows`` weights, :data:`POSITIONS` vectors."""

    def ranks(dimensions: str) -> tuple[tuple[Term, ...], ...]:
        return tuple((Term(d),) for d in dimensions)

    window = ((Term("R"), Term("L")), (Term("S"), Term("Q")))
    inputs = (*ranks("NE"), *window, *ranks("G"))
    spaces = (
        DataSpace("Weights", ranks("EDRSG")),
        DataSpace("Inputs", inputs),
        DataSpace("Outputs", ranks("NDQLG"), read_write=True),
    )
    return Problem("macro", tuple("EDRSNLQG"), (rows, words, 1, 1, 1, POSITIONS, 1, arrays), spaces)


def evaluated(point: Point, options: EstimationOptions) -> Result:
    """The macro at its operating point, mapped and evaluated."""
    template = load_architecture_template(point.macro)
    work = problem(point.words, point.rows, point.arrays)
    tree = template.render(point.parameters, work, "matmul")
    tree["problem"] = write_problem(work)
    specification = replace(specification_from_v4_tree(tree), settings=SETTINGS)
    result = run(Job(specification, architecture=point.macro, layer="macro", estimation=options))
    if result.energy_pj is None:
        raise RuntimeError(f"{point.macro}: {result.reason}")
    return result


@lru_cache(maxsize=2)
def rows(live: bool = False) -> tuple[Row, ...]:
    """All points. ``live`` asks hwcomponents' models where the shipped tables hold their answers."""
    options = EstimationOptions(estimator="hwcomponents") if live else EstimationOptions()
    found = []
    for point in POINTS:
        result = evaluated(point, options)
        macs = point.words * point.rows * point.arrays * POSITIONS
        parts = tuple((level.name, level.energy_pj / macs) for level in result.levels if level.energy_pj)
        found.append(Row(point, (result.energy_pj or 0.0) / macs + point.beside_pj, parts))
    return tuple(found)


def table(found: Sequence[Row]) -> str:
    heads = ["macro", "operating point", "pJ per MAC: modelled", "published", "error"]
    heads += ["TOPS/W: modelled", "published", "published in"]
    lines = [_line(*heads), "|---" * len(heads) + "|"]
    for row in found:
        point = row.point
        energies = f"{row.modelled_pj:.4g}", f"{point.published_pj:.4g}", f"{row.error:+.1%}"
        tops = (f"{tops_per_watt(pj):.4g}" for pj in (row.modelled_pj, point.published_pj))
        lines.append(_line(f"`{point.macro}` ({point.kind})", point.label, *energies, *tops, point.source))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def isaac_table(row: Row) -> str:
    """ISAAC's tile unit by unit."""
    modelled = dict(row.parts)
    lines = ["| units | pJ per MAC: modelled | published | error |", "|---|---|---|---|"]
    for component, units, milliwatts in ISAAC_PARTS:
        published = _isaac(milliwatts)
        if component:
            ours = modelled[component]
            lines.append(f"| {units} | {ours:.4f} | {published:.4f} | {ours / published - 1:+.1%} |")
        else:
            lines.append(f"| {units} | - | {published:.4f} | not modelled |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks macros",
        description="Published macros against the figures of their papers.",
    )
    parser.add_argument(
        "--live", action="store_true", help="ask hwcomponents' models, not the tables of their answers"
    )
    arguments = parser.parse_args(argv)
    found = rows(arguments.live)
    print(table(found))
    print("\nISAAC's tile, unit by unit:\n")
    print(isaac_table(found[0]))
    print("\nOne MAC of a full crossbar of 128 x 128 words:\n")
    print(import_module("benchmarks.crossbar").table())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
