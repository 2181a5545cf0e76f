"""Comparisons as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.engines.comparison import Field, Value
from harness.report.check.checked import Checked

SCHEMA_VERSION = 1

COLUMNS = ("checked", "part", "where", "data_space", "field", "ours", "theirs", "difference", "verdict")


def json_text(every: Sequence[Checked]) -> str:
    """All comparisons with all fields; numbers that JSON does not know are null."""
    record = {"schema": SCHEMA_VERSION, "checks": [_record(checked) for checked in every]}
    return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)


def csv_text(every: Sequence[Checked]) -> str:
    """A line for each field of each comparison."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for checked in every:
        fields = () if checked.check is None else checked.check.comparison.fields
        for field in fields:
            place = field.place
            figures = (_cell(field.ours), _cell(field.theirs), _cell(field.difference))
            writer.writerow(
                (checked.name, place.part, place.where, place.data_space, field.name, *figures, field.verdict)
            )
    return stream.getvalue()


def _record(checked: Checked) -> dict[str, Any]:
    check = checked.check
    if check is None:
        return {"checked": checked.name, "status": checked.status, "reason": checked.error, "fields": []}
    comparison = check.comparison
    return {
        "checked": checked.name,
        "status": checked.status,
        "reason": checked.reason,
        "architecture": check.ours.architecture,
        "layer": check.ours.layer,
        "ours": check.ours.provenance.version,
        "theirs": None if check.theirs.timeloop is None else asdict(check.theirs.timeloop),
        "precision": comparison.precision,
        "compared": comparison.compared,
        "differences": len(comparison.differing),
        "causes": list(check.causes),
        "remarks": list(check.remarks),
        "fields": [_field(field) for field in comparison.fields],
    }


def _field(field: Field) -> dict[str, Any]:
    place = field.place
    return {
        "part": place.part,
        "where": place.where,
        "data_space": place.data_space,
        "field": field.name,
        "ours": _finite(field.ours),
        "theirs": _finite(field.theirs),
        "difference": _finite(field.difference),
        "verdict": field.verdict,
    }


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Value) -> Value:
    return "" if value is None else value
