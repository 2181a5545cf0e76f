"""Everything that the tables do not hold: the models of the hwcomponents packages.

Data converters, NeuroSim's peripheral circuits, published macros (ISAAC, RAELLA, ...), and memories or
logic outside the range of the tables. The packages are imported at the first question that nobody else
answered, and answers are kept in the disk cache.

Two of the packages run programs that they bring along (CACTI, NeuroSim). These need a C library newer than
some systems have; then the question is declined with that reason.
"""

from __future__ import annotations

import logging
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

from harness.estimation.cache import AnswerCache
from harness.estimation.query import Declined, Finding, Query, parse_technology

PACKAGES = (
    "hwcomponents",
    "hwcomponents-adc",
    "hwcomponents-cacti",
    "hwcomponents-library",
    "hwcomponents-neurosim",
)
ACCURACY = 50
"""Below every table: these models are another calibration than Accelergy's."""

NEEDED_GLIBC = (2, 38)
AREA = "area"
LEAK_POWER = "leak_power"
_ERROR_LINE = re.compile(r"\b(?:[A-Za-z_]+(?:Error|Exception)|Exception): *(.+)$")


class HwcomponentsSource:
    """Class names are those of hwcomponents, in any case and with or without underscores."""

    name = "hwcomponents"

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache

    def classes(self) -> Iterable[str]:
        return ("ADC", "DAC", "SRAM", "DRAM")

    def estimate(self, query: Query) -> Finding:
        if "dummy" in query.class_name.lower():
            raise Declined("placeholders are not estimated", knows_class=False)
        asked = {None: AREA, "leak": LEAK_POWER}.get(query.action, query.action or "")
        question = _Question(_component_name(query), asked, _attributes(query), _arguments(query))
        value, model = self._answer(question)
        if value < 0:
            raise Declined(f"hwcomponents answers a negative {query.asked}")
        to_our_unit = 1e12 * (query.cycle_seconds if query.action == "leak" else 1.0)
        return Finding(value * to_our_unit, f"{self.name}: {model}", ACCURACY)

    def _answer(self, question: _Question) -> tuple[float, str]:
        """From the cache or from the models: value in SI units, name of the model."""
        key: dict[str, object] = {
            "source": self.name,
            "versions": package_versions(),
            "component": question.component,
            "asked": question.asked,
            "attributes": question.attributes,
            "arguments": question.arguments,
        }
        stored = self._cache.get(key)
        if stored is not None:
            value = stored.get("value")
            if isinstance(value, int | float):
                return float(value), str(stored.get("model", ""))
        value, model = _call_models(question)
        self._cache.put(key, {"value": value, "model": model})
        return value, model


@dataclass(frozen=True)
class _Question:
    """``asked`` is :data:`AREA` (m^2), :data:`LEAK_POWER` (W) or an action (J)."""

    component: str
    asked: str
    attributes: dict[str, object]
    arguments: dict[str, object]


def _component_name(query: Query) -> str:
    """A DRAM's type is part of its name there."""
    dram_type = query.attributes.get("type")
    if query.class_name == "DRAM" and dram_type is not None:
        return f"dram_{dram_type}".lower()
    return query.class_name.lower()


def _attributes(query: Query) -> dict[str, object]:
    """The attributes as hwcomponents names them: technology in metres, clock in seconds, size in bits."""
    attributes: dict[str, object] = {
        str(k): v
        for k, v in query.attributes.items()
        # A DRAM's type went into its name; instances are counted by the caller, for every source alike.
        if isinstance(v, int | float | str) and k not in ("type", "n_instances")
    }
    nanometres = parse_technology(query.attributes.get("technology"))
    if nanometres is not None:
        attributes.setdefault("tech_node", nanometres * 1e-9)
    if query.attributes.get("global_cycle_seconds") is not None:
        attributes.setdefault("cycle_period", query.cycle_seconds)
    width, depth = query.attributes.get("width"), query.attributes.get("depth")
    if isinstance(width, int | float) and isinstance(depth, int | float):
        attributes.setdefault("size", width * depth)
    return attributes


def _arguments(query: Query) -> dict[str, object]:
    clock = ("global_cycle_seconds", "action_latency_cycles")
    return {str(k): v for k, v in query.arguments.items() if k not in clock}


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    """Installed versions, part of the cache key."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "none"
    return versions


def _call_models(question: _Question) -> tuple[float, str]:
    """Value in SI units and the name of the model that answered."""
    try:
        import hwcomponents  # noqa: PLC0415 - a heavy import that most runs never need
    except ImportError:
        raise Declined("the package hwcomponents is not installed", knows_class=False) from None
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    component, attributes = question.component, question.attributes
    options = {"_return_estimation_object": True, "_relaxed_component_name_selection": True}
    try:
        if question.asked == AREA:
            found = hwcomponents.get_area(component, attributes, **options)
            return float(found.value), str(found.model_name)
        if question.asked == LEAK_POWER:
            found = hwcomponents.get_leak_power(component, attributes, **options)
            return float(found.value), str(found.model_name)
        ask_action = hwcomponents.get_action_cost
        try:
            found = ask_action(component, attributes, question.asked, question.arguments, **options)
        except Exception:
            if question.asked != "update":
                raise
            found = ask_action(component, attributes, "write", question.arguments, **options)
        return float(found.value.energy), str(found.model_name)
    except Exception as error:  # foreign models raise anything; none of it may end the run
        raise _declined(component, str(error)) from None
    finally:
        logger.setLevel(level)


def _declined(component: str, message: str) -> Declined:
    """One phrase out of hwcomponents' page-long messages."""
    if "is not supported by any models" in message:
        return Declined(f"hwcomponents has no model '{component}'", knows_class=False)
    if "GLIBC" in message or "CACTI failed" in message or "NeuroSIM returned error" in message:
        program = "CACTI" if "CACTI" in message else "NeuroSim"
        library, version = platform.libc_ver()
        found = f"{library} {version}" if version else "another C library"
        if _too_old(version):
            needed = ".".join(str(n) for n in NEEDED_GLIBC)
            return Declined(
                f"the {program} program of hwcomponents does not start here: it needs glibc {needed}, "
                f"this system has {found}"
            )
        return Declined(f"the {program} program of hwcomponents failed")
    for line in reversed(message.splitlines()):
        found_reason = _ERROR_LINE.search(line)
        if found_reason:
            return Declined(f"hwcomponents: {found_reason.group(1).strip()[:200]}")
    missing = re.search(r"is missing: ([\w, ]+?)\.", message)
    if missing:
        return Declined(f"hwcomponents needs the attributes {missing.group(1)}")
    first = message.strip().splitlines()[0] if message.strip() else "no reason given"
    return Declined(f"hwcomponents: {first[:200]}")


def _too_old(version: str) -> bool:
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    return not numbers or numbers < NEEDED_GLIBC
