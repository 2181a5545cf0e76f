"""The tables for programs: CSV, JSON, and Timeloop's own files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engines.energy_tables import EnergyTables, Line
from harness.estimation.answers import Contribution
from harness.report.energy.compare import Comparison
from harness.report.estimation_table import estimation_csv

SCHEMA_VERSION = 1
ERT_NAME, ART_NAME = "ERT.yaml", "ART.yaml"


def csv_text(tables: EnergyTables) -> str:
    """One line per figure, in the columns of a run's ``estimation.csv``."""
    return estimation_csv([line.answer for component in tables.components for line in component.lines])


def timeloop_files(tables: EnergyTables) -> dict[str, str]:
    """The ERT and ART by name, as Timeloop reads them in place of its own estimation."""
    from harness.report.yaml_text import yaml_text  # noqa: PLC0415
    from harness.spec.flattened import write_art, write_ert  # noqa: PLC0415 - imports PyYAML

    files = {ERT_NAME: yaml_text({"ERT": write_ert(tables.ert)})}
    if tables.art is not None:
        files[ART_NAME] = yaml_text({"ART": write_art(tables.art)})
    return files


def json_text(tables: EnergyTables, comparisons: Sequence[Comparison] = ()) -> str:
    """The record of :func:`record_of` as text, ASCII, so that every terminal can show it."""
    return json.dumps(record_of(tables, comparisons), indent=1, allow_nan=False)


def record_of(tables: EnergyTables, comparisons: Sequence[Comparison] = ()) -> dict[str, Any]:
    """Everything as plain data. The schema is documented in ``docs/cli.md``."""
    record: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "architecture": tables.architecture,
        "parameters": {str(k): _plain(v) for k, v in tables.parameters.items()},
        "technology": tables.technology,
        "cycle_seconds": tables.cycle_seconds,
        "estimator": tables.estimator,
        "total": {
            "area_um2": tables.area_um2,
            "leak_pj_per_cycle": tables.leak_pj_per_cycle,
            "leak_watts": tables.leak_watts,
            "charged_leak_pj_per_cycle": tables.charged_leak_pj_per_cycle,
        },
        "components": [
            {
                "name": component.name,
                "full_name": component.full_name,
                "class": component.class_name,
                "instances": component.instances,
                "lines": [_line(line) for line in component.lines],
            }
            for component in tables.components
        ],
        "warnings": list(tables.warnings),
    }
    if comparisons:
        record["compared"] = [_comparison(comparison) for comparison in comparisons]
    return record


def _line(line: Line) -> dict[str, Any]:
    answer = line.answer
    return {
        "action": line.action or "area",
        "arguments": {name: _plain(value) for name, value in answer.arguments},
        "value": line.value,
        "unrounded": answer.value,
        "unit": line.unit,
        "accuracy_class": answer.fit,
        "uncertainty": answer.uncertainty,
        "estimator": answer.estimator,
        "rank": answer.accuracy,
        "note": answer.note,
        "parts": [_part(part) for part in answer.parts],
    }


def _part(part: Contribution) -> dict[str, Any]:
    finding = part.finding
    return {
        "component": part.component,
        "class": part.class_name,
        "action": part.action or "area",
        "factor": part.factor,
        "factors": [{"of": name, "value": value} for name, value in part.factors],
        "value": finding.value,
        "accuracy_class": finding.fit,
        "uncertainty": finding.uncertainty,
        "estimator": finding.estimator,
        "rank": finding.accuracy,
        "citation": finding.citation,
        "attributes": dict(finding.attributes),
        "scaling": finding.scaling,
        "steps": list(finding.steps),
        "note": finding.note,
        "warnings": list(finding.warnings),
        "passed_over": list(finding.passed_over),
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "file": comparison.file,
        "lines": [
            {
                "component": line.component,
                "action": line.action,
                "ours": line.ours,
                "theirs": line.theirs,
                "ratio": line.ratio,
                "difference": line.difference,
                "status": line.status,
            }
            for line in comparison.lines
        ],
    }


def _plain(value: object) -> object:
    """A value as JSON has it; a text where JSON has nothing for it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return str(value)
