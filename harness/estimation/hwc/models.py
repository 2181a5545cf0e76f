"""Calling the models, and reading out of their messages what they did."""

from __future__ import annotations

import ast
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.estimation.hwc.recipe import NEUROSIM
from harness.estimation.hwc.seams import Programs, redirected
from harness.estimation.programs import PASSING, ProcessLock, RunFailed, package_folder
from harness.estimation.query import AttributeFault, Declined, shorten

AREA = "area"
LEAK_POWER = "leak_power"
_NOTHING: tuple[str, ...] = ()
_FIGURES = {AREA: "area", LEAK_POWER: "leak_power"}
_ERROR_LINE = re.compile(r"\b(?:[A-Za-z_]+(?:Error|Exception)|Exception): *(.+)$")
_INITIALIZING = re.compile(r"^Initializing (\S+) from (\S+)$")
_ARGUMENTS = re.compile(r"^Calling __init__ with arguments (\{.*\})$", re.DOTALL)
_SCALED = re.compile(r"^Scaled (\S+) from (.+) to (.+): (\w+)_scale multiplied by (\S+)$")
_INTERPOLATING = re.compile(r"^Interpolating (\w+) between (\S+) and (\S+)\.$")
_LOCK = ProcessLock()
"""The packages keep messages and parsed files in globals."""


@dataclass(frozen=True)
class Question:
    """``asked`` is :data:`AREA` (m^2), :data:`LEAK_POWER` (W) or an action (J)."""

    component: str
    asked: str
    attributes: dict[str, object]
    arguments: dict[str, object]


@dataclass(frozen=True)
class Modelled:
    """``value`` in SI units. ``module`` is the Python module of the model, ``used`` names the attributes that
    it was given, ``scaling`` says the factors that it applied to its own figures. ``by_cacti``: CACTI was
    asked for it or for a part of it."""

    value: float
    model: str
    module: str = ""
    used: tuple[str, ...] = ()
    scaling: str = ""
    by_cacti: bool = False


def call_models(question: Question, programs: Programs) -> Modelled:
    """The answer of the model that hwcomponents chooses; :class:`Declined` in one phrase.

    :class:`RunFailed` where a program that it needs could not be asked this time.
    """
    try:
        hwcomponents = _imported()
    except ImportError:
        raise Declined("the package hwcomponents is not installed", knows_class=False) from None
    question = replace(question, attributes=_with_files(question.attributes))
    component, attributes = question.component, question.attributes
    options = {"_return_estimation_object": True, "_relaxed_component_name_selection": True}
    with _LOCK, _silent(), redirected(programs):
        programs.refusals.clear()
        programs.failures.clear()
        programs.used_cacti = False
        try:
            if question.asked == AREA:
                found = hwcomponents.get_area(component, attributes, **options)
                value = float(found.value)
            elif question.asked == LEAK_POWER:
                found = hwcomponents.get_leak_power(component, attributes, **options)
                value = float(found.value)
            else:
                found = _action(hwcomponents.get_action_cost, question, options)
                value = float(found.value.energy)
            answer = replace(modelled(value, found, question.asked), by_cacti=programs.used_cacti)
            if answer.scaling:
                return answer
            return replace(answer, scaling=_of_parts(hwcomponents.get_model, question, answer))
        except Exception as error:  # foreign models raise anything; none of it may end the run
            if programs.failures:
                raise programs.failures[0] from None
            if any(os.strerror(number) in str(error) for number in PASSING):
                told = f"hwcomponents could not be asked: {declined(component, str(error)).reason}"
                raise RunFailed(told, None, "try again") from None
            if programs.refusals:
                raise Declined(f"hwcomponents: {programs.refusals[0].reason}") from None
            raise declined(component, str(error)) from None


def _of_parts(get_model: Any, question: Question, answer: Modelled) -> str:
    """The scaling of what a model is made of, where itself it scales nothing."""
    model = get_model(question.component, question.attributes, _relaxed_component_name_selection=True)
    if type(model).__name__ != answer.model:
        return ""
    figure = _FIGURES.get(question.asked, "energy")
    scales = {type(part).__name__: float(getattr(part, f"_{figure}_scale")) for part in model.subcomponents}
    return "; ".join(f"{name} x{scale:.4g}" for name, scale in scales.items() if scale != 1)


_ALSO_CALLED = {"update": "write", "add": "compute"}
"""Accelergy's names of actions, and the models' where they differ. The plug-in of NeuroSim answers ``add`` of
an ``intadder``, so published components ask for it."""


def _action(ask: Any, question: Question, options: Mapping[str, bool]) -> Any:
    component, attributes, arguments = question.component, question.attributes, question.arguments
    try:
        return ask(component, attributes, question.asked, arguments, **options)
    except Exception:
        if question.asked not in _ALSO_CALLED:
            raise
        return ask(component, attributes, _ALSO_CALLED[question.asked], arguments, **options)


def cell_file(attributes: Mapping[str, object]) -> Path | None:
    """The description of a memory cell that is meant: a file of the user's, or NeuroSim's of that name."""
    named = attributes.get("cell_config")
    if not isinstance(named, str) or not named:
        return None
    if Path(named).is_file():
        return Path(named).resolve()
    root = package_folder(NEUROSIM.package)
    file = root / "cells" / f"{named}.cell" if root is not None else None
    return file if file is not None and file.is_file() else None


def _with_files(attributes: dict[str, object]) -> dict[str, object]:
    """Names of NeuroSim's cells as the paths that its interface wants."""
    if attributes.get("cell_config") is None:
        return attributes
    file = cell_file(attributes)
    if file is None:
        root = package_folder(NEUROSIM.package)
        known = sorted(found.stem for found in (root / "cells").glob("*.cell")) if root is not None else []
        raise AttributeFault(
            f"attribute 'cell_config' is {shorten(attributes['cell_config'])}, neither a file nor one of "
            + ", ".join(known)
        )
    return {**attributes, "cell_config": str(file)}


def _imported() -> Any:
    """The package. Its first import sets up the root logger, for which it has no mandate."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    import hwcomponents  # noqa: PLC0415 - most runs never need it

    if root.handlers != handlers or root.level != level:
        root.handlers[:] = handlers
        root.setLevel(level)
    return hwcomponents


@contextmanager
def _silent() -> Iterator[None]:
    """What the models log in this thread reaches no handler of the program's; other threads log as ever."""
    token = _QUIET.set(True)
    root = logging.getLogger()
    hushed = [root, *root.handlers]
    for place in hushed:
        place.addFilter(_not_of_models)  # a filter is added once only
    try:
        yield
    finally:
        _QUIET.reset(token)
        for place in hushed:
            place.removeFilter(_not_of_models)


_QUIET: ContextVar[bool] = ContextVar("models are running", default=False)


def _not_of_models(_: logging.LogRecord) -> bool:
    return not _QUIET.get()


def modelled(value: float, found: Any, asked: str) -> Modelled:
    """``found`` is an estimation of hwcomponents, whose messages tell what the model did."""
    module, used = "", _NOTHING
    figure = _FIGURES.get(asked, "energy")
    steps: list[str] = []
    for message in dict.fromkeys(str(m) for m in found.messages):
        if (start := _INITIALIZING.match(message)) and not module:
            module = start.group(2)
        elif (given := _ARGUMENTS.match(message)) and not used:
            used = _names(given.group(1))
        elif (step := _SCALED.match(message)) and step.group(4) == figure:
            steps += _step(step)
        elif between := _INTERPOLATING.match(message):
            steps.append("{} between {} and {} nm".format(*between.groups()))
    return Modelled(value, str(found.model_name), module, used, "; ".join(dict.fromkeys(steps)))


def _names(arguments: str) -> tuple[str, ...]:
    try:
        given = ast.literal_eval(arguments)
    except (ValueError, SyntaxError):
        return ()
    return tuple(str(name) for name in given) if isinstance(given, dict) else ()


def _step(step: re.Match[str]) -> list[str]:
    """ "tech_node 3.2e-08 -> 2.2e-08 x0.446"; nothing where the factor is 1."""
    name, start, end, _, factor = step.groups()
    try:
        by = float(factor)
    except ValueError:
        return []
    if by == 1:
        return []
    if name == "tech_node":
        return [f"{_nanometres(start)} -> {_nanometres(end)} nm x{by:.4g}"]
    return [f"{name} {start} -> {end} x{by:.4g}"]


def _nanometres(metres: str) -> str:
    try:
        return f"{float(metres) * 1e9:g}"
    except ValueError:
        return metres


def declined(component: str, message: str) -> Declined:
    """One phrase out of hwcomponents' page-long messages."""
    if "is not supported by any models" in message:
        return Declined(f"hwcomponents has no model '{component}'", knows_class=False)
    for line in reversed(message.splitlines()):
        found_reason = _ERROR_LINE.search(line)
        if found_reason:
            return Declined(f"hwcomponents: {found_reason.group(1).strip()[:200]}")
    missing = re.search(r"is missing: ([\w, ]+?)\.", message)
    if missing:
        return Declined(f"hwcomponents needs the attributes {missing.group(1)}")
    first = message.strip().splitlines()[0] if message.strip() else "no reason given"
    return Declined(f"hwcomponents: {first[:200]}")
