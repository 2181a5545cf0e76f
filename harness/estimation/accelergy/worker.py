"""The child process: asks the plug-ins of the installed Accelergy, one question and one answer a line.

Run as ``python worker.py HOME PACKAGES`` by :mod:`harness.estimation.accelergy.child`, also by other
interpreters than ours, so it needs nothing but Accelergy and a Python from 3.8 on. Questions come on the
standard input, ``{"class": ..., "attributes": ..., "action": ... or null, "arguments": ...}``. Answers are
``{"value", "estimator", "accuracy", "used", "messages"}`` in pJ or um^2, or ``{"declined", "known"}``. The
first line out says ``{"ready": version, "classes": [...]}`` or ``{"failed": reason}``.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
from importlib import import_module
from typing import Any

MOST_MESSAGES = 6
MOST_ESTIMATORS = 256


def main(home: str, packages: str) -> None:
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as sys.path spells it
    sys.path[:] = [entry for entry in sys.path if entry != own]
    if packages not in sys.path:
        sys.path.append(packages)
    # Whatever a plug-in prints goes nowhere; the answers have a way of their own.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.chdir(home)
    try:
        _serve(channel)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _serve(channel: Any) -> None:
    try:
        asked = _Accelergy()
    except (Exception, SystemExit) as error:
        _tell(channel, {"failed": _line(error)})
        return
    _tell(channel, {"ready": asked.version, "classes": sorted(asked.classes)})
    for line in sys.stdin:
        try:
            answer = asked.answer(json.loads(line))
        except (Exception, SystemExit) as error:
            answer = {"declined": _line(error), "known": True}
        _tell(channel, answer)


def _tell(channel: Any, answer: dict[str, Any]) -> None:
    channel.write(json.dumps(answer) + "\n")
    channel.flush()


class _Accelergy:
    """The plug-ins that are listed, loaded as Accelergy does."""

    def __init__(self) -> None:
        self.version = str(import_module("accelergy.version").__version__)
        inputs = import_module("accelergy.raw_inputs_2_dicts").RawInputs2Dicts(
            {"path_arglist": [], "parser_version": self.version}
        )
        state = import_module("accelergy.system_state").SystemState()
        state.add_plug_ins(
            import_module("accelergy.plug_in_path_to_obj").plug_in_path_to_obj(
                inputs.get_estimation_plug_in_paths(), inputs.get_python_plug_in_paths()
            )
        )
        self._plug_ins = state.plug_ins
        self._made: dict[str, _Made] = {}
        for plug_in in self._plug_ins:
            if hasattr(plug_in, "get_initialized_subclass"):
                _remember(plug_in, self._made)
        self._ask = import_module("accelergy.plug_in_interface.query_plug_ins")
        self._query = import_module("accelergy.plug_in_interface.interface").AccelergyQuery
        self._complete = import_module("accelergy.parsing_utils").propagate_required_keys
        self.classes = {name for plug_in in self._plug_ins for name in _classes_of(plug_in)}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Of the plug-in that claims the highest accuracy and then does answer, as in Accelergy."""
        query = self._as_query(question)
        area = question["action"] is None
        supports = self._ask.primitive_area_supported if area else self._ask.primitive_energy_supported
        estimate = self._ask.get_area_estimation if area else self._ask.get_energy_estimation
        claims = [(plug_in, supports(plug_in, query)) for plug_in in self._plug_ins]
        claims.sort(key=lambda claim: claim[1].value, reverse=True)
        reasons = []
        for plug_in, claim in claims:
            if claim.success and claim.value:
                found = estimate(plug_in, copy.deepcopy(query))
                if found.success:
                    made = self._made.get(_key(plug_in, query))
                    return _found(plug_in, claim, found, [] if made is None else made.said)
                reasons.append(_reason(self._ask.plugin2name(plug_in), found))
            elif question["class"].lower() in _classes_of(plug_in):
                reasons.append(_reason(self._ask.plugin2name(plug_in), claim))
        if reasons:
            return {"declined": "; ".join(reasons), "known": True}
        return {"declined": "no plug-in knows the class", "known": False}

    def _as_query(self, question: dict[str, Any]) -> Any:
        attributes = dict(question["attributes"])
        # Instances are counted by the caller, for every source alike.
        attributes["n_instances"] = 1
        self._complete(attributes, attributes, "the component")
        asked = {"class_name": question["class"], "attributes": attributes}
        if question["action"] is not None:
            arguments = dict(question["arguments"])
            self._complete(attributes, arguments, "the action", action_keys=True)
            asked.update(action_name=question["action"], arguments=arguments)
        return self._query.from_interface_dict(asked)


class _Made:
    """An estimator that was made for one component, and what was said of its scaling at its first answer."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.said: list[str] = []


def _remember(plug_in: Any, made: dict[str, _Made]) -> None:
    """One estimator for all actions of a component. Accelergy makes it anew for each; that of CACTI then runs
    CACTI anew, though it keeps what CACTI said."""
    make = plug_in.get_initialized_subclass

    def remembered(query: Any) -> Any:
        key = _key(plug_in, query)
        if key not in made:
            if len(made) >= MOST_ESTIMATORS:
                made.clear()
            made[key] = _Made(make(query))
        return made[key].estimator

    plug_in.get_initialized_subclass = remembered


def _key(plug_in: Any, query: Any) -> str:
    return json.dumps([id(plug_in), query.class_name, query.class_attrs], sort_keys=True, default=str)


def _classes_of(plug_in: Any) -> set[str]:
    """Class names in small letters, as far as the plug-in says them."""
    if hasattr(plug_in, "get_class_names"):
        return {str(name).lower() for name in plug_in.get_class_names()}
    try:
        supported = plug_in.get_supported_components()
    except Exception:  # plug-ins need not have that, and it may be broken
        return set()
    names = (name for component in supported for name in component.class_names)
    return {str(name).lower() for name in names if not str(name).startswith("_")}


def _found(plug_in: Any, claim: Any, found: Any, said: list[str]) -> dict[str, Any]:
    messages = [_line(m) for m in found.messages if str(m).startswith(("Scaled ", "Interpolating "))]
    said[:] = messages or said
    made_from = getattr(plug_in, "init_function", None)
    used = None if made_from is None else [*made_from.non_default_args, *made_from.default_args]
    return {
        "value": float(found.get_value()) * 1e12,
        "estimator": str(found.estimator_name),
        "accuracy": float(claim.value),
        "used": used,
        "messages": list(dict.fromkeys(messages or said))[:MOST_MESSAGES],
    }


def _reason(name: str, estimation: Any) -> str:
    return f"{name}: {_line(estimation.lastmessage()).split('. Arguments provided')[0]}"


def _line(error: Any) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):  # how Accelergy ends where it finds a mistake; the reason is in its log
        text = f"Accelergy gave up with exit code {text}"
    elif isinstance(error, BaseException):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return (text or "no reason given")[:300]


if __name__ == "__main__":
    main(*sys.argv[1:3])
