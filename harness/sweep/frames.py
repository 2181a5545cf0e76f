"""Tables of a sweep for pandas. The columns are documented in ``docs/api.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from harness.errors import unknown_name
from harness.estimation.query import FITS
from harness.sweep.results import Rows
from harness.sweep.store.result_reading import DATASPACE_COLUMNS
from harness.sweep.store.schema import whole_again

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.engines.result import CheckRecord
    from harness.sweep.accuracy import Accuracy
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.results import SweepResults

CONFIGURATION_COLUMNS = (
    "index", "study", "architecture", "model", "status", "reason", "energy_pj", "cycles", "utilization",
    "edp_sum", "edp", "area_um2", "edap", "seconds",
)  # fmt: skip
LAYER_COLUMNS = (
    "index", "study", "architecture", "model", "layer", "operator", "times", "fused", "status", "reason",
    "cycles", "energy_pj", "edp_j_cycles", "utilization", "area_um2", "macs", "bound_by", "seconds", "proof",
    "lower_bound", "gap", "notes", "key", *(f"energy_{fit}_pj" for fit in FITS), "energy_stated_pj",
    "energy_plus_minus_pj",
)  # fmt: skip
ENGINE_COLUMN = ("engine",)
CHECK_COLUMNS = ("check", "check_compared", "check_differences", "check_told")
"""Of layers, beside the engine; these are there where any study of the results has another engine than this
program alone.
"""
LEVEL_COLUMNS = (
    "index", "layer", "kind", "level", "name", "cycles", "energy_pj", "leakage_pj", "area_um2", "instances",
    "utilized_instances", "read_bandwidth", "write_bandwidth", "word_bits",
    "shared_bandwidth",
)  # fmt: skip
SPACE_COLUMNS = ("index", "layer", "name", "dataspace", *DATASPACE_COLUMNS)
PARAMETER = "parameter:"

Row = tuple[Any, ...]


def frame_of(results: SweepResults, rows: Rows, study: int) -> DataFrame:
    """The rows of one study."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    columns, made = rows_of(results, rows, study)
    return pd.DataFrame.from_records(list(made), columns=list(columns))


def rows_of(results: SweepResults, rows: Rows, study: int) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The columns and the rows, one by one: also for what does not fit into memory."""
    if rows == "configurations":
        names = results.parameter_names(study)
        columns = (*CONFIGURATION_COLUMNS, *(f"{PARAMETER}{name}" for name in names))
        made = _configurations(results, study, names)
        return _with_engine(results, study, columns, made) if _is_by_engines(results) else (columns, made)
    if rows == "layers":
        if _is_by_engines(results):
            columns = (*LAYER_COLUMNS, *CHECK_COLUMNS)
            return _with_engine(results, study, columns, _checked_layers(results, study))
        return LAYER_COLUMNS, _layers(results, study)
    if rows == "levels":
        return LEVEL_COLUMNS, _levels(results, study)
    if rows == "dataspaces":
        return SPACE_COLUMNS, _spaces(results, study)
    raise unknown_name("kind of rows", rows, get_args(Rows))


def _configurations(results: SweepResults, study: int, names: tuple[str, ...]) -> Iterator[Row]:
    reasons: dict[int, str] = {}
    for failure in results.failures(study):
        reasons.setdefault(failure.index, f"{failure.layer}: {failure.reason}")
    model = results.study(study).settings.model
    for p in results.iterate(study):
        m = p.metrics
        figures: Row = (None,) * 7
        if m is not None:
            figures = (m.energy_pj, m.cycles, m.utilization, m.edp_sum, m.edp, m.area_um2, m.edap)
        yield (
            p.index, study, p.architecture, model, p.status, reasons.get(p.index), *figures, p.seconds,
            *(p.parameters.get(name) for name in names),
        )  # fmt: skip


def _is_by_engines(results: SweepResults) -> bool:
    return any(study.settings.engine != "embedded" for study in results.studies)


def _with_engine(
    results: SweepResults, study: int, columns: tuple[str, ...], rows: Iterator[Row]
) -> tuple[tuple[str, ...], Iterator[Row]]:
    engine = results.study(study).settings.engine
    return (*columns, *ENGINE_COLUMN), ((*row, engine) for row in rows)


def _layers(results: SweepResults, study: int) -> Iterator[Row]:
    for index, architecture, o in results.iterate_layers(study):
        yield _layer(index, study, architecture, o)


def _checked_layers(results: SweepResults, study: int) -> Iterator[Row]:
    for index, architecture, o in results.iterate_layers(study):
        yield (*_layer(index, study, architecture, o), *_check(o.check))


def _layer(index: int, study: int, architecture: str, o: LayerOutcome) -> Row:
    return (
        index, study, architecture, o.model, o.layer, o.operator or None, o.times, o.fused, o.status,
        o.reason, o.cycles, o.energy_pj, o.edp_j_cycles, o.utilization, o.area_um2, o.macs, o.bound_by,
        o.seconds, o.proof, o.lower_bound, o.gap, "; ".join(o.notes) or None, o.key,
        *_accuracy(o.accuracy),
    )  # fmt: skip


def _check(check: CheckRecord | None) -> Row:
    """What differs, or why nothing was compared, as the last one."""
    if check is None:
        return (None,) * len(CHECK_COLUMNS)
    told = check.reason or "; ".join(check.differing)
    return check.status, check.compared, check.differences, told or None


def _accuracy(accuracy: Accuracy | None) -> Row:
    """Where it is known a class without energy has 0."""
    if accuracy is None:
        return (None,) * (len(FITS) + 2)
    shares = (accuracy.by_class.get(fit, 0.0) for fit in FITS)
    return (*shares, accuracy.stated_pj, accuracy.plus_minus_pj)


def _levels(results: SweepResults, study: int) -> Iterator[Row]:
    reader, own = results.reader(study)
    for row in reader.level_rows(own.number):
        index, position, kind, level, name, cycles, energy, leakage, area, instances, *rest = row
        yield (
            index, own.layers[position].layer, kind, level, name, whole_again(cycles), energy, leakage, area,
            whole_again(instances), *rest,
        )  # fmt: skip


def _spaces(results: SweepResults, study: int) -> Iterator[Row]:
    reader, own = results.reader(study)
    for index, position, name, space, *figures in reader.dataspace_rows(own.number):
        numbers = (int(figure) if isinstance(figure, str) else figure for figure in figures)
        yield (index, own.layers[position].layer, name, space, *numbers)
