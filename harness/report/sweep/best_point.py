"""One configuration of a sweep in full: its totals, and what each layer has of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.report import quantities
from harness.report.sweep.aligned import Columns, aligned, fitting
from harness.report.sweep.engine_words import CHECKS
from harness.report.sweep.words import STATUS_WORDS, bound_in_words
from harness.sweep.metrics import metrics_of
from harness.workloads import load_model

if TYPE_CHECKING:
    from harness.sweep.metrics import Metrics
    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.study import Study

_LAYER_HEADS = ("layer", "times", "cycles", "energy", "util %", "bound by", "energy %", "cycles %")


def totals_table(metrics: Metrics, study: Study, layers: Sequence[LayerOutcome], width: int) -> str:
    """Of the whole model, of one of its blocks where it has several, and of its matrix products where it has
    other operators too: those run on a lane of their own, whatever the array.

    Where not all layers of the model were mapped, the totals are said to be of these layers.
    """
    whole = covers_its_model(study)
    blocks = study.blocks if study.blocks is not None else 1
    rows = []
    if blocks > 1:
        name = "one block" if whole else "these layers, one block"
        energy, cycles = metrics.energy_pj / blocks, metrics.cycles // blocks
        rows.append(_totals(name, energy, cycles, metrics.edp_sum / blocks))
    name = "whole model" if whole else "these layers"
    if blocks > 1:
        name += f", {blocks} blocks"
    rows.append(_totals(name, metrics.energy_pj, metrics.cycles, metrics.edp_sum))
    products = [layer for layer in layers if layer.operator in ("matmul", "conv")]
    alone = metrics_of(products) if 0 < len(products) < len(layers) else None
    if alone is not None:
        rows.append(_totals("  of it matrix products", alone.energy_pj, alone.cycles, alone.edp_sum))
    heads = ("", "energy", "cycles", "EDP-sum", "EDP of totals")
    return aligned(Columns(heads, 1, left=(0,)), rows, width)


def covers_its_model(study: Study) -> bool:
    """Whether the study has every layer of its model as often as it occurs there."""
    try:
        model = load_model(study.settings.model)
    except HarnessError:  # a model that was changed on the command line, or of a file that is elsewhere
        return False
    counted = {occurrence.layer: occurrence.times for occurrence in study.layers}
    return counted == {layer.name: layer.repeat for layer in model.layers}


def _totals(name: str, energy_pj: float, cycles: int, edp_sum: float) -> list[str]:
    edp = energy_pj * cycles / 1e12
    return [name, quantities.energy(energy_pj), f"{cycles:,}", f"{edp_sum:.4e}", f"{edp:.4e}"]


def layer_table(layers: Sequence[LayerOutcome], width: int) -> str:
    """The figures of one of each layer, and its share of the totals, counted as often as it occurs; and the
    comparison with the real Timeloop where there was one, unless all are equal and there is no room.
    """
    with_check = any(o.check is not None for o in layers)
    heads = (*_LAYER_HEADS, "check") if with_check else _LAYER_HEADS
    energy = sum(o.times * (o.energy_pj or 0.0) for o in layers)
    cycles = sum(o.times * (o.cycles or 0) for o in layers)
    rows = []
    for o in layers:
        if o.energy_pj is None or o.cycles is None or o.utilization is None:
            word = STATUS_WORDS.get(o.status, o.status)
            rows.append([o.layer, str(o.times), word, *["-"] * (len(heads) - 3)])
            continue
        rows.append(
            [
                o.layer,
                str(o.times),
                f"{o.cycles:,}",
                quantities.energy(o.energy_pj),
                f"{100 * o.utilization:.2f}",
                bound_in_words(o.bound_by),
                _percent(o.times * o.energy_pj, energy),
                _percent(o.times * o.cycles, cycles),
                *([] if not with_check else ["-" if o.check is None else CHECKS[o.check.status]]),
            ]
        )
    columns = Columns(heads, _LAYER_HEADS.index("energy %"), left=(0, 5))
    all_equal = all(o.check is None or o.check.status == "equal" for o in layers)
    if with_check and all_equal and fitting(columns, rows, width) < len(heads):
        columns, rows = replace(columns, heads=_LAYER_HEADS), [row[:-1] for row in rows]
    return aligned(columns, rows, width)


def _percent(part: float, total: float) -> str:
    return f"{100 * part / total:.1f}" if total else "-"
