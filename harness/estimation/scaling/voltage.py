"""What the attribute ``voltage`` of a component does to the answer of a source: one law for every source.

Every source made its figures for some supply of its own; without the attribute they stay as they are. With it
(in V):

* Aladdin's logic, whoever answers: the energy polynomials of Stillmaker and Baas (``nodes.py``), from the
  0.8 V that Accelergy's library takes for every node;
* memories, converters and all else: (V / nominal)^2, the energy of charging a capacitance;
* leakage: V / nominal, the current being taken as constant;
* area: as it is. DRAM: as it is, it has a supply of its own.

``supply.py`` says which source is which. Nominal is the supply of the node's low-standby-power transistors
(ITRS, as in the technology files of CACTI 7, of whose cells the SRAM figures are made). For sources that name
no supply it is taken with a warning. The laws are meant for 0.5 to 1.2 times nominal; outside, a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from harness.estimation.query import AttributeFault, Finding, Query, digits, parse_technology, weakest
from harness.estimation.scaling.nodes import REFERENCE_VOLTAGE, Scaling, relative_energy
from harness.estimation.scaling.supply import Supply, supply_of

ATTRIBUTE = "voltage"

NOMINAL_V: Mapping[float, float] = {22.0: 0.8, 32.0: 1.0, 45.0: 1.1, 65.0: 1.2, 90.0: 1.3}
"""nm -> V: itrs-lstp in the technology files of HewlettPackard/cacti 1ffd8df (CACTI 7)."""

LOWEST_SHARE, HIGHEST_SHARE = 0.5, 1.2
"""Of the nominal supply, where the laws are meant to hold: below, transistors hardly conduct; above, they
wear out."""


def nominal_voltage(nm: float) -> float:
    """The supply in V of low-standby-power transistors: linear between 22 and 90 nm, held beyond them."""
    nodes = sorted(NOMINAL_V)
    if nm <= nodes[0]:
        return NOMINAL_V[nodes[0]]
    for low, high in pairwise(nodes):
        if nm <= high:
            share = (nm - low) / (high - low)
            return (1 - share) * NOMINAL_V[low] + share * NOMINAL_V[high]
    return NOMINAL_V[nodes[-1]]


def with_voltage(finding: Finding, query: Query, source: str) -> Finding:
    """``finding`` at the component's ``voltage``; as it is without one, or where the source read it itself.

    ``source`` is the name of the source that answered.

    Raises :class:`AttributeFault` for a voltage that is none.
    """
    if query.attributes.get(ATTRIBUTE) is None:
        return finding
    volts = _volts(query)
    if any(name == ATTRIBUTE for name, _ in finding.attributes):
        return finding
    if query.action is None or finding.value == 0:
        return finding
    supply = supply_of(source, finding, query)
    if supply == "own":
        return _noted(finding, f"{ATTRIBUTE} plays no role: DRAM has its own supply")
    nm = parse_technology(query.attributes.get("technology"))
    if nm is None:
        warning = f"{query.class_name}: {ATTRIBUTE} {volts:g} V changes nothing, it has no process node"
        return replace(finding, warnings=(*finding.warnings, warning))
    law = _law(finding, query, supply, nm, volts)
    return replace(
        finding,
        value=finding.value * law.factor,
        fit=weakest((finding.fit, "scaled")) if law.factor != 1 else finding.fit,
        attributes=(*finding.attributes, (ATTRIBUTE, f"{volts:g}")) if finding.attributes else (),
        scaling="; ".join(part for part in (finding.scaling, law.words) if part),
        steps=(*finding.steps, f"x {digits(law.factor)}: {law.words}") if finding.steps else (),
        warnings=tuple(dict.fromkeys((*finding.warnings, *law.warnings))),
    )


def _volts(query: Query) -> float:
    """0.8, "0.8" and "0.8V" are the same."""
    stated = query.attributes[ATTRIBUTE]
    value = stated.strip().removesuffix("V") if isinstance(stated, str) else stated
    volts = Query(query.component, query.class_name, {ATTRIBUTE: value}).number(ATTRIBUTE)
    if not volts > 0:
        raise AttributeFault(f"attribute '{ATTRIBUTE}' is {volts:g}, it must be above 0")
    return volts


def _law(finding: Finding, query: Query, supply: Supply, nm: float, volts: float) -> Scaling:
    nominal = nominal_voltage(nm)
    warnings = []
    low, high = LOWEST_SHARE * nominal, HIGHEST_SHARE * nominal
    if not low <= volts <= high:
        usable = f"{low:.3g} to {high:.3g} V"
        warnings.append(f"{volts:g} V at {nm:g} nm is outside {usable}, for which the laws are meant")
    if supply == "logic":
        return _logic_law(query, nm, volts, warnings)
    if supply == "unstated":
        taken = f"the {nominal:.3g} V of {nm:g} nm are taken"
        warnings.append(f"{query.class_name}: {finding.estimator} names no supply, {taken}")
    share = volts / nominal
    factor, what = (share, "leakage") if query.action == "leak" else (share**2, "energy")
    return Scaling(factor, f"{nominal:.3g} -> {volts:g} V {what} x{factor:.3g}", tuple(warnings))


def _logic_law(query: Query, nm: float, volts: float, warnings: list[str]) -> Scaling:
    if query.action == "leak":
        factor, what = volts / REFERENCE_VOLTAGE, "leakage"
    else:
        energy, cautions = relative_energy(nm, volts, "library")
        reference, _ = relative_energy(nm, REFERENCE_VOLTAGE, "library")
        factor, what = energy / reference, "energy"
        warnings += cautions
    return Scaling(factor, f"{REFERENCE_VOLTAGE:g} -> {volts:g} V {what} x{factor:.3g}", tuple(warnings))


def _noted(finding: Finding, words: str) -> Finding:
    return replace(finding, scaling="; ".join(part for part in (finding.scaling, words) if part))
