"""Factors on energy, leakage and area from one process node to another.

Source: A. Stillmaker, B. Baas, "Scaling equations for the accurate prediction of CMOS device performance from
180 nm to 7 nm", Integration 58 (2017), pages 74-81, doi 10.1016/j.vlsi.2017.02.002: energy as polynomials of
the supply voltage, fitted to circuit simulations (R^2 above 0.95), and ratios of areas.

Accelergy's library uses the same figures, but takes the low-power transistors at 45 and 32 nm, the
high-performance ones below, and interpolates with the weights the wrong way round; its answers keep that
(``accelergy_logic.py``). Here one flavour is kept throughout and the weights are right.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.estimation.query import AttributeFault

Flavour = Literal["hp", "lp", "library"]
"""High-performance or low-power transistors; "library" is the mixture of Accelergy's library plug-in."""

REFERENCE_VOLTAGE = 0.8
"""The supply in V at which energies are compared unless told otherwise: Accelergy's convention."""

LARGEST_NM = 250.0
"""Beyond this a figure says nothing about today's circuits: refused."""

SMALLEST_ENERGY_NM, LARGEST_ENERGY_NM = 7.0, 130.0
SMALLEST_AREA_NM, LARGEST_AREA_NM = 7.0, 180.0

Coefficients = tuple[float, float, float]
"""a, b, c of a V^2 + b V + c; only quotients count."""

_BULK: Mapping[float, Coefficients] = {
    130.0: (7.171, -6.709, 2.904),
    90.0: (4.762, -4.781, 2.092),
    65.0: (3.755, -4.398, 1.975),
}
_HIGH_PERFORMANCE: Mapping[float, Coefficients] = {
    45.0: (1.018, -0.3107, 0.1539),
    32.0: (0.8367, -0.4341, 0.1701),
    20.0: (0.373, -0.1582, 0.04104),
    16.0: (0.2958, -0.1241, 0.03024),
    14.0: (0.2363, -0.09675, 0.02239),
    10.0: (0.2068, -0.09311, 0.02375),
    7.0: (0.1776, -0.09097, 0.02447),
}
_LOW_POWER: Mapping[float, Coefficients] = {
    45.0: (1.103, -0.362, 0.2767),
    32.0: (0.9559, -0.7823, 0.471),
    20.0: (0.2632, -0.14, 0.06841),
    16.0: (0.2139, -0.1187, 0.05639),
    14.0: (0.1556, -0.06472, 0.03066),
    10.0: (0.1261, -0.0518, 0.02769),
    7.0: (0.09365, -0.03409, 0.02043),
}
ENERGY: Mapping[Flavour, Mapping[float, Coefficients]] = {
    "hp": {**_BULK, **_HIGH_PERFORMANCE},
    "lp": {**_BULK, **_LOW_POWER},
    "library": {**_BULK, **_HIGH_PERFORMANCE, 45.0: _LOW_POWER[45.0], 32.0: _LOW_POWER[32.0]},
}

AREA: Mapping[float, float] = {
    180.0: 316.15,
    130.0: 108.45,
    90.0: 47.747,
    65.0: 25.338,
    45.0: 16.955,
    32.0: 7.7859,
    20.0: 3.5759,
    16.0: 3.2143,
    14.0: 2.9301,
    10.0: 1.7189,
    7.0: 1.0,
}
"""Area relative to 7 nm. The paper prints the quotient of every two nodes with two digits, which do not quite
agree with one another; these are their geometric middle, within 4 % of each, so that going over a third node
changes nothing."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A factor, how it came about in words, and where the source was used beyond its range."""

    factor: float
    words: str
    warnings: tuple[str, ...] = ()


def energy_factor(
    from_nm: float,
    to_nm: float,
    from_v: float | None = None,
    to_v: float | None = None,
    flavour: Flavour = "hp",
) -> Scaling:
    """Factor on the energy of one operation. Voltages in V, :data:`REFERENCE_VOLTAGE` where not given.

    The polynomials hold from 7 to 130 nm; between two nodes the energy is a power of the node. Below 7 nm it
    goes with the root of the node, above 130 nm with the node, each with a warning.
    """
    _check(from_nm, to_nm)
    before = REFERENCE_VOLTAGE if from_v is None else from_v
    after = REFERENCE_VOLTAGE if to_v is None else to_v
    at_source, cautions_source = relative_energy(from_nm, before, flavour)
    at_target, cautions_target = relative_energy(to_nm, after, flavour)
    warnings = [
        *_range_warnings("energy", (from_nm, to_nm), SMALLEST_ENERGY_NM, LARGEST_ENERGY_NM),
        *cautions_source,
        *cautions_target,
    ]
    factor = at_target / at_source
    shown = f"{from_nm:g} -> {to_nm:g} nm"
    if before != after:
        shown += f", {before:g} -> {after:g} V"
    return Scaling(factor, f"{shown} energy x{factor:.3g}", tuple(dict.fromkeys(warnings)))


def leak_factor(
    from_nm: float,
    to_nm: float,
    from_v: float | None = None,
    to_v: float | None = None,
    flavour: Flavour = "hp",
) -> Scaling:
    """Factor on leakage, which the paper does not give: between nodes that of the energy, as Accelergy's
    library takes it; with the voltage linear, the current being taken as constant."""
    between = energy_factor(from_nm, to_nm, flavour=flavour)
    before = REFERENCE_VOLTAGE if from_v is None else from_v
    after = REFERENCE_VOLTAGE if to_v is None else to_v
    if not (before > 0 and after > 0 and math.isfinite(before) and math.isfinite(after)):
        raise AttributeFault(f"a supply of {min(before, after):g} V makes no sense")
    factor = between.factor * after / before
    shown = f"{from_nm:g} -> {to_nm:g} nm" + (f", {before:g} -> {after:g} V" if before != after else "")
    return Scaling(factor, f"{shown} leakage x{factor:.3g} (assumed like energy)", between.warnings)


def area_factor(from_nm: float, to_nm: float) -> Scaling:
    """Factor on area; holds from 7 to 180 nm. Between two nodes the area is a power of the node; below 7 nm
    it goes with the node (scaling has slowed down), above 180 nm with its square, each with a warning."""
    _check(from_nm, to_nm)
    factor = _relative_area(to_nm) / _relative_area(from_nm)
    warnings = _range_warnings("area", (from_nm, to_nm), SMALLEST_AREA_NM, LARGEST_AREA_NM)
    return Scaling(factor, f"{from_nm:g} -> {to_nm:g} nm area x{factor:.3g}", warnings)


def relative_energy(nm: float, volts: float, flavour: Flavour) -> tuple[float, tuple[str, ...]]:
    """The energy of one operation in the paper's unit, and warnings about the voltage.

    Below its lowest point a fitted polynomial would rise again: there it is held.
    """
    if not (volts > 0 and math.isfinite(volts)):
        raise AttributeFault(f"a supply of {volts:g} V makes no sense")
    held: list[float] = []

    def at(node: float) -> float:
        a, b, c = ENERGY[flavour][node]
        lowest = -b / (2 * a)
        if volts < lowest:
            held.append(lowest)
        usable = max(volts, lowest)
        return a * usable**2 + b * usable + c

    value = _at(nm, sorted(ENERGY[flavour]), at, math.sqrt, float)
    if not held:
        return value, ()
    words = f"energy at {volts:g} V and {nm:g} nm held at that of {max(held):.2g} V: below, the fit rises"
    return value, (words,)


def _relative_area(nm: float) -> float:
    return _at(nm, sorted(AREA), AREA.__getitem__, float, lambda growth: growth**2)


def _at(
    nm: float,
    nodes: Sequence[float],
    value: Callable[[float], float],
    below: Callable[[float], float],
    above: Callable[[float], float],
) -> float:
    """``value`` at any node: a power law between two listed ones, the given laws beyond them."""
    if nm < nodes[0]:
        return value(nodes[0]) * below(nm / nodes[0])
    if nm > nodes[-1]:
        return value(nodes[-1]) * above(nm / nodes[-1])
    high = nodes[bisect_left(nodes, nm)]
    if high == nm:
        return value(nm)
    low = nodes[nodes.index(high) - 1]
    share = math.log(nm / low) / math.log(high / low)
    return math.exp((1 - share) * math.log(value(low)) + share * math.log(value(high)))


def _check(*nodes: float) -> None:
    for nm in nodes:
        if not 0 < nm <= LARGEST_NM:
            raise AttributeFault(f"technology {nm:g} nm is not between 0 and {LARGEST_NM:g} nm: not scaled")


def _range_warnings(what: str, nodes: Sequence[float], smallest: float, largest: float) -> tuple[str, ...]:
    return tuple(
        f"{what} at {nm:g} nm extrapolated: Stillmaker and Baas cover {smallest:g} to {largest:g} nm"
        for nm in dict.fromkeys(nodes)
        if not smallest <= nm <= largest
    )
