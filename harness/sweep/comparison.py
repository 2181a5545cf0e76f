"""Which configurations are best, and which may be compared at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.sweep.metrics import Metrics
from harness.sweep.record import ConfigurationRecord


@dataclass(frozen=True)
class Criterion:
    """What to rank by: a name, and a key of which the least is best."""

    name: str
    key: Callable[[Metrics], float]


CRITERIA = (
    Criterion("EDP-sum", lambda m: m.edp_sum),
    Criterion("EDP of totals", lambda m: m.edp),
    Criterion("energy", lambda m: m.energy_pj),
    Criterion("cycles", lambda m: m.cycles),
    Criterion("utilisation", lambda m: -m.utilization),
)


def comparable(records: Sequence[ConfigurationRecord]) -> tuple[tuple[ConfigurationRecord, ...], ...]:
    """The records in groups with the same layers, counts and settings; only within one they compare."""
    groups: dict[object, list[ConfigurationRecord]] = {}
    for record in records:
        layers = tuple((o.layer, o.times, o.fused, o.macs) for o in record.layers)
        groups.setdefault((record.settings, layers), []).append(record)
    return tuple(tuple(group) for group in groups.values())


def best_by(criterion: Criterion, records: Sequence[ConfigurationRecord]) -> tuple[ConfigurationRecord, ...]:
    """The best one and all that are equal to it, among those whose every layer has a mapping."""
    values = {r.index: criterion.key(r.metrics) for r in records if r.metrics is not None}
    if not values:
        return ()
    least = min(values.values())
    return tuple(r for r in records if r.index in values and values[r.index] == least)


def ranked(records: Sequence[ConfigurationRecord]) -> tuple[tuple[ConfigurationRecord, Metrics], ...]:
    """Those with metrics, sorted by EDP-sum; equal ones keep their order."""
    pairs = [(record, record.metrics) for record in records if record.metrics is not None]
    return tuple(sorted(pairs, key=lambda pair: pair[1].edp_sum))


def varying_keys(records: Sequence[ConfigurationRecord]) -> tuple[str, ...]:
    """Parameters that do not have the same value everywhere; a key that some lack varies too."""
    keys = dict.fromkeys(key for record in records for key in record.parameters)
    return tuple(
        key
        for key in keys
        if len({repr(record.parameters[key]) if key in record.parameters else None for record in records}) > 1
    )
