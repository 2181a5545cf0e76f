"""Everything that the tables do not hold: the models of the hwcomponents packages.

Data converters, NeuroSim's peripheral circuits, published macros (ISAAC, RAELLA, ...), newer DRAM, and
memories or logic outside the range of the tables. The packages are imported at the first question that nobody
else answered, and answers are kept in the disk cache. Nothing is written into the packages (see
``hwc/seams.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.estimation.cache import AnswerCache
from harness.estimation.cacti import Cacti, CactiRequest, cacti_for
from harness.estimation.hwc.models import (
    AREA,
    LEAK_POWER,
    Modelled,
    Question,
    call_models,
    cell_file,
)
from harness.estimation.hwc.packages import citation_of, class_names, package_versions
from harness.estimation.hwc.ranges import beyond
from harness.estimation.hwc.recipe import NEUROSIM
from harness.estimation.hwc.seams import Programs
from harness.estimation.own_sources import digest_of_sources
from harness.estimation.programs import Program, RunFailed, program_of
from harness.estimation.query import CLOCK_ARGUMENTS, Declined, Finding, Fit, Query, parse_technology

ACCURACY = 50
"""Below every table: these models are another calibration than Accelergy's."""

_COUNTED_ELSEWHERE = ("type", "n_instances")
"""A DRAM's type goes into its name; instances are counted by the caller, for every source alike."""

_BEST_KNOWN = ("ADC", "DAC", "SRAM", "DRAM", "Cache")

_FORMULAS = ("misc", "dac_c2c_r2r", "c2c_multiplier", "colonnade", "raella")
"""Modules of the library that work figures out of parts instead of scaling published ones."""


class HwcomponentsSource:
    """Class names are those of hwcomponents, in any case and with or without underscores.

    ``cacti`` and ``neurosim``: the programs that its models run, by default those of the user's cache folder.
    """

    name = "hwcomponents"

    def __init__(
        self, cache: AnswerCache, cacti: Cacti | None = None, neurosim: Program | None = None
    ) -> None:
        self._cache = cache
        self._cacti = cacti if cacti is not None else cacti_for()
        self._neurosim = neurosim if neurosim is not None else program_of(NEUROSIM, self._cacti.folder)

    def classes(self) -> Iterable[str]:
        """All of them only where the packages are imported, as they are when somebody asked them in vain."""
        others = (name for name in class_names() if name.lower() not in map(str.lower, _BEST_KNOWN))
        return (*_BEST_KNOWN, *others)

    def estimate(self, query: Query) -> Finding:
        question = question_of(query)
        try:
            answer = self._answer(question)
        except RunFailed as failed:
            raise failed.of(query.component) from None
        if answer.value < 0:
            raise Declined(f"hwcomponents answers a negative {query.asked}")
        to_our_unit = 1e12 * (query.cycle_seconds if query.action == "leak" else 1.0)
        fit = _fit(answer)
        return Finding(
            answer.value * to_our_unit,
            f"{self.name}: {answer.model}",
            ACCURACY,
            "",
            fit,
            citation_of(answer.module, answer.model, fit == "constant"),
            _used(query, question, answer.used),
            answer.scaling,
            None,
            _warnings(query, question, answer),
        )

    def requests_of(self, query: Query) -> list[CactiRequest]:
        """What CACTI will be asked for this memory, to ask it beforehand; nothing for other classes."""
        if query.class_name.lower().replace("_", "") not in ("sram", "cache", "smartbuffersram"):
            return []
        try:
            question = question_of(query)
            if self._stored(question) is not None:
                return []
            programs = Programs(self._cacti, self._neurosim, wanted=[])
            call_models(question, programs)
        except Declined:
            return []
        return list(dict.fromkeys(programs.wanted or ()))

    def _answer(self, question: Question) -> Modelled:
        """From the cache or from the models."""
        stored = self._stored(question)
        if stored is not None:
            return stored
        answer = call_models(question, Programs(self._cacti, self._neurosim))
        record: dict[str, object] = {
            "value": answer.value,
            "texts": [answer.model, answer.module, answer.scaling],
            "used": list(answer.used),
            "by_cacti": answer.by_cacti,
        }
        self._cache.put(self._key(question), record)
        return answer

    def _stored(self, question: Question) -> Modelled | None:
        match self._cache.get(self._key(question)):
            case {
                "value": int() | float() as value,
                "texts": [str(model), str(module), str(scaling)],
                "used": [*used],
                "by_cacti": bool() as by_cacti,
            }:
                names = tuple(str(name) for name in used)
                return Modelled(float(value), model, module, names, scaling, by_cacti)
        return None

    def _key(self, question: Question) -> dict[str, object]:
        cell = cell_file(question.attributes)
        return {
            "cell": cell.read_text(encoding="utf-8", errors="replace") if cell is not None else "",
            "source": self.name,
            "sources": digest_of_sources(),
            "versions": package_versions(),
            "component": question.component,
            "asked": question.asked,
            "attributes": question.attributes,
            "arguments": question.arguments,
        }


def question_of(query: Query) -> Question:
    if "dummy" in query.class_name.lower():
        raise Declined("placeholders are not estimated", knows_class=False)
    asked = {None: AREA, "leak": LEAK_POWER}.get(query.action, query.action or "")
    return Question(_component_name(query), asked, _attributes(query), _arguments(query))


def _component_name(query: Query) -> str:
    """A DRAM's type is part of its name there."""
    dram_type = query.attributes.get("type")
    if query.class_name == "DRAM" and dram_type is not None:
        return f"dram_{dram_type}".lower()
    return query.class_name.lower()


def _attributes(query: Query) -> dict[str, object]:
    """The attributes as hwcomponents names them: technology in metres, clock in seconds, size in bits."""
    attributes: dict[str, object] = {
        str(k): v for k, v in query.attributes.items() if _usable(v) and k not in _COUNTED_ELSEWHERE
    }
    nanometres = parse_technology(query.attributes.get("technology"))
    if nanometres is not None:
        # 45 * 1e-9 is not the double 45e-9, and CACTI's models would interpolate between 45 and 65 nm.
        attributes.setdefault("tech_node", float(f"{nanometres!r}e-9"))
    if query.attributes.get("global_cycle_seconds") is not None:
        attributes.setdefault("cycle_period", query.cycle_seconds)
    width, depth = query.attributes.get("width"), query.attributes.get("depth")
    if isinstance(width, int | float) and isinstance(depth, int | float):
        attributes.setdefault("size", width * depth)
    return attributes


def _usable(value: object) -> bool:
    """Numbers, texts, and lists of numbers (histograms of converters)."""
    if isinstance(value, list | tuple):
        return all(isinstance(entry, int | float) for entry in value)
    return isinstance(value, int | float | str)


def _arguments(query: Query) -> dict[str, object]:
    return {str(k): v for k, v in query.arguments.items() if k not in CLOCK_ARGUMENTS}


def _used(query: Query, question: Question, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The attributes that the model was given, by our names."""
    ours = {"tech_node": "technology", "cycle_period": "global_cycle_seconds"}
    used: dict[str, str] = {}
    if "type" in query.attributes and query.class_name == "DRAM":
        used["type"] = str(query.attributes["type"])
    for name in names:
        given = ours.get(name, name) if query.attributes.get(ours.get(name, name)) is not None else name
        if given == "size" and "size" not in query.attributes:
            used.update({n: str(query.attributes[n]) for n in ("width", "depth") if n in query.attributes})
        else:
            used[given] = str(query.attributes.get(given, question.attributes.get(name)))
    if query.action == "leak":
        used["global_cycle_seconds"] = f"{query.cycle_seconds:g}"
    return tuple(used.items())


def _fit(answer: Modelled) -> Fit:
    """A published macro is a row, or scaled from one; the rest are models, DRAM a number per bit."""
    package, _, module = answer.module.partition(".")
    if package == "hwcomponents_library" and module.rpartition(".")[2] not in _FORMULAS:
        return "scaled" if answer.scaling else "row"
    if package == "hwcomponents_cacti" and answer.model not in ("SRAM", "Cache"):
        return "constant"
    return "model"


def _warnings(query: Query, question: Question, answer: Modelled) -> tuple[str, ...]:
    warnings = tuple(beyond(query.class_name, question, answer))
    if answer.value == 0 and answer.module.startswith("hwcomponents_neurosim") and query.action != "leak":
        return (*warnings, f"{query.class_name}: NeuroSim answers 0 for the {query.asked}")
    return warnings
