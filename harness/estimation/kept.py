"""Whole estimations as plain data, and the keys under which they are kept.

A key is made of everything that an answer depends on: the components with their attributes in order, the
component classes, the options, the content of the shipped tables and of the sources of this program that
read them. What depends on whether CACTI can be run here is kept with its identity. Nothing is kept that
depends on more: further table folders, another estimator than the default's, and the models of hwcomponents
and Accelergy, whose answers have caches of their own. What is read back is checked; data of another shape
count as absent.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.estimation.answers import Answer, Contribution, Estimate, EstimationOptions
from harness.estimation.parts import Component
from harness.estimation.query import FITS, Finding, Fit
from harness.spec.digest import digest_of, files_below
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.shipped import shipped_folder

_ROOMS = Path(__file__).resolve().parents[1]

_ASKED_ANEW = ("hwcomponents", "accelergy:")
"""Sources whose packages decide over their answers; each keeps them itself, under the packages' versions."""


class _Unkept(Exception):
    """Something that plain data cannot stand for exactly."""


def key_of(
    components: Iterable[Component], classes: tuple[object, ...], options: EstimationOptions
) -> dict[str, object] | None:
    """The key of a question, None where its answer must not be kept."""
    if options.table_folders or options.estimator != "tables":
        return None
    try:
        question = [
            [_component(c) for c in components],
            _plain(classes),
            [_plain(options.significant_digits), options.legacy_action_share, options.use_hwcomponents],
            [_plain(options.dummy_energy_pj), _plain(options.dummy_area_um2)],
        ]
        text = json.dumps(question)
        content = content_of(shipped_folder("estimation_tables"))
    except (_Unkept, OSError, HarnessError):
        return None
    return {"source": "estimate", "question": hashlib.sha256(text.encode()).hexdigest(), "content": content}


def _component(c: Component) -> list[object]:
    scales = [_plain(c.energy_scale), _plain(c.area_scale)]
    return [c.name, c.class_name, _plain(c.attributes), list(c.required_actions), scales]


def _plain(value: object) -> object:
    """``value`` as JSON that differs where values differ in type, order or tag."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return [type(value).__name__, str(value)]
    if isinstance(value, Mapping):
        pairs = [[_plain(key), _plain(entry)] for key, entry in value.items()]
        return {"tag": getattr(value, "tag", None), "entries": pairs}
    if isinstance(value, (list, tuple)):
        return {"tag": getattr(value, "tag", None), "items": [_plain(entry) for entry in value]}
    raise _Unkept


@lru_cache(maxsize=8)
def content_of(tables: Path) -> str:
    """A hash of all files below ``tables`` and of the sources that make answers of them."""
    sources = [file for room in ("estimation", "spec") for file in sorted((_ROOMS / room).rglob("*.py"))]
    return f"{digest_of(files_below(tables), tables)} {digest_of(sources, _ROOMS)}"


def _depends_on_cacti(answer: Answer) -> bool:
    return any(part.finding.needs_cacti for part in answer.parts)


def _cacti(options: EstimationOptions) -> str:
    if not options.use_hwcomponents:
        return ""
    from harness.estimation.cacti import cacti_identity  # noqa: PLC0415 - most estimations need no CACTI

    return cacti_identity(options.cache_folder)


def record_of(made: Estimate, options: EstimationOptions) -> dict[str, object] | None:
    """``made`` as JSON, None if it is not to be kept or would not come back as it is."""
    if any(name in answer.estimator for answer in made.answers for name in _ASKED_ANEW):
        return None
    record: dict[str, object] = {
        "cacti": _cacti(options) if any(map(_depends_on_cacti, made.answers)) else None,
        "ert": [
            [c.name, [[a.action, a.energy_pj, _pairs(a.arguments)] for a in c.actions]]
            for c in made.ert.components
        ],
        "art": [[name, area] for name, area in made.art.areas],
        "answers": [
            [
                [a.component, a.class_name, a.action, a.estimator, a.note],
                [a.value, a.accuracy],
                _pairs(a.arguments),
                [_part_record(part) for part in a.parts],
            ]
            for a in made.answers
        ],
    }
    return record if estimate_of(record, options) is not None else None


def _part_record(part: Contribution) -> list[object]:
    f = part.finding
    return [
        [part.component, part.class_name, part.action, f.estimator, f.note, f.fit, f.citation, f.scaling],
        [part.factor, f.value, f.accuracy, f.uncertainty],
        _pairs(part.factors),
        _pairs(f.attributes),
        [list(f.warnings), list(f.passed_over), f.needs_cacti, list(f.steps)],
    ]


def _pairs(arguments: Iterable[tuple[str, object]]) -> list[list[object]]:
    return [[name, value] for name, value in arguments]


def estimate_of(record: Mapping[str, object], options: EstimationOptions) -> Estimate | None:
    """The inverse of :func:`record_of`; None for data of another shape, with senseless figures, or of another
    CACTI.
    """
    if record.get("cacti") is not None and record["cacti"] != _cacti(options):
        return None
    try:
        return Estimate(
            EnergyReferenceTable(
                tuple(ComponentEnergy(_text(n), _actions(actions)) for n, actions in _list(record["ert"]))
            ),
            AreaReferenceTable(tuple((_text(name), _figure(area)) for name, area in _list(record["art"]))),
            tuple(_answer(entry) for entry in _list(record["answers"])),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _actions(actions: object) -> tuple[ActionEnergy, ...]:
    return tuple(ActionEnergy(_text(a), _figure(e), _arguments(pairs)) for a, e, pairs in _list(actions))


def _answer(entry: list[Any]) -> Answer:
    (component, class_name, action, estimator, note), (value, accuracy), arguments, parts = entry
    return Answer(
        _text(component),
        _text(class_name),
        None if action is None else _text(action),
        _arguments(arguments),
        _figure(value),
        _text(estimator),
        _figure(accuracy),
        _text(note),
        tuple(_part(part) for part in _list(parts)),
    )


def _part(entry: list[Any]) -> Contribution:
    texts, (factor, value, accuracy, uncertainty), factors, attributes, others = entry
    warnings, passed_over, needs_cacti, steps = others
    component, class_name, action, estimator, note, fit, citation, scaling = texts
    finding = Finding(
        _figure(value),
        _text(estimator),
        _figure(accuracy),
        _text(note),
        _fit(fit),
        _text(citation),
        tuple((_text(name), _text(v)) for name, v in _list(attributes)),
        _text(scaling),
        None if uncertainty is None else _figure(uncertainty),
        tuple(_text(warning) for warning in warnings),
        tuple(_text(reason) for reason in passed_over),
        needs_cacti is True,
        tuple(_text(step) for step in steps),
    )
    action = None if action is None else _text(action)
    made_of = tuple((_text(name), _figure(one)) for name, one in _list(factors))
    return Contribution(_text(component), _text(class_name), action, _figure(factor), finding, made_of)


def _fit(value: object) -> Fit:
    for fit in FITS:
        if value == fit:
            return fit
    raise ValueError


def _arguments(pairs: object) -> tuple[tuple[str, float | int | str], ...]:
    return tuple((_text(name), _text(v) if isinstance(v, str) else _number(v)) for name, v in _list(pairs))


def _list(value: object) -> list[list[object]]:
    if type(value) is not list or not all(type(entry) is list for entry in value):
        raise TypeError
    return value


def _text(value: object) -> str:
    # No kind of str of its own: it would come back as another.
    if type(value) is not str:
        raise TypeError
    return value


def _number(value: object) -> float | int:
    if type(value) is not float and type(value) is not int:
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return value


def _figure(value: object) -> float:
    number = _number(value)
    if number < 0:
        raise ValueError
    return number
