"""The sums over the layers of one configuration: the only place where they are made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.sweep.accuracy import Accuracy
from harness.sweep.outcome import LayerOutcome

_PICOJOULE_PER_JOULE = 1e12
_UM2_PER_MM2 = 1e6


@dataclass(frozen=True)
class Metrics:
    """Of all layers together, each counted as often as it occurs, from unrounded values.

    ``edp_sum`` adds up each layer's own energy x cycles; ``edp`` is total energy x total cycles. Both are
    in J x cycles. ``utilization`` (a fraction) is the mean over the layers, weighted by how often each
    occurs. ``area_um2`` is the largest of the layers' architectures: an architecture and its variant for
    normalisations differ a little. ``edap`` is ``edp`` times the area in mm^2, in J x cycles x mm^2. Both
    are None where no area is known.
    """

    energy_pj: float
    cycles: int
    utilization: float
    edp_sum: float
    edp: float
    area_um2: float | None
    edap: float | None = None


def metrics_of(outcomes: Sequence[LayerOutcome]) -> Metrics | None:
    """The sums; None when a layer lacks figures, for a sum over the others would be too small."""
    energies: list[float] = []
    products: list[float] = []
    utilizations: list[float] = []
    cycles = 0
    for o in outcomes:
        if o.energy_pj is None or o.cycles is None or o.edp_j_cycles is None or o.utilization is None:
            return None
        energies.append(o.times * o.energy_pj)
        products.append(o.times * o.edp_j_cycles)
        utilizations.append(o.times * o.utilization)
        cycles += o.times * o.cycles
    if not energies:
        return None
    energy = math.fsum(energies)
    edp = energy * cycles / _PICOJOULE_PER_JOULE
    areas = [o.area_um2 for o in outcomes if o.area_um2 is not None]
    area = max(areas) if len(areas) == len(outcomes) else None
    return Metrics(
        energy_pj=energy,
        cycles=cycles,
        utilization=math.fsum(utilizations) / sum(o.times for o in outcomes),
        edp_sum=math.fsum(products),
        edp=edp,
        area_um2=area,
        edap=None if area is None else edp * (area / _UM2_PER_MM2),
    )


def accuracy_of_all(outcomes: Sequence[LayerOutcome]) -> Accuracy | None:
    """What the energy of all layers rests on; None when one of them does not say it."""
    by_class: dict[str, list[float]] = {}
    by_source: dict[str, list[float]] = {}
    untold = False
    stated: list[float] = []
    off: list[float] = []
    for o in outcomes:
        if o.accuracy is None:
            return None
        for name, pj in o.accuracy.by_class.items():
            by_class.setdefault(name, []).append(o.times * pj)
        for name, pj in o.accuracy.by_source.items():
            by_source.setdefault(name, []).append(o.times * pj)
        # Of layers that an earlier version mapped nobody knows the sources.
        untold = untold or not o.accuracy.by_source
        stated.append(o.times * o.accuracy.stated_pj)
        off.append(o.times * o.accuracy.plus_minus_pj)
    if not by_class:
        return None
    sources = {} if untold else {n: math.fsum(pj) for n, pj in by_source.items()}
    classes = {n: math.fsum(pj) for n, pj in by_class.items()}
    return Accuracy(classes, math.fsum(stated), math.fsum(off), sources)
