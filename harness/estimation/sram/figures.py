"""The figure of a memory that a question asks for, and the arithmetic behind it."""

from __future__ import annotations

from harness.estimation.query import Declined, Query, digits
from harness.estimation.sram.rules import Told
from harness.estimation.sram.table import SramCost
from harness.estimation.sram.worked import Worked

TABLE = "estimation_tables/sram/cacti.csv.gz"
"""As derivations name it."""

PICO = 1e12


def asked_value(cost: SramCost, query: Query) -> float:
    """In the units of ``cost``, leakage for one cycle."""
    value = figure_of(cost, query.action)
    if query.action is None:
        return value
    if query.action == "leak":
        return value * query.cycle_seconds
    return value * (0.7 * fraction(query, "data_delta") + 0.3 * fraction(query, "address_delta"))


def figure_of(cost: SramCost, action: str | None) -> float:
    if action is None:
        return cost.area
    if action == "leak":
        return cost.leak
    return cost.read if action == "read" else cost.write


def fraction(query: Query, argument: str) -> float:
    value = query.arguments.get(argument, 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Declined(f"argument '{argument}' is {value!r}, it must lie between 0 and 1")
    return float(value)


def steps(told: Told, query: Query) -> tuple[str, ...]:
    """The arithmetic: of rows or of CACTI's answers, then what an access or a cycle takes of it."""
    if told.worked is None:
        return ()
    lines = ",".join(map(str, told.worked.rows))
    whence = f"{TABLE}:{lines}" if lines else "CACTI"
    unit = {None: "um^2", "leak": "pJ/s"}.get(query.action, "pJ")
    why = "; ".join((*told.notes, *told.scaling))
    steps = [f"{told.worked.figure(query.action)} {unit} ({whence}){f': {why}' if why else ''}"]
    if query.action == "leak":
        steps.append(f"x {digits(query.cycle_seconds)}: seconds of a cycle")
    elif query.action is not None:
        share = 0.7 * fraction(query, "data_delta") + 0.3 * fraction(query, "address_delta")
        if share != 1:
            steps.append(f"x {digits(share)}: 0.7 of data_delta and 0.3 of address_delta")
    return tuple(steps)


def worked(cost: SramCost, line: int | None = None) -> Worked:
    pico = cost.times(PICO)
    return Worked.of(pico.read, pico.write, pico.leak, pico.area, line)
