"""The mappers by name. Another mapper joins by adding its name here."""

from __future__ import annotations

from harness.errors import unknown_name
from harness.search.exhaustive import Exhaustive
from harness.search.guided import Guided
from harness.search.hybrid import Hybrid
from harness.search.linear_pruned import LinearPruned
from harness.search.protocol import MapperFactory
from harness.search.random import Random
from harness.search.random_pruned import RandomPruned

MAPPERS: dict[str, MapperFactory] = {
    "random": Random,
    "random_pruned": RandomPruned,
    "hybrid": Hybrid,
    "linear_pruned": LinearPruned,
    "exhaustive": Exhaustive,
    "guided": Guided,
}


def mapper_named(name: str) -> MapperFactory:
    """The mapper called ``name``; raises :class:`SpecError` with the nearest name."""
    try:
        return MAPPERS[name]
    except KeyError:
        raise unknown_name("search algorithm", name, MAPPERS) from None
