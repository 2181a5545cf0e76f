"""The real Accelergy as a source: what its plug-ins say of a primitive component."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache

from harness.errors import EstimationError
from harness.estimation.accelergy.child import Child, child_of
from harness.estimation.accelergy.installation import (
    INTERPRETER,
    Installation,
    configuration_of,
    content_of,
    find_installation,
)
from harness.estimation.cache import AnswerCache
from harness.estimation.own_sources import digest_of_sources
from harness.estimation.query import Declined, Finding, Fit, Query, finite_number

HOME_PAGE = "https://github.com/Accelergy-Project/accelergy"
_AS_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")
_NUMBER = r"[-+.0-9e]+"
_SCALED = re.compile(
    rf"Scaled \S+\.(?P<attribute>\w+) from (?P<before>{_NUMBER}) to (?P<after>{_NUMBER}): "
    rf"(?P<factor>{_NUMBER})x"
)
PLACEHOLDER = "dummy"
"""The plug-in that answers 1 to everything of technology -1: no figure of hardware."""


def require_accelergy() -> None:
    """:class:`EstimationError` unless there is an Accelergy to ask."""
    try:
        found = find_installation()
    except Declined as declined:
        raise EstimationError(f"the estimator 'accelergy' cannot be used: {declined.reason}") from None
    if found is None:
        raise EstimationError(
            f"the estimator 'accelergy' needs Accelergy, which is not installed for {sys.executable}",
            None,
            f"it is not on PyPI but at {HOME_PAGE}, like its plug-ins; "
            f"where another Python has it, name that in {INTERPRETER}",
        )


class AccelergySource:
    """Any class that an installed plug-in knows.

    ``required``, for those who chose Accelergy: its absence is an error, and so is a class that its plug-ins
    know but do not answer; otherwise the next source may answer.
    """

    name = "accelergy"

    def __init__(self, cache: AnswerCache, required: bool = False) -> None:
        self._cache = cache
        self._required = required
        if required:
            require_accelergy()

    def classes(self) -> Iterable[str]:
        """Those that a running child told of; none before the first question."""
        try:
            installation = find_installation()
        except Declined:
            return ()
        return () if installation is None else _child(installation).classes

    def estimate(self, query: Query) -> Finding:
        try:
            return self._estimate(query)
        except Declined as declined:
            if self._required and declined.knows_class:
                what = f"Accelergy does not give the {query.asked} of class '{query.class_name}'"
                raise EstimationError(f"{query.component}: {what}: {declined.reason}") from None
            raise

    def _estimate(self, query: Query) -> Finding:
        if "dummy" in query.class_name.lower():
            raise Declined("placeholders are not estimated", knows_class=False)
        installation = find_installation()
        if installation is None:
            raise Declined("Accelergy is not installed", knows_class=False)
        question = _question(query)
        key: dict[str, object] = {
            "source": self.name,
            "version": installation.version,
            "content": _content(installation),
            "sources": digest_of_sources(),
            **question,
        }
        answer = self._cache.get(key)
        finding = None if answer is None else _finding(query, question, answer)
        if finding is not None:
            return finding
        answer = _child(installation).ask(question)
        if "declined" in answer:
            raise Declined(str(answer["declined"]), answer.get("known") is not False)
        answer["version"] = _child(installation).version
        finding = _finding(query, question, answer)
        if finding is None:
            _child(installation).end()
            raise Declined("Accelergy's process answers garbage")
        self._cache.put(key, answer)
        return finding


def _child(installation: Installation) -> Child:
    return child_of(installation)


@lru_cache(maxsize=4)
def _content(installation: Installation) -> str:
    """Once per process: plug-ins are not exchanged under a running program."""
    return content_of(installation, configuration_of(installation))


def _question(query: Query) -> dict[str, object]:
    return {
        "class": query.class_name,
        "attributes": _plain(query.attributes.items(), "n_instances"),
        "action": query.action,
        "arguments": _plain(query.arguments.items()),
    }


def _plain(pairs: Iterable[tuple[str, object]], *without: str) -> dict[str, object]:
    """What JSON can carry: finite numbers, text, truth values."""
    kept: dict[str, object] = {}
    for name, value in pairs:
        if name in without:
            continue
        if isinstance(value, str) and _AS_NUMBER.fullmatch(value.strip()):
            value = float(value)  # noqa: PLW2901 - YAML reads 1e-9 as text, Accelergy does not
        if isinstance(value, bool | str) or finite_number(value) is not None:
            kept[str(name)] = value
    return kept


def _finding(query: Query, question: dict[str, object], answer: dict[str, object]) -> Finding | None:
    """None where the answer has not the form of one."""
    value, accuracy = finite_number(answer.get("value")), finite_number(answer.get("accuracy"))
    plug_in, messages, used = answer.get("estimator"), answer.get("messages"), answer.get("used")
    if value is None or accuracy is None or not isinstance(plug_in, str) or not isinstance(messages, list):
        return None
    if plug_in == PLACEHOLDER:
        raise Declined("only Accelergy's placeholder answers, which says 1 to everything", knows_class=False)
    if value < 0 or not math.isfinite(value):
        raise Declined(f"Accelergy answers a negative {query.asked}")
    handed = question["attributes"]
    assert isinstance(handed, dict)
    names = [name for name in used if name in handed] if isinstance(used, list) else list(handed)
    scaling = "; ".join(_factors(str(message) for message in messages))
    return Finding(
        value,
        f"{AccelergySource.name}: {_short(plug_in)}",
        accuracy,
        "",
        _fit(plug_in, scaling),
        f"Accelergy {answer.get('version', '')} ({HOME_PAGE}), plug-in {_short(plug_in)}",
        tuple((name, str(handed[name])) for name in names),
        scaling,
    )


def _factors(messages: Iterable[str]) -> Iterator[str]:
    """Its messages on scaling in our words, without those that say times 1."""
    for message in messages:
        match = _SCALED.match(message)
        if match is None:
            yield message.rstrip(".")
        elif float(match["factor"]) != 1:
            before, after, factor = (float(match[name]) for name in ("before", "after", "factor"))
            yield f"{match['attribute']} {before:g} -> {after:g} x{factor:.3g}"


def _short(plug_in: str) -> str:
    """The table plug-in calls itself by a whole sentence."""
    return "table-based-plug-ins" if "table-based-plug-ins" in plug_in else plug_in


def _fit(plug_in: str, scaling: str) -> Fit:
    """How the plug-ins of the Accelergy project come to their figures; anybody else's count as models."""
    if "table-based-plug-ins" in plug_in:
        return "row"
    if plug_in == "Library":
        return "scaled" if scaling else "row"
    if plug_in.lower() in ("aladdin_table", "aladdintable"):
        return "scaled"
    return "constant" if plug_in == "CactiDRAM" else "model"
