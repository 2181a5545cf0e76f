"""A point of a running sweep, from its plan to its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.sweep.metrics import Metrics
from harness.sweep.outcome import LayerOutcome
from harness.sweep.plan import PlannedPoint
from harness.sweep.point import Point, PointStatus
from harness.sweep.record import ConfigurationRecord
from harness.sweep.store.rows import PointRow


@dataclass
class OpenPoint:
    """A point whose layers are not all there. ``outcomes`` fills up."""

    planned: PlannedPoint
    row: PointRow
    outcomes: dict[int, LayerOutcome] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.planned.planned.layers)

    def ended(self, status: PointStatus, metrics: Metrics | None, outcomes: Sequence[LayerOutcome]) -> Point:
        """What those are told who watch."""
        configuration = self.planned.configuration
        return Point(
            self.row.index,
            self.row.study,
            configuration.architecture,
            configuration.given,
            configuration.parameters,
            status,
            metrics,
            sum(outcome.seconds for outcome in outcomes),
        )

    def record(self) -> ConfigurationRecord:
        """For ``hw_config.json``; what is not there yet is ``not_run``."""
        study = self.planned.planned.study
        layers = tuple(
            self.outcomes[position]
            if position in self.outcomes
            else occurrence.without_figures("not_run", "the sweep was stopped before")
            for position, occurrence in enumerate(study.layers)
        )
        configuration = self.planned.configuration
        return ConfigurationRecord(
            index=self.row.index,
            architecture=configuration.architecture,
            given=configuration.given,
            parameters=configuration.parameters,
            settings=study.settings,
            layers=layers,
        )
