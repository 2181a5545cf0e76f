"""The chain of sources: who is asked in which order, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.estimation.accelergy_logic import AccelergyLogicSource, AladdinTableSource
from harness.estimation.accelergy_sram import AccelergySramSource
from harness.estimation.answers import EstimationOptions
from harness.estimation.cache import AnswerCache, default_cache_folder
from harness.estimation.dram import DramSource
from harness.estimation.hwcomponents_source import HwcomponentsSource
from harness.estimation.query import Declined, Finding, Query, ReadAttributes, Source, checked
from harness.estimation.tables import TableSource
from harness.estimation.unanswered import unanswered
from harness.spec.shipped import shipped_folder


class Chain:
    """Asks sources in their order; the first that does not decline is believed. Answers are remembered."""

    def __init__(self, sources: Sequence[Source], own_classes: Iterable[str]) -> None:
        self._sources = sources
        self._own_classes = frozenset(own_classes)
        self._known: dict[tuple[object, ...], Finding] = {}

    def ask(self, query: Query) -> Finding:
        """The first source that answers; :class:`EstimationError` when none does."""
        key = _key_of(query)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._ask_sources(query)
        return found

    def _ask_sources(self, query: Query) -> Finding:
        refusals: list[tuple[str, Declined]] = []
        for source in self._sources:
            read = ReadAttributes(query.attributes)
            try:
                found = checked(source.estimate(replace(query, attributes=read)), query)
            except OverflowError:
                refusals.append((source.name, Declined("the result is too large")))
            except Declined as declined:
                if declined.knows_class:
                    refusals.append((source.name, declined))
            else:
                return replace(
                    found,
                    attributes=found.attributes or read.used(),
                    passed_over=tuple(f"{name}: {declined.reason}" for name, declined in refusals),
                )
        known = {c for source in self._sources for c in source.classes()} | self._own_classes
        raise unanswered(query, refusals, known)


def sources_for(options: EstimationOptions) -> tuple[Source, ...]:
    """The sources in the order in which they are asked.

    "tables": the user's tables, the shipped ones, the library, SRAM and DRAM, the Aladdin table, then
    hwcomponents. "hwcomponents": the user's tables, what is free, hwcomponents; what it does not know is
    asked of the others and says so.
    """
    shipped = shipped_folder("estimation_tables")
    own: list[Source] = [TableSource(folder) for folder in options.table_folders]
    tables: list[Source] = [
        TableSource(shipped),
        AccelergyLogicSource(shipped / "logic"),
        AccelergySramSource(shipped / "sram" / "cacti.csv.gz"),
        DramSource(),
        AladdinTableSource(shipped / "logic"),
    ]
    models: list[Source] = []
    if options.use_hwcomponents:
        folder = (options.cache_folder or default_cache_folder()) if options.use_cache else None
        models.append(HwcomponentsSource(AnswerCache(folder)))
    if options.estimator == "hwcomponents":
        return (*own, TableSource(shipped / "free"), *models, *(_InItsPlace(s, models[0]) for s in tables))
    return (*own, *tables, *models)


class _InItsPlace:
    """A source that answers only because the one that was chosen does not: its answers say so."""

    def __init__(self, source: Source, chosen: Source) -> None:
        self.name = source.name
        self._source = source
        self._chosen = chosen.name

    def classes(self) -> Iterable[str]:
        return self._source.classes()

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
