"""The search algorithms that propose mappings, by name."""

from __future__ import annotations

from harness.errors import unknown_name
from harness.search.exhaustive import Exhaustive
from harness.search.guided import Guided
from harness.search.hybrid import Hybrid
from harness.search.linear_pruned import LinearPruned
from harness.search.proposer import ProposerFactory
from harness.search.random import Random
from harness.search.random_pruned import RandomPruned

PROPOSERS: dict[str, ProposerFactory] = {
    "random": Random,
    "random_pruned": RandomPruned,
    "hybrid": Hybrid,
    "linear_pruned": LinearPruned,
    "exhaustive": Exhaustive,
    "guided": Guided,
}


def proposer_named(name: str) -> ProposerFactory:
    """The proposer called ``name``; raises :class:`SpecError` with the nearest name."""
    try:
        return PROPOSERS[name]
    except KeyError:
        raise unknown_name("search algorithm", name, PROPOSERS) from None
