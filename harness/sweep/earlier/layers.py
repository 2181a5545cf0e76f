"""The layers of one configuration of the earlier harness, from its stats files."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import SpecError
from harness.sweep.metrics import Metrics, metrics_of
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.timeloop_outputs import parse_stats

_PREFIX = "outputs_"
_STATS = "timeloop-mapper.stats.txt"
_LAYERS = ("KQV", "KTQ", "softmax", "VScores", "Out", "layernorm", "FF1", "FF2")
_ONCE_A_HEAD = ("KTQ", "VScores", "softmax")
_USUAL_HEADS = 16
"""Those of BERT-large, the model that was active in the earlier harness."""

_ROUNDED = (
    "read from the stats file of an earlier run: energy with two decimals of its unit, utilisation with two "
    "of a percent"
)
_NO_AREA = 0.0
"""Timeloop printed no area at all, whatever the architecture."""


def read_layers(folder: Path) -> tuple[tuple[LayerOutcome, ...], tuple[str, ...]]:
    """Each ``outputs_<layer>[_<fusion level>]`` as a layer that counts once, and the fusion levels."""
    names = [p.name.removeprefix(_PREFIX) for p in folder.glob(f"{_PREFIX}*") if p.is_dir()]
    plain = set(names)
    found = []
    levels: dict[str, None] = {}
    for name in sorted(names, key=_order):
        layer, level = _layer_and_level(name)
        if level is not None:
            levels[level] = None
            if layer in plain:  # runs with and without fusion lie side by side
                layer = name
        occurrence = Occurrence(layer, 1, "", level is not None, 0)
        found.append(_outcome(occurrence, folder / f"{_PREFIX}{name}" / _STATS))
    return tuple(found), tuple(levels)


def _order(name: str) -> tuple[int, str]:
    """The order of the model, then the alphabet."""
    layer, _ = _layer_and_level(name)
    return (_LAYERS.index(layer) if layer in _LAYERS else len(_LAYERS), name)


def _layer_and_level(name: str) -> tuple[str, str | None]:
    for layer in _LAYERS:
        if name.startswith(f"{layer}_"):
            return layer, name.removeprefix(f"{layer}_")
    return name, None


def _outcome(occurrence: Occurrence, path: Path) -> LayerOutcome:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return occurrence.without_figures("failed", f"no {path.name} is there")
    except OSError as error:
        return occurrence.without_figures("failed", f"{path.name} cannot be read: {error.strerror}")
    if not text.strip():
        return occurrence.without_figures("no_mapping", f"{path.name} is empty: Timeloop found no mapping")
    try:
        stats = parse_stats(text, path.name)
    except SpecError as error:
        return occurrence.without_figures("failed", str(error))
    if not (math.isfinite(stats.energy_pj) and math.isfinite(stats.utilization)):
        return occurrence.without_figures("failed", f"{path.name}: a figure is not a finite number")
    return LayerOutcome(
        layer=occurrence.layer,
        times=1,
        times_reason="",
        fused=occurrence.fused,
        macs=stats.computes,
        status="ok",
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        # The printed product has three digits, its factors have more.
        edp_j_cycles=stats.energy_pj * stats.cycles / 1e12,
        utilization=stats.utilization,
        area_um2=None if stats.area_mm2 in (None, _NO_AREA) else 1e6 * (stats.area_mm2 or 0.0),
        notes=(_ROUNDED,),
    )


def derived_heads(layers: Sequence[LayerOutcome], stored: Metrics | None) -> int | None:
    """How often the layers of attention count, such that the sums are those stored; None if nothing fits.

    Layers without figures added nothing to the stored sums, so they are left out here. Cycles must agree to
    the last digit and energies nearly: folders of several runs may be mixed, and agree by chance in one. Sums
    to which attention added nothing, for it failed, tell nothing of it.
    """
    present = [layer for layer in layers if layer.ok]
    if stored is None or not present:
        return None
    if any(map(_once_a_head, layers)) and not any(map(_once_a_head, present)):
        return None
    cycles = {False: 0, True: 0}
    for layer in present:
        cycles[_once_a_head(layer)] += layer.cycles or 0
    heads = 1
    if cycles[True]:
        heads, rest = divmod(stored.cycles - cycles[False], cycles[True])
        if rest or heads < 1:
            return None
    sums = metrics_of(with_heads(present, heads))
    fits = sums is not None and sums.cycles == stored.cycles
    if sums is None or not fits or not math.isclose(sums.energy_pj, stored.energy_pj, rel_tol=1e-9):
        return None
    return heads


def assumed_heads(known: Collection[int]) -> tuple[int, str]:
    """The count to take when the stored sums do not tell, and what to say about it."""
    if len(known) == 1:
        (heads,) = known
        return heads, f"the stored sums do not tell the heads; {heads} heads as in the other configurations"
    return _USUAL_HEADS, f"the stored sums do not tell the heads; {_USUAL_HEADS} heads are assumed"


def with_heads(layers: Sequence[LayerOutcome], heads: int) -> tuple[LayerOutcome, ...]:
    reason = f"{heads} heads" if heads > 1 else ""
    return tuple(
        replace(layer, times=heads, times_reason=reason) if _once_a_head(layer) else layer for layer in layers
    )


def _once_a_head(layer: LayerOutcome) -> bool:
    return _layer_and_level(layer.layer)[0] in _ONCE_A_HEAD
