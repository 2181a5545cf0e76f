"""Feasible mappings first, then variations of the best ones: a small evolutionary search.

The reference's mappers draw from the whole space, most of which does not fit the hardware. This one repairs
what does not fit by moving factors outwards, so that nearly every proposal is worth an evaluation, and varies
the best mappings seen. It is not Timeloop's; its threads search the whole space, each with its own numbers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from harness.mapspace import MapSpace, SubSpace
from harness.mapspace.factorization import divisors_in_order
from harness.mapspace.permutation import Order
from harness.search.capacity import CapacityCheck
from harness.search.metrics import Cost
from harness.search.proposer import Outcome, Proposal, Proposer, Share
from harness.spec.settings import SearchSettings

GENERATION = 32
FIRST_GENERATIONS = 4
"""So many generations are random before the best ones are varied."""
POOL = 16
FRESH = 0.1
"""Share of the later proposals that are random, so that no corner of the space is forgotten."""
AGAIN = 0.4
"""Chance of one more variation of the same child."""
PATIENCE = 10
"""Attempts at a mapping that fits and is new before anything is proposed."""
MOST_REPAIRS = 64


@dataclass(frozen=True, slots=True)
class Genes:
    """A mapping in terms that survive variation.

    ``vectors``: the number of each dimension's factor vector; ``orders``: a wanted order of all dimensions
    for each tiling level; ``splits``: a wanted digit for each spatial level (taken where it fits).
    """

    vectors: tuple[int, ...]
    orders: tuple[Order, ...]
    splits: tuple[int, ...]
    bypass: int


@dataclass(order=True, slots=True)
class _Member:
    worth: tuple[float, ...]
    genes: Genes = field(compare=False)


class Guided:
    """Never ends by itself."""

    saw_all = False

    def __init__(self, share: Share, settings: SearchSettings) -> None:
        self._random = random.Random(f"{share.seed}/{share.thread}/guided")
        self._space: MapSpace = share.space
        self._metrics = settings.metrics
        self._max_cycles = settings.max_cycles
        self._max_energy_pj = settings.max_energy_pj
        self._capacity = CapacityCheck(self._space)
        levels = self._space.levels
        self._temporal = [k for k, level in enumerate(levels) if not level.spatial]
        self._spatial = [k for k, level in enumerate(levels) if level.spatial]
        self._storage_of = {levels[k].storage_name: k for k in self._temporal}
        self._pool: list[_Member] = []
        self._open: dict[tuple[int, int, int, int], Genes] = {}
        self._seen: set[tuple[int, int, int, int]] = set()
        self._observed: list[_Member] = []
        self._proposed = 0

    @property
    def ahead(self) -> int:
        """The rest of the generation."""
        return GENERATION - self._proposed % GENERATION

    def propose(self) -> Proposal | None:
        if self.ahead == GENERATION:
            self._next_generation()
        proposal: Proposal | None = None
        for _ in range(PATIENCE):
            genes = self._repaired(self._draw())
            proposal = self._realized(genes)
            key = (proposal.factorization, proposal.permutation, proposal.spatial, proposal.bypass)
            if key in self._seen or not self._fits(proposal):
                continue
            self._seen.add(key)
            self._open[key] = genes
            break
        self._proposed += 1
        return proposal

    def learn(self, outcome: Outcome) -> None:
        """Refusals teach nothing: what does not fit is not proposed in the first place."""

    def observe(self, proposal: Proposal, cost: Cost) -> None:
        key = (proposal.factorization, proposal.permutation, proposal.spatial, proposal.bypass)
        genes = self._open.pop(key, None)
        if genes is None:
            return
        # Kept apart until the generation is over, so that no proposal depends on the size of batches.
        self._observed.append(_Member(self._worth(cost), genes))

    def _worth(self, cost: Cost) -> tuple[float, ...]:
        """Least first: what exceeds the objective's caps least, then the metrics."""
        beyond = 0.0
        if self._max_cycles is not None:
            beyond += max(0.0, cost.cycles / self._max_cycles - 1)
        if self._max_energy_pj is not None:
            beyond += max(0.0, cost.energy_pj / self._max_energy_pj - 1)
        return (beyond, *(cost.metric(m) for m in self._metrics))

    def _next_generation(self) -> None:
        self._pool = sorted(self._pool + self._observed)[:POOL]
        self._observed = []
        self._open = {}

    def copy(self) -> Proposer:
        raise NotImplementedError("a proposer that looks at costs is not copied")

    def _draw(self) -> Genes:
        rng = self._random
        if self._proposed < FIRST_GENERATIONS * GENERATION or not self._pool or rng.random() < FRESH:
            return self._fresh()
        # The better a member, the more often it is a parent.
        genes = self._pool[int(len(self._pool) * rng.random() ** 2)].genes
        genes = self._varied(genes)
        while rng.random() < AGAIN:
            genes = self._varied(genes)
        return genes

    def _fresh(self) -> Genes:
        rng = self._random
        dimensions = range(len(self._space.dimensions))
        return Genes(
            vectors=tuple(rng.randrange(d.size) for d in self._space.dimensions),
            orders=tuple(tuple(rng.sample(dimensions, len(dimensions))) for _ in self._space.levels),
            splits=tuple(rng.randrange(len(dimensions) + 1) for _ in self._spatial),
            bypass=rng.randrange(self._space.sizes.datatype_bypass),
        )

    def _varied(self, genes: Genes) -> Genes:
        kind = self._random.random()
        if kind < 0.6:
            return self._with_factor_moved(genes)
        if kind < 0.85:
            return self._with_loop_moved(genes)
        masks = self._space.sizes.datatype_bypass
        if kind < 0.95 and masks > 1:
            return replace(genes, bypass=genes.bypass ^ 1 << self._random.randrange(masks.bit_length() - 1))
        return replace(genes, splits=self._fresh().splits)

    def _with_factor_moved(self, genes: Genes) -> Genes:
        """Some divisor of one loop goes to another level, or at random a whole vector is drawn anew."""
        rng = self._random
        d = rng.randrange(len(genes.vectors))
        dimension = self._space.dimensions[d]
        factors = dimension.split(genes.vectors[d]).factors
        sources = [k for k, (end, _) in enumerate(factors) if end > 1]
        if not sources or rng.random() < 0.1:
            return _with_vector(genes, d, rng.randrange(dimension.size))
        source, target = rng.choice(sources), rng.randrange(len(factors))
        factor = rng.choice(divisors_in_order(factors[source][0])[1:])
        moved = None if source == target else dimension.moved(genes.vectors[d], source, target, factor)
        return genes if moved is None else _with_vector(genes, d, moved)

    def _with_loop_moved(self, genes: Genes) -> Genes:
        rng = self._random
        k = rng.randrange(len(genes.orders))
        order = list(genes.orders[k])
        loop = order.pop(rng.randrange(len(order)))
        order.insert(rng.randrange(len(order) + 1), loop)
        return replace(genes, orders=(*genes.orders[:k], tuple(order), *genes.orders[k + 1 :]))

    def _repaired(self, genes: Genes) -> Genes:
        """Factors moved outwards from where they do not fit; perhaps not enough of them."""
        for _ in range(MOST_REPAIRS):
            subspace = self._subspace(genes)
            level = self._overfull(subspace, genes)
            if level is None:
                return genes
            lighter = self._lighter(genes, subspace, level)
            if lighter is None:
                return genes
            genes = lighter
        return genes

    def _overfull(self, subspace: SubSpace, genes: Genes) -> int | None:
        """A tiling level with more than fits: a spatial one, or the temporal one of a storage too small."""
        fitting = subspace.fitting_splits(subspace.permutation_like(genes.orders))
        for k, digits in zip(self._spatial, fitting, strict=True):
            if not digits:
                return k
        refusal = self._capacity.refusal(subspace, genes.bypass)
        return None if refusal is None else self._storage_of.get(refusal.level)

    def _lighter(self, genes: Genes, subspace: SubSpace, level: int) -> Genes | None:
        """``genes`` with less at ``level``, or for a storage level, with less at or below it."""
        rng = self._random
        spatial = self._space.levels[level].spatial
        sources = [
            (k, d)
            for k in ([level] if spatial else range(level + 1))
            for d, (end, _) in enumerate(subspace.factors[k])
            if end > 1
        ]
        rng.shuffle(sources)
        targets = self._temporal if spatial else [k for k in self._temporal if k > level]
        for source, d in sources:
            factor = _smallest_prime(subspace.factors[source][d][0])
            for target in rng.sample(targets, len(targets)):
                moved = self._space.dimensions[d].moved(genes.vectors[d], source, target, factor)
                if moved is not None:
                    return _with_vector(genes, d, moved)
        return None

    def _subspace(self, genes: Genes) -> SubSpace:
        return self._space.subspace(self._space.factorization_of(genes.vectors))

    def _realized(self, genes: Genes) -> Proposal:
        subspace = self._subspace(genes)
        permutation = subspace.permutation_like(genes.orders)
        digits = [
            wanted if wanted in fitting or not fitting else fitting[wanted % len(fitting)]
            for wanted, fitting in zip(genes.splits, subspace.fitting_splits(permutation), strict=True)
        ]
        digits = [min(digit, size - 1) for digit, size in zip(digits, subspace.split_sizes, strict=True)]
        factorization = self._space.factorization_of(genes.vectors)
        return Proposal(factorization, permutation, subspace.spatial_of(digits), genes.bypass, subspace)

    def _fits(self, p: Proposal) -> bool:
        return (
            p.subspace.refusal(p.permutation, p.spatial) is None
            and self._capacity.refusal(p.subspace, p.bypass) is None
        )


def _with_vector(genes: Genes, dimension: int, vector: int) -> Genes:
    vectors = (*genes.vectors[:dimension], vector, *genes.vectors[dimension + 1 :])
    return replace(genes, vectors=vectors)


def _smallest_prime(n: int) -> int:
    return next((p for p in range(2, int(n**0.5) + 1) if n % p == 0), n)
