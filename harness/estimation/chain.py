"""The chain of sources: who is asked in which order, and what becomes of their answers.

Some sources run CACTI, a process for each memory. What an architecture will need of it is asked beforehand,
all memories at once: :meth:`Chain.foresee` is given every question, then :meth:`Chain.run_foreseen` runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from harness.estimation.accelergy import AccelergySource, require_accelergy
from harness.estimation.accelergy_aladdin import AladdinTableSource
from harness.estimation.accelergy_logic import AccelergyLogicSource
from harness.estimation.answers import EstimationOptions
from harness.estimation.cache import AnswerCache, default_cache_folder
from harness.estimation.cacti import Cacti, CactiRequest, cacti_for
from harness.estimation.dram import DramSource
from harness.estimation.hwc.source import HwcomponentsSource
from harness.estimation.placeholder import PlaceholderSource
from harness.estimation.query import Declined, Finding, Query, ReadAttributes, Source, checked
from harness.estimation.scaling import with_voltage
from harness.estimation.sram.source import AccelergySramSource
from harness.estimation.tables import OF_A_USER, TableSource
from harness.estimation.unanswered import unanswered
from harness.spec.shipped import shipped_folder


@runtime_checkable
class AsksCacti(Protocol):
    """A source that runs CACTI for some questions."""

    def requests_of(self, query: Query) -> Sequence[CactiRequest]:
        """What it will ask CACTI for this one; cheap, and asks nobody."""
        ...


class Chain:
    """Asks sources in their order; the first that does not decline is believed. Answers are remembered."""

    def __init__(self, sources: Sequence[Source], own_classes: Iterable[str], cacti: Cacti) -> None:
        self._sources = sources
        self._own_classes = frozenset(own_classes)
        self._cacti = cacti
        self._known: dict[tuple[object, ...], Finding] = {}
        self._foreseen: list[CactiRequest] = []

    def ask(self, query: Query) -> Finding:
        """The first source that answers; :class:`EstimationError` when none does."""
        key = _key_of(query)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._ask_sources(query)
        return found

    def foresee(self, query: Query) -> None:
        """Notes what CACTI has to be asked for this question; where that is nothing, it is answered."""
        key = _key_of(query)
        if key in self._known:
            return
        try:
            self._known[key] = self._ask_sources(query, foreseeing=True)
        except _Later as later:
            self._foreseen += later.requests

    def run_foreseen(self) -> None:
        """What was foreseen is asked of CACTI in parallel; the sources then find the answers."""
        self._cacti.in_parallel(self._foreseen)
        self._foreseen = []

    def _ask_sources(self, query: Query, foreseeing: bool = False) -> Finding:
        refusals: list[tuple[str, Declined]] = []
        for source in self._sources:
            if foreseeing and isinstance(source, AsksCacti):
                requests = source.requests_of(query)
                if requests:
                    raise _Later(requests)
            read = ReadAttributes(query.attributes)
            try:
                found = source.estimate(replace(query, attributes=read))
                found = replace(found, attributes=found.attributes or read.used())
                found = checked(with_voltage(found, query, source.name), query)
            except OverflowError:
                refusals.append((source.name, Declined("the result is too large")))
            except Declined as declined:
                if declined.knows_class:
                    refusals.append((source.name, declined))
            else:
                passed_over = tuple(f"{name}: {declined.reason}" for name, declined in refusals)
                # Whoever brings tables should not have to look for where they did not count.
                own = [f"{query.class_name}: {told}" for told in passed_over if told.startswith(OF_A_USER)]
                return replace(found, passed_over=passed_over, warnings=(*found.warnings, *own))
        known = {c: source.name for source in reversed(self._sources) for c in source.classes()}
        known |= dict.fromkeys(self._own_classes, "component classes")
        raise unanswered(query, refusals, known)


class _Later(Exception):
    """The question can only be answered when CACTI has been asked."""

    def __init__(self, requests: Sequence[CactiRequest]) -> None:
        super().__init__()
        self.requests = requests


def sources_for(options: EstimationOptions) -> tuple[Source, ...]:
    """The sources in the order in which they are asked.

    "placeholder": nobody else. Otherwise placeholders only where ``technology`` is -1, then
    "tables": the user's tables, the shipped ones, the library, SRAM and DRAM, the Aladdin table, then
    hwcomponents and an installed Accelergy. "hwcomponents" and "accelergy": the user's tables, what is free,
    the chosen one; what it does not know is asked of the others, and their answers say so. Raises
    EstimationError where Accelergy is chosen and not installed.
    """
    shipped = shipped_folder("estimation_tables")
    cacti = cacti_for(options.cache_folder, options.use_cache)
    if options.estimator == "placeholder":
        return (PlaceholderSource(for_all=True),)
    own: list[Source] = [TableSource(folder) for folder in options.table_folders]
    own.append(PlaceholderSource())
    tables: list[Source] = [
        TableSource(shipped),
        AccelergyLogicSource(shipped / "logic"),
        AccelergySramSource(shipped / "sram" / "cacti.csv.gz", cacti if options.use_hwcomponents else None),
        DramSource(),
        AladdinTableSource(shipped / "logic"),
    ]
    folder = (options.cache_folder or default_cache_folder()) if options.use_cache else None
    hwcomponents = HwcomponentsSource(AnswerCache(folder), cacti)
    models: list[Source] = [hwcomponents] if options.use_hwcomponents else []
    chose_accelergy = options.estimator == "accelergy"
    accelergy = AccelergySource(AnswerCache(folder, "accelergy"), required=chose_accelergy)
    if options.estimator == "tables":
        return (*own, *tables, *models, accelergy)
    if chose_accelergy:
        require_accelergy()
    chosen: Source = accelergy if chose_accelergy else hwcomponents
    others = (*tables, *models) if chose_accelergy else (*tables, accelergy)
    free = TableSource(shipped / "free")
    return (*own, free, chosen, *(_InItsPlace(source, chosen) for source in others))


class _InItsPlace:
    """A source that answers only because the one that was chosen does not: its answers say so."""

    def __init__(self, source: Source, chosen: Source) -> None:
        self.name = source.name
        self._source = source
        self._chosen = chosen.name

    def classes(self) -> Iterable[str]:
        return self._source.classes()

    def requests_of(self, query: Query) -> Sequence[CactiRequest]:
        return self._source.requests_of(query) if isinstance(self._source, AsksCacti) else ()

    def estimate(self, query: Query) -> Finding:
        found = self._source.estimate(query)
        warning = f"{query.class_name}: {self._chosen} does not answer, {found.estimator} does in its place"
        return replace(found, warnings=(*found.warnings, warning))


def _key_of(query: Query) -> tuple[object, ...]:
    """What an answer depends on; the place of the component does not matter."""
    return (
        query.class_name,
        query.action,
        tuple((k, str(type(v)), str(v)) for k, v in query.attributes.items()),
        tuple((k, str(v)) for k, v in query.arguments.items()),
    )
