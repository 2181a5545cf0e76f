"""Who estimated each energy and area, line by line, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.estimation import Answer

COLUMNS = (
    "component",
    "class",
    "action",
    "arguments",
    "value",
    "unit",
    "estimator",
    "accuracy_percent",
    "note",
)


def estimation_csv(answers: Sequence[Answer]) -> str:
    """One line per answer; the area of a component is its action ``area``. Values are unrounded."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        writer.writerow(
            (
                answer.component,
                answer.class_name,
                answer.action or "area",
                " ".join(f"{name}={value}" for name, value in answer.arguments),
                repr(answer.value),
                "um^2" if answer.action is None else "pJ",
                answer.estimator,
                answer.accuracy,
                answer.note,
            )
        )
    return text.getvalue()


def estimators_line(answers: Sequence[Answer]) -> str:
    """The estimators that had a say, and the lowest rank among them.

    The ranks are Accelergy's: they order the sources and are no measured errors (docs/energy.md).
    """
    real = [answer for answer in answers if answer.class_name != "dummy_storage"] or list(answers)
    names = dict.fromkeys(name for answer in real for name in answer.estimator.split(" + "))
    lowest = min(answer.accuracy for answer in real)
    return f"by {', '.join(names)} (rank {lowest:g} or higher; no error bars)"
