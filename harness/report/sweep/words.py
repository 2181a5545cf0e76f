"""Words about points of a sweep that its summary, tables and plots share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.sweep.earlier.folders import EARLIER_VERSION
from harness.sweep.store.importing import STORED_SUMS

if TYPE_CHECKING:
    from harness.sweep.outcome import LayerOutcome, Occurrence
    from harness.sweep.point import Point
    from harness.sweep.results import SweepResults
    from harness.sweep.study import Study

STATUS_WORDS: Mapping[str, str] = {
    "ok": "ok",
    "no_mapping": "no mapping",
    "refused": "refused",
    "crashed": "crashed",
    "timed_out": "timed out",
    "failed": "failed",
    "not_run": "not run",
}


def telling_parameters(results: SweepResults, study: int) -> tuple[str, ...]:
    """Parameters that tell the points of a study apart: those that vary, within one of the architectures
    where there are several, for what all points of an architecture have its name says.
    """
    found = [results.varying(study, architecture) for architecture in results.architectures(study)]
    return tuple(dict.fromkeys(name for names in found for name in names))


def described(point: Point, keys: Sequence[str], architectures: bool) -> str:
    """``pe_rows=16 dataflow=WS``, after the architecture where there are several."""
    parts = [point.architecture] if architectures else []
    parts += [f"{key}={plain(point.parameters[key])}" for key in keys if key in point.parameters]
    return " ".join(parts) or point.architecture


def plain(value: object) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def several(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def indices_in_words(indices: Sequence[int], most: int = 8) -> str:
    """``3, 4, 5 and 12,000 more``."""
    shown = ", ".join(map(str, indices[:most]))
    return shown if len(indices) <= most else f"{shown} and {len(indices) - most:,} more"


def layers_in_words(layers: Sequence[Occurrence | LayerOutcome]) -> str:
    return " ".join(f"{o.layer} x{o.times}" if o.times > 1 else o.layer for o in layers)


def studied_densities(study: Study) -> str:
    """``A (Inputs 0.3, Weights 0.4 hypergeometric)`` in full precision; "" where all tensors are dense."""
    return ", ".join(
        f"{o.layer} ({', '.join(f'{name} {_density(density)}' for name, density in o.densities.items())})"
        for o in study.layers
        if o.densities
    )


def _density(density: Mapping[str, Any]) -> str:
    distribution = str(density["distribution"])
    if distribution == "banded":
        return f"banded {density['band_width']}"
    if distribution == "actual_data":
        return f"{density['density']:.6g} of {str(density['digest']).removeprefix('sha256:')[:8]}"
    share = f"{density['density']}"
    return share if distribution == "fixed_structured" else f"{share} {distribution}"


def model_in_words(study: Study) -> str:
    """The earlier harness did not record which model it mapped."""
    earlier = study.settings.version == EARLIER_VERSION
    return "a model of the earlier harness" if earlier else study.settings.model


def has_only_sums(study: Study) -> bool:
    """Whether nothing is known of the layers: the earlier harness kept their sums alone."""
    return [occurrence.layer for occurrence in study.layers] == [STORED_SUMS]


def bound_in_words(bound_by: str | None) -> str:
    """``Scratchpad.read`` as "Scratchpad read"."""
    if bound_by is None:
        return "-"
    level, _, port = bound_by.rpartition(".")
    return f"{level} {port}" if level else bound_by
