"""The file ``hw_config.json`` of one configuration: the configuration, its metrics, its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.spec.template_parameters import ParameterValue
from harness.sweep.metrics import Metrics, metrics_of
from harness.sweep.outcome import LayerOutcome
from harness.sweep.study import Settings

FILE_NAME = "hw_config.json"
ARCHITECTURE_KEY = "arch"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ConfigurationRecord:
    """One configuration and what became of its layers. ``index`` is the name of its folder."""

    index: int
    architecture: str
    given: Mapping[str, ParameterValue]
    parameters: Mapping[str, ParameterValue]
    settings: Settings
    layers: tuple[LayerOutcome, ...]

    @cached_property
    def metrics(self) -> Metrics | None:
        """None unless every layer has a mapping."""
        return metrics_of(self.layers)

    @property
    def status(self) -> str:
        if self.metrics is not None:
            return "ok"
        return "incomplete" if any(o.status == "not_run" for o in self.layers) else "failed"

    def to_json(self) -> str:
        """The configuration's own keys on top, as they stand in the file of configurations, then the metrics.

        ``metrics`` uses the units of the earlier harness: energy in pJ, utilization in percent, ``edp`` the
        sum of the layers' products. It is null when a layer has no mapping.
        """
        m = self.metrics
        metrics = None
        if m is not None:
            metrics = {
                "energy": m.energy_pj,
                "cycles": m.cycles,
                "utilization": 100 * m.utilization,
                "edp": m.edp_sum,
                "edp_of_totals": m.edp,
                "area_um2": m.area_um2,
                "edap": m.edap,
            }
        sweep = {
            "schema": SCHEMA_VERSION,
            "status": self.status,
            "parameters": dict(self.parameters),
            "settings": self.settings.to_record(),
            "layers": [outcome.to_record() for outcome in self.layers],
        }
        record = {ARCHITECTURE_KEY: self.architecture, **self.given, "metrics": metrics, "sweep": sweep}
        return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_record(path: Path) -> ConfigurationRecord:
    """Raises ValueError with the reason for a file that is no such record. The metrics are made anew."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(tree, dict) or not isinstance(tree.get("sweep"), dict):
            raise ValueError("not a record of this program's sweeps")
        sweep = tree["sweep"]
        if sweep.get("schema") != SCHEMA_VERSION:
            raise ValueError(f"schema {sweep.get('schema')!r} cannot be read, only {SCHEMA_VERSION}")
        parameters = dict(sweep["parameters"])
        return ConfigurationRecord(
            index=int(path.parent.name),
            architecture=str(tree[ARCHITECTURE_KEY]),
            given={key: value for key, value in parameters.items() if key in tree},
            parameters=parameters,
            settings=Settings(**sweep["settings"]),
            layers=tuple(LayerOutcome.from_record(entry) for entry in sweep["layers"]),
        )
    except (OSError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a complete record: {error}") from error
