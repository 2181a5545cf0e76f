"""One question to the sources, and the factor with which its answer counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.estimation.answers import Contribution
from harness.estimation.compound.places import PartInstance
from harness.estimation.query import Attributes, Finding, Query

Ask = Callable[[Query], Finding]


@dataclass(frozen=True, slots=True)
class Use:
    """``factor`` x the answer to ``query``; ``factors`` are what it is made of, without those that are 1."""

    query: Query
    factor: float = 1.0
    factors: tuple[tuple[str, float], ...] = ()

    def answered(self, ask: Ask) -> Contribution:
        query = self.query
        return Contribution(
            query.component, query.class_name, query.action, self.factor, ask(query), self.factors
        )


@dataclass(frozen=True, slots=True)
class Product:
    """The factor of a use while it is multiplied together, with what it is made of."""

    value: float = 1.0
    factors: tuple[tuple[str, float], ...] = ()

    def times(self, value: float, *named: tuple[str, float]) -> Product:
        """``named`` are the factors of ``value``; those that are 1 need not be told."""
        told = tuple((name, float(factor)) for name, factor in named if factor != 1)
        return Product(self.value * value, self.factors + told)

    def of(self, part: PartInstance, action: str | None, arguments: Attributes) -> Use:
        query = Query(part.path, part.part.class_name, part.attributes, action, arguments)
        return Use(query, self.value, self.factors)
