"""Who estimated each energy and area, line by line, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from harness.estimation import Answer
from harness.estimation.query import Finding

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
    "fit",
    "uncertainty_percent",
    "citation",
    "attributes",
    "scaling",
    "warnings",
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
                answer.fit,
                "" if answer.uncertainty is None else f"{answer.uncertainty * 100:.6g}",
                " | ".join(answer.citations),
                _of_parts(answer, lambda f: " ".join(f"{name}={value}" for name, value in f.attributes)),
                _of_parts(answer, lambda f: f.scaling),
                " | ".join(answer.warnings),
            )
        )
    return text.getvalue()


def _of_parts(answer: Answer, text_of: Callable[[Finding], str]) -> str:
    """A text of each part, after its name where there are several."""
    texts = []
    for part in answer.parts:
        text = text_of(part.finding)
        name = part.component.removeprefix(answer.component).removeprefix(".")
        if text:
            texts.append(f"{name}: {text}" if name else text)
    return " | ".join(dict.fromkeys(texts))


def estimators_of(answers: Sequence[Answer]) -> tuple[str, ...]:
    """The estimators that had a say, but for placeholders."""
    real = [answer for answer in answers if answer.class_name != "dummy_storage"]
    return tuple(dict.fromkeys(name for a in real for name in a.estimator.split(" + ")))
