"""Adders, multipliers, registers, comparators and counters as Accelergy's library plug-in answers them.

Source: Accelergy library plug-in ba4e9da: Aladdin figures at 40 nm and 1 ns, brought to other nodes with
factors for 0.8 V. Base rows and factors are data: ``estimation_tables/logic/library.csv`` and
``technology.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.estimation.accelergy_aladdin import ALADDIN, stated_uncertainty
from harness.estimation.logic_library import BASE_NODE_NM, LibraryRow, LogicLibrary, load_library
from harness.estimation.query import AttributeFault, Declined, Finding, Query, digits
from harness.estimation.scaling import Scaling, area_factor, energy_factor

CITATION = f"Accelergy library plug-in ba4e9da: {ALADDIN}"
NODE_CITATION = "factors between nodes of Stillmaker and Baas, Integration 58 (2017), at 0.8 V"
BASE_CYCLE_SECONDS = 1e-9
ACCURACY = 90
CLASSES = ("aladdin_adder", "aladdin_multiplier", "aladdin_register", "aladdin_comparator", "aladdin_counter")
ROW_FILE = "estimation_tables/logic/library.csv"
"""As derivations name it."""
FREE_ACTIONS = ("write", "update")
"""Actions that the library lists with no energy, for every component (a register's write included)."""


class AccelergyLogicSource:
    """``aladdin_*`` components: base row x width x technology; leakage x cycle time."""

    name = "accelergy_library"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def classes(self) -> Iterable[str]:
        return CLASSES

    def estimate(self, query: Query) -> Finding:
        if query.class_name not in CLASSES:
            raise Declined("not in the library", knows_class=False)
        library = load_library(self._folder)
        row = library.rows[query.class_name]
        node = _node_step(query, library)
        width_factor, note = _width_factor(query, row)
        cycles = 1.0
        if query.action is None:
            base = row.area_um2
        elif query.action == "leak":
            base, cycles = row.leak_pj, query.cycle_seconds / BASE_CYCLE_SECONDS
        elif query.action in row.actions:
            base = row.energy_pj
        elif query.action in FREE_ACTIONS:
            free = "the library charges no energy for writing"
            return Finding(0.0, self.name, ACCURACY, free, "row", CITATION)
        else:
            known = ", ".join((*row.actions, *FREE_ACTIONS, "leak"))
            raise Declined(f"{query.class_name} has no action '{query.action}', only {known}")
        value = base * node.factor * cycles
        if node.factor != 1:
            note += f", {BASE_NODE_NM:g} -> {query.technology_nm:g} nm x{node.factor:.3g}"
        as_it_is = node.factor == 1 and width_factor == 1
        return Finding(
            value * width_factor,
            self.name,
            ACCURACY,
            note,
            "row" if as_it_is else "scaled",
            CITATION + (f"; {NODE_CITATION}" if node.words else ""),
            scaling="; ".join(part for part in (node.words, _width_words(note, width_factor)) if part),
            uncertainty=stated_uncertainty(query) if as_it_is else None,
            warnings=node.warnings,
            steps=tuple(_steps(query, library, row, base, (node.factor, width_factor, cycles))),
        )


def _steps(
    query: Query, library: LogicLibrary, row: LibraryRow, base: float, factors: tuple[float, float, float]
) -> Iterable[str]:
    """The arithmetic: the row, and the factors for node, width and clock as far as they are not 1."""
    node, width, cycles = factors
    unit = "um^2" if query.action is None else "pJ"
    yield f"{digits(base)} {unit} ({ROW_FILE}{'' if row.line is None else f':{row.line}'})"
    if node != 1:
        nm = query.technology_nm
        step = library.area_step(nm) if query.action is None else library.energy_step(nm)
        yield f"x {digits(node)}: {BASE_NODE_NM:g} -> {nm:g} nm, {step}"
    if width != 1:
        yield f"x {digits(width)}: {_width_factor(query, row)[1]}"
    if cycles != 1:
        yield f"x {digits(cycles)}: a cycle of {digits(cycles)} ns, the row is for 1 ns"


def _node_step(query: Query, library: LogicLibrary) -> Scaling:
    """From 40 nm to the node of the query, as the library does it."""
    node = query.technology_nm
    # The library compares the attribute as text: only "40nm" is the node of its own rows.
    if str(query.attributes.get("technology")).strip() == "40nm":
        return Scaling(1.0, "")
    if query.action is None:
        factor, what = library.area_factor(node), "area"
    else:
        factor, what = library.energy_factor(node), "leakage" if query.action == "leak" else "energy"
    words = f"{BASE_NODE_NM:g} -> {node:g} nm {what} x{factor:.3g}"
    smallest, largest = library.nodes[0].nanometres, library.nodes[-1].nanometres
    if not smallest <= node <= largest:
        limits = f"{smallest:g} to {largest:g} nm"
        return Scaling(factor, words, (f"logic at {node:g} nm extrapolated: the library covers {limits}",))
    right_energy = energy_factor(BASE_NODE_NM, node, flavour="library").factor
    right_area = area_factor(BASE_NODE_NM, node).factor
    right = right_area if query.action is None else right_energy
    if factor == right == 1:
        return Scaling(factor, "")
    words += f" (by a power law x{right:.3g})"
    beside = library.beside(node)
    if beside is None:
        return Scaling(factor, words)
    inverted = f"Accelergy weighs {beside[0]:g} and {beside[1]:g} nm the wrong way round"
    figures = (
        f"from {BASE_NODE_NM:g} nm energy x{library.energy_factor(node):.3g} instead of x{right_energy:.3g}, "
        f"area x{library.area_factor(node):.3g} instead of x{right_area:.3g}"
    )
    return Scaling(factor, words, (f"logic at {node:g} nm: {inverted}: {figures}",))


def _width_words(note: str, factor: float) -> str:
    return f"{note.split(', ', maxsplit=1)[0]} x{factor:.3g}" if factor != 1 else ""


def _width_factor(query: Query, row: LibraryRow) -> tuple[float, str]:
    """The factor for the bit width(s), and a note of the width(s) and of what they are scaled from.

    The first of ``width`` and ``datawidth`` that the component lists counts; a multiplier also takes
    ``width_a`` and ``width_b``, each a further factor. Other spellings (``n_bits``, ``precision``) are no
    columns of the library and change nothing.
    """
    names = [next((n for n in query.attributes if n in ("width", "datawidth")), None)]
    if query.class_name == "aladdin_multiplier":
        names += [n for n in ("width_a", "width_b") if n in query.attributes]
    widths = {name: query.number(name) for name in names if name is not None}
    factor = 1.0
    for width in widths.values():
        factor *= width / row.width
    if factor <= 0:
        raise AttributeFault("a width is 0 or less")
    return factor, _width_note(query.class_name, widths, row.width)


def _width_note(class_name: str, widths: Mapping[str, float], base: float) -> str:
    """Such as "width 8 of 32, linear": that a multiplier is scaled by one width or by two is worth a word."""
    if not widths:
        return f"no width given: {base:g} bit"
    note = " x ".join(f"{name} {width:g}" for name, width in widths.items())
    if all(width == base for width in widths.values()):
        return note
    note += f" of {base:g}" if base != 1 else ""
    if class_name == "aladdin_multiplier":
        note += f", {('linear', 'bilinear', 'trilinear')[len(widths) - 1]}"
    return note
