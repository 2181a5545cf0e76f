"""What tells the studies of a folder apart, in words."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.sweep.engine_words import ENGINES
from harness.report.sweep.words import studied_densities
from harness.sweep.study import Study


def differences(studies: Sequence[Study]) -> list[str]:
    """For each study what not all have in common; empty texts where there is one study only."""
    told = [_features(study) for study in studies]
    apart = [name for name in told[0] if len({features[name] for features in told}) > 1] if told else []
    return ["; ".join(f"{name} {features[name]}" for name in apart) for features in told]


def _features(study: Study) -> dict[str, str]:
    s = study.settings
    return {
        "model": s.model,
        "layers": " ".join(f"{o.layer} x{o.times}" for o in study.layers),
        "MACs of a layer": " ".join(f"{o.macs:,}" for o in study.layers),
        "densities": studied_densities(study) or "none",
        "engine": ENGINES[s.engine],
        "fusion": s.fusion or "none",
        "search": s.mapper,
        "version": s.version,
    }
