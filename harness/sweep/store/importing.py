"""Records that lie in folders and in no store, as a store in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.sweep.earlier.folders import EarlierConfiguration
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.record import ConfigurationRecord
from harness.sweep.store.reading import StoreReader
from harness.sweep.store.rows import PointRow, given_and_base
from harness.sweep.store.writing import StoreWriter
from harness.sweep.study import Study

STORED_SUMS = "all layers"
"""Stands for the layers of a configuration of which only the sums were kept."""


def reader_of_records(
    records: Iterable[ConfigurationRecord], earlier: Iterable[EarlierConfiguration]
) -> StoreReader:
    """What :func:`harness.sweep.earlier.folders.read_result_folders` has found."""
    store = StoreWriter(None)
    for record in records:
        _put(store, record)
    for one in earlier:
        made = ConfigurationRecord(
            one.index, one.architecture, one.given, one.given, one.settings, _layers(one)
        )
        _put(store, made)
    store.commit()
    return StoreReader(store.connection)


def _layers(one: EarlierConfiguration) -> tuple[LayerOutcome, ...]:
    """Its layers, or its sums as one layer. The reservations of one with layers are about the heads."""
    if one.layers:
        counted = [layer.layer for layer in one.layers if layer.times > 1] or [one.layers[0].layer]
        return tuple(_noted(o, one.notes) if o.layer in counted else o for o in one.layers)
    whole = Occurrence(STORED_SUMS, 1, "", False, 0)
    m = one.stored
    if m is None:
        return (whole.without_figures("failed", one.reason or "no reason is known"),)
    return (
        LayerOutcome(
            **vars(whole),
            status="ok",
            cycles=m.cycles,
            energy_pj=m.energy_pj,
            edp_j_cycles=m.edp_sum,
            utilization=m.utilization,
            notes=one.notes,
        ),
    )


def _noted(outcome: LayerOutcome, notes: Sequence[str]) -> LayerOutcome:
    return replace(outcome, notes=(*outcome.notes, *notes))


def _put(store: StoreWriter, record: ConfigurationRecord) -> None:
    occurrences = tuple(outcome.occurrence for outcome in record.layers)
    keys = tuple(f"{record.index}:{o.layer}" for o in record.layers)
    given, base = given_and_base(record.given, record.parameters)
    study = store.study_number(Study(record.settings, occurrences))
    row = PointRow(record.index, study, record.architecture, given, base, keys)
    store.begin_point(row)
    for key, outcome in zip(keys, record.layers, strict=True):
        if outcome.status != "not_run":
            store.put_outcome(key, outcome)
    store.end_point(record.index, record.status, record.metrics, sum(o.seconds for o in record.layers))
