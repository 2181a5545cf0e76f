"""SRAM as Accelergy answers it: from the table of its answers, or by running CACTI with its settings.

A row that matches is believed first. Where there is none, CACTI itself is asked what the plug-in would ask
it, and answers as it did for the table, to the last bit. Where CACTI is not there and cannot be made, the
table is interpolated within its range, and the answer says so. Where it could not be asked this time, that is
an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from harness.estimation.cacti import Cacti, CactiAnswer, CactiRequest, CactiUnavailable
from harness.estimation.programs import RunFailed
from harness.estimation.query import Declined, Finding, Fit, Query, weakest
from harness.estimation.sram.figures import PICO, TABLE, asked_value, figure_of, steps, worked
from harness.estimation.sram.rules import (
    NODES_NM,
    ROWS_PER_BANK,
    Asked,
    Memory,
    Told,
    around,
    cost_of,
    shrunk,
)
from harness.estimation.sram.table import (
    OFF_BETWEEN_DEPTHS,
    Organisation,
    SramCost,
    SramTable,
    added,
    between_rows,
    load_sram_table,
    towards_a_deeper_row,
)

NOTHING_ACCURACY = 100
EXACT_ACCURACY = 80
INTERPOLATED_ACCURACY = 70
PLUG_IN = "accelergy-cacti-plug-in 291018b"
PAPER = "Balasubramonian et al., ACM TACO 14(2), 2017, doi 10.1145/3085572"
TABLE_CITATION = f"{PLUG_IN} with CACTI 7 ({PAPER}; HewlettPackard/cacti 1ffd8df): {TABLE}"
ACTIONS = ("read", "write", "update", "leak")
BY_CACTI = "accelergy_cacti"
_LARGEST_BYTES = 2**31 - 1
_ANY = SramCost(1.0, 1.0, 1.0, 1.0)

_Printed = tuple[float, float, float, float]
"""What CACTI prints: nJ of a read and a write, mW of leakage per bank, mm^2."""


class AccelergySramSource:
    """Class SRAM: read, write, update, leak and area. ``cacti`` None: the table alone answers."""

    name = "accelergy_cacti_table"

    def __init__(self, path: Path, cacti: Cacti | None = None) -> None:
        self._path = path
        self._cacti = cacti

    def classes(self) -> Iterable[str]:
        return ("SRAM",)

    def estimate(self, query: Query) -> Finding:
        if _of_no_words(query):
            note = "width 0 and depth 0: no memory is built"
            return Finding(0.0, self.name, NOTHING_ACCURACY, note, "free")
        memory, node = _memory(query), query.technology_nm
        own = self._own_row(memory, node)
        try:
            told = own or self._told(memory, node)
        except RunFailed as failed:
            raise failed.of(query.component) from None
        by_cacti = told.fit == "model"
        return Finding(
            asked_value(told.cost, query) * (1.0 if own is not None else PICO),
            BY_CACTI if by_cacti else self.name,
            INTERPOLATED_ACCURACY if told.notes else EXACT_ACCURACY,
            "; ".join(told.notes),
            told.fit,
            _cacti_citation() if by_cacti else TABLE_CITATION,
            _attributes(query, memory),
            "; ".join(told.scaling),
            figure_of(told.off, query.action) or None,
            told.warnings,
            needs_cacti=told.needs_cacti,
            steps=steps(told, query),
        )

    def requests_of(self, query: Query) -> list[CactiRequest]:
        """What CACTI will be asked for this query, to ask it beforehand. Cheap, and asks nobody."""
        if self._cacti is None or query.class_name != "SRAM":
            return []
        wanted: list[CactiRequest] = []

        def note(asked: Asked, memory: Memory) -> Told:
            if self._row(asked) is None:
                wanted.append(_request(asked))
            return Told(_ANY, "row")

        try:
            memory, node = _memory(query), query.technology_nm
            if self._own_row(memory, node) is None:
                cost_of(memory, node, note)
        except Declined:
            return []
        return wanted

    def _told(self, memory: Memory, node: float) -> Told:
        try:
            return cost_of(memory, node, self._tell)
        except Declined:
            deeper = self._towards_a_deeper_row(memory, node)
            if deeper is None:
                raise
            return replace(deeper, needs_cacti=self._cacti is not None)

    def _tell(self, asked: Asked, memory: Memory) -> Told:
        """A row, CACTI's own answer, or an interpolation with the reason why it is one."""
        row = self._row(asked)
        if row is not None:
            told = _told_of(_printed(row, asked), memory, "row")
            line = load_sram_table(self._path).lines[_key(asked)]
            return replace(told, worked=worked(told.cost, line))
        why_not = None
        if self._cacti is not None:
            try:
                told = _told_of(_answered(self._cacti.answer(_request(asked))), memory, "model")
                return replace(told, needs_cacti=True, worked=worked(told.cost))
            except Declined as declined:
                why_not = declined
        try:
            told = tell_from_rows(load_sram_table(self._path), asked, memory)
        except Declined as beyond:
            if why_not is None:
                raise
            raise Declined(_both(beyond.reason, why_not)) from None
        if why_not is None:
            return told
        warning = f"SRAM figures lie between rows of a table: {_told_by(why_not)}"
        return replace(told, warnings=(*told.warnings, warning), needs_cacti=True)

    def _own_row(self, memory: Memory, node: float) -> Told | None:
        """In the units of the table: its figures are believed to the last bit."""
        key = (Organisation(node, memory.ports, memory.banks), memory.width, memory.depth)
        table = load_sram_table(self._path)
        return Told(table.costs[key], "row", worked=table.worked(key)) if key in table.costs else None

    def _row(self, asked: Asked) -> SramCost | None:
        """What CACTI answered: rows below its smallest memory are the plug-in's, scaled."""
        if asked.depth < ROWS_PER_BANK * asked.banks:
            return None
        return load_sram_table(self._path).costs.get(_key(asked))

    def _towards_a_deeper_row(self, memory: Memory, node: float) -> Told | None:
        if not NODES_NM[0] < node < NODES_NM[-1]:
            return None
        table = load_sram_table(self._path)
        neighbours = [Organisation(n, memory.ports, memory.cacti_banks) for n in around(node)]
        here = Organisation(node, memory.ports, memory.banks)
        found = towards_a_deeper_row(table, here, neighbours, memory.width, memory.depth)
        if found is None:
            return None
        shallow, deep, row, worked = found
        start = cost_of(replace(memory, depth=shallow), node, self._tell)
        share = math.log(memory.depth / shallow) / math.log(deep / shallow)
        return replace(
            start,
            cost=start.cost.mixed_in_logarithms(row.times(1 / PICO), share),
            worked=start.worked and start.worked.mixed_in_logarithms(worked, share),
            fit=weakest((start.fit, "interpolated")),
            notes=(*start.notes, f"interpolated between depths {shallow} and {deep}"),
            off=added(start.off, OFF_BETWEEN_DEPTHS),
        )


def tell_from_rows(table: SramTable, asked: Asked, memory: Memory) -> Told:
    """The table alone: rows of at least CACTI's smallest memory, and what lies between them."""
    depth = max(asked.depth, ROWS_PER_BANK * asked.banks)
    found = between_rows(table, Organisation(asked.node, asked.ports, asked.banks), asked.width, depth)
    cost = found.cost.scaled(1 / PICO, memory.banks / asked.banks / PICO, 1 / PICO)
    worked = found.worked.scaled(1, memory.banks / asked.banks, 1)
    fit: Fit = "interpolated" if found.notes else "row"
    told = Told(cost, fit, found.notes, off=found.off, worked=worked)
    if depth == asked.depth:
        return told
    # A number of banks that is no power of two and few rows: the plug-in asks for a memory that has no row.
    whole = replace(memory, width=asked.width, depth=asked.depth, banks=asked.banks)
    smaller = shrunk(told, whole, asked.width, depth)
    return replace(smaller, notes=(*told.notes, "few rows in a number of banks that is no power of two"))


def _of_no_words(query: Query) -> bool:
    """Levels without metadata say so by a memory of neither width nor depth. In Accelergy CACTI refuses it
    and the Aladdin plug-in charges nothing."""
    sizes = (query.attributes.get("width"), query.attributes.get("depth"))
    return query.class_name == "SRAM" and all(size is not None and _is_zero(size) for size in sizes)


def _is_zero(size: object) -> bool:
    return isinstance(size, int | float) and not isinstance(size, bool) and size == 0


def _memory(query: Query) -> Memory:
    if query.class_name != "SRAM":
        raise Declined("not an SRAM", knows_class=False)
    if query.action is not None and query.action not in ACTIONS:
        raise Declined(f"an SRAM has no action '{query.action}', only read, write, update and leak")
    # The plug-in's argument is n_rw_ports. The spellings of the published architectures
    # (n_rdwr_ports, nports, num_ports) never reach it: those memories have one port.
    return Memory(
        query.positive_integer("width"),
        query.positive_integer("depth"),
        query.positive_integer("n_rw_ports", 1),
        query.positive_integer("n_banks", 1),
    )


def _attributes(query: Query, memory: Memory) -> tuple[tuple[str, str], ...]:
    technology = str(query.attributes.get("technology"))
    used = [("technology", technology), ("width", str(memory.width)), ("depth", str(memory.depth))]
    used += [("n_rw_ports", str(memory.ports)), ("n_banks", str(memory.banks))]
    if query.action == "leak":
        used.append(("global_cycle_seconds", f"{query.cycle_seconds:g}"))
    return tuple(used)


def _key(asked: Asked) -> tuple[Organisation, int, int]:
    return Organisation(asked.node, asked.ports, asked.banks), asked.width, asked.depth


def _request(asked: Asked) -> CactiRequest:
    capacity = asked.width * asked.depth // 8
    if capacity > _LARGEST_BYTES:
        raise Declined("CACTI takes memories below 2 GiB")
    return CactiRequest(int(asked.node), capacity, asked.width // 8, asked.ports, asked.banks)


def _told_of(printed: _Printed, memory: Memory, fit: Fit) -> Told:
    """In the units and by the steps of the plug-in, which multiplies by the true number of banks."""
    read_nj, write_nj, leak_mw, area_mm2 = printed
    cost = SramCost(read_nj * 1e-9, write_nj * 1e-9, leak_mw * 1e-3 * memory.banks, area_mm2 * 1e-6)
    return Told(cost, fit)


def _answered(answer: CactiAnswer) -> _Printed:
    return answer.read_nj, answer.write_nj, answer.leak_mw_per_bank, answer.area_mm2


def _printed(row: SramCost, asked: Asked) -> _Printed:
    """What CACTI printed for a row that is its own answer: figures of six digits, so they can be told."""
    figures = (row.read * 1e-3, row.write * 1e-3, row.leak * 1e-9 / asked.banks, row.area * 1e-6)
    read_nj, write_nj, leak_mw, area_mm2 = (float(f"{figure:.6g}") for figure in figures)
    return read_nj, write_nj, leak_mw, area_mm2


def _both(beyond: str, why_not: Declined) -> str:
    return f"{beyond}, and {_told_by(why_not)}"


def _told_by(why_not: Declined) -> str:
    if isinstance(why_not, CactiUnavailable):
        return f"CACTI could not be run, as {why_not.reason}"
    return why_not.reason


@lru_cache(maxsize=1)
def _cacti_citation() -> str:
    from importlib import metadata  # noqa: PLC0415 - slow to import, and most processes find their answers

    try:
        version = metadata.version("hwcomponents-cacti")
    except metadata.PackageNotFoundError:
        version = "?"
    return f"CACTI 7 of hwcomponents-cacti {version} ({PAPER}), run with the settings and rules of {PLUG_IN}"
