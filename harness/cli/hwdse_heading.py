"""What the heading of a sweep says, from its plan."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.sweep.engine_words import ENGINES
from harness.report.sweep.heading import SweepHeading
from harness.sweep.estimate import Estimate
from harness.sweep.plan import SweepPlan


def heading_of(plan: SweepPlan, estimate: Estimate | None, replaced: int = 0) -> SweepHeading:
    studies = [planned.study for planned in plan.workloads.values()]
    first = studies[0]
    others = [name for name in plan.space.architectures if name not in plan.architectures]
    return SweepHeading(
        points={name: plan.space.count([name]) for name in plan.architectures},
        layers={study.settings.model: len(study.layers) for study in studies},
        jobs=plan.layers,
        search=first.settings.mapper,
        different=None if estimate is None else estimate.jobs,
        stored=0 if estimate is None else estimate.stored or 0,
        estimate_seconds=None if estimate is None else estimate.seconds,
        left_out=_counted(plan, others),
        skipped_by_rules=plan.space.skipped_by_rules(plan.architectures),
        replaced=replaced,
        fusion=first.settings.fusion,
        fused=tuple(layer.layer for layer in first.layers if layer.fused),
        engine=None if first.settings.engine == "embedded" else ENGINES[first.settings.engine],
    )


def _counted(plan: SweepPlan, names: list[str]) -> Mapping[str, int]:
    counts = {name: plan.space.count([name]) for name in names}
    return {name: count for name, count in counts.items() if count}
