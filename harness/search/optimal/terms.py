"""What each boundary of each tensor costs, given the spatial choice and what is kept where.

The boundary of level ``b`` lies between storage level ``b`` and its children. With ``C`` temporal iterations
in all, a child is sent ``F = C * spread / n`` words over the run, where ``spread`` is the part of the child's
tile that comes from the spatial loops inside it, and ``n`` how much of the dimensions that do not index the
tensor is covered when the run of such loops above the boundary ends. Everything that the tensor does then
is a sum over its boundaries of functions of ``F``: accesses ``a * F + b`` of one kind at one level, rounded
up to blocks, and a linear part for networks and address generators. The rules are those of
:mod:`harness.model.kernels.traffic`, which the results are checked against.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.costs import (
    AGAIN,
    AGAIN_ADDITIONS,
    AGAIN_HOPS,
    AGAIN_ROUTERS,
    AGAIN_TREE_HOPS,
    FILL,
    HOPS,
    LINKED,
    MESH,
    MULTICAST,
    READ,
    ROUTERS,
    UPDATE,
    Floats,
)
from harness.search.optimal.kernel import kernel

NOTHING: Final = 0
RUN: Final = 1
"""The cost depends on where the run above the boundary ends."""
AT_ONCE: Final = 2
"""Each tile is sent anew: ``n`` is what the child covers."""
FIXED: Final = 3
"""Every operation is served: ``n`` is 1."""


class Terms(NamedTuple):
    """Of each tensor and boundary, [T, L]: ``mode``, ``spread``, ``linear`` pJ per word of F, and the
    accesses [T, L, uses] ``a * F + b`` of ``kind`` at ``level``. ``fixed`` [T]: pJ whatever F is.
    ``floor_only`` [T]: the figures are a lower bound, not the cost."""

    mode: NDArray[np.int64]
    spread: Floats
    linear: Floats
    uses: NDArray[np.int64]
    level: NDArray[np.int64]
    kind: NDArray[np.int64]
    a: Floats
    b: Floats
    fixed: Floats
    floor_only: NDArray[np.bool_]


def empty_terms(tensors: int, levels: int) -> Terms:
    most = 3 * levels + 1
    return Terms(
        mode=np.zeros((tensors, levels), dtype=np.int64),
        spread=np.ones((tensors, levels)),
        linear=np.zeros((tensors, levels)),
        uses=np.zeros((tensors, levels), dtype=np.int64),
        level=np.zeros((tensors, levels, most), dtype=np.int64),
        kind=np.zeros((tensors, levels, most), dtype=np.int64),
        a=np.zeros((tensors, levels, most)),
        b=np.zeros((tensors, levels, most)),
        fixed=np.zeros(tensors),
        floor_only=np.zeros(tensors, dtype=np.bool_),
    )


class Placement(NamedTuple):
    """A spatial choice: ``spatial`` [L, D] factors, ``fanout`` [L] their products, ``instances`` [L] in use
    of each storage level, ``units`` in use of the arithmetic, ``iterations`` of all temporal loops,
    ``patterns`` [L, T, columns], ``transfer`` [N, T] (see ``costs``), ``bounds`` [D] of the problem."""

    spatial: Floats
    fanout: Floats
    instances: Floats
    units: float
    iterations: float
    patterns: Floats
    transfer: Floats
    bounds: Floats


@kernel
def effective_keep(keep, passes):  # type: ignore[no-untyped-def]
    """(kept, kept by some level further out) [L]; see :func:`harness.model.kernels.nest.effective_keep`."""
    levels = keep.size
    kept = np.zeros(levels, dtype=np.bool_)
    above = np.zeros(levels, dtype=np.bool_)
    anchored = False
    found = False
    for level in range(levels - 1, -1, -1):
        own = keep[level]
        if passes[level]:
            own = own and anchored
        else:
            anchored = anchored or own
        above[level] = found
        kept[level] = own
        found = found or own
    return kept, above


@kernel
def _use(terms, prices, placement, t, boundary, level, kind, a, b):  # type: ignore[no-untyped-def]
    u = terms.uses[t, boundary]
    terms.level[t, boundary, u] = level
    terms.kind[t, boundary, u] = kind
    terms.a[t, boundary, u] = a
    terms.b[t, boundary, u] = b
    terms.uses[t, boundary] = u + 1
    counted = kind != READ if prices.written[t] else kind != UPDATE
    if prices.address[level] > 0.0 and counted:
        each = prices.address[level] * min(placement.instances[level], prices.clusters[level])
        terms.linear[t, boundary] += a * each
        terms.fixed[t] += b * each


@kernel
def tensor_terms(t, keep, prices, placement, terms):  # type: ignore[no-untyped-def]
    """Fills row ``t`` of ``terms``. ``keep`` [L]: where the mask keeps the tensor."""
    levels = keep.size
    kept, above = effective_keep(keep, prices.passes[:, t])
    terms.fixed[t] = 0.0
    terms.floor_only[t] = prices.distributes
    if prices.distributes:
        # What peers scatter among them is left to the model.
        for b in range(levels):
            terms.uses[t, b] = 0
            terms.linear[t, b] = 0.0
            terms.mode[t, b] = NOTHING
        return
    groups = np.empty(levels)
    partition = np.empty(levels)
    whole = 1.0
    for d in range(placement.bounds.size):
        whole *= placement.bounds[d] ** prices.ranks[t, d]
        if prices.ranks[t, d] > 1.0:
            terms.floor_only[t] = True
    for level in range(levels - 1, -1, -1):
        partition[level] = whole
        own = 1.0
        for d in range(placement.bounds.size):
            if prices.relevant[t, d]:
                own *= placement.spatial[level, d]
            whole /= placement.spatial[level, d] ** prices.ranks[t, d]
        if prices.slides[t]:
            own = _least_groups(t, level, prices, placement)
        groups[level] = placement.fanout[level] if prices.no_multicast[level, t] else own
    if prices.slides[t]:
        terms.floor_only[t] = True
        for level in range(levels):
            # A part is not more than the whole box.
            partition[level] = _box(t, prices, placement)
    spread = 1.0
    for b in range(levels):
        terms.uses[t, b] = 0
        terms.linear[t, b] = 0.0
        terms.spread[t, b] = 1.0 if prices.slides[t] else spread
        for d in range(placement.bounds.size):
            if prices.relevant[t, d]:
                spread *= placement.spatial[b, d]
        _boundary(t, b, kept, above, groups, partition, prices, placement, terms)
        if terms.linear[t, b] < 0.0:
            # Words that neighbours pass on cost more than those that the parent would have sent.
            terms.fixed[t] += terms.linear[t, b] * placement.iterations * terms.spread[t, b]
            terms.linear[t, b] = 0.0
            terms.floor_only[t] = True
        if terms.uses[t, b] == 0 and terms.linear[t, b] == 0.0:
            terms.mode[t, b] = NOTHING


@kernel
def _box(t, prices, placement):  # type: ignore[no-untyped-def]
    """Words of the box that the whole tensor spans."""
    words = 1.0
    for r in range(prices.extent.shape[1]):
        length = 1.0
        for d in range(placement.bounds.size):
            length += prices.extent[t, r, d] * (placement.bounds[d] - 1.0)
        words *= length
    return words


@kernel
def _least_groups(t, level, prices, placement):  # type: ignore[no-untyped-def]
    """Floor of the number of children with different data: sums of n and m numbers are n + m - 1 at least."""
    groups = 1.0
    for r in range(prices.extent.shape[1]):
        different = 1.0
        for d in range(placement.bounds.size):
            if prices.extent[t, r, d] > 0.0:
                different += placement.spatial[level, d] - 1.0
                if prices.ranks[t, d] > 1.0:
                    return 1.0
        groups *= different
    return groups


@kernel
def least_window_words(t, b, prices, placement):  # type: ignore[no-untyped-def]
    """Floor of what a child below level ``b`` is sent in all: one tile at each place along the ranks without
    windows. (Along the others the model may see a tile stand still where it moves.)"""
    words = 1.0
    if prices.signed[t]:
        return words
    for r in range(prices.extent.shape[1]):
        length = 1.0
        for d in range(placement.bounds.size):
            if prices.extent[t, r, d] > 0.0:
                inside = 1.0
                whole = placement.bounds[d]
                for level in range(placement.fanout.size):
                    if level < b:
                        inside *= placement.spatial[level, d]
                    else:
                        whole /= placement.spatial[level, d]
                if prices.ranks[t, d] > 1.0:
                    return 1.0
                covered = inside if prices.window[t, d] else whole
                length += prices.extent[t, r, d] * (covered - 1.0)
        words *= length
    return words


@kernel
def _boundary(t, b, kept, above, groups, partition, prices, placement, terms):  # type: ignore[no-untyped-def]
    levels = kept.size
    child = b - 1
    slides = prices.slides[t]
    linked = prices.forgets[b, t] and placement.patterns[b, t, LINKED] > 0.0 and not slides
    # Neighbours may hold what a child wants next, if its tile slides towards theirs.
    passed_on = slides and prices.linkable[b, t] and placement.fanout[b] > 1.0
    if passed_on and not prices.forgets[b, t]:
        towards = False
        for d in range(placement.bounds.size):
            towards = towards or (prices.window[t, d] and placement.spatial[b, d] > 1.0)
        passed_on = towards
    terms.mode[t, b] = RUN
    if prices.forgets[b, t] and not (linked and b == 0):
        terms.mode[t, b] = AT_ONCE if b else FIXED
    if b and linked:
        terms.floor_only[t] = True
    if b and kept[child] and above[child] and not (prices.written[t] and prices.passes[child, t]):
        elided = prices.written[t] and not prices.no_elision[child, t]
        short = partition[child] if elided else 0.0
        # Words from neighbours and from the parent are cut to whole words together.
        _use(terms, prices, placement, t, b, child, FILL, 1.0, -short - (1.0 if linked or passed_on else 0.0))
    a = 0.0 if passed_on else groups[b]
    c = least_window_words(t, b, prices, placement) if passed_on else 0.0
    again = placement.iterations * terms.spread[t, b]
    if linked:
        repeated = placement.patterns[b, t, AGAIN]
        a = groups[b] - repeated if b == 0 else repeated
        c = repeated * again if b == 0 else 0.0
    if b == 0 or (kept[child] and not prices.passes[child, t]):
        for p in range(b, levels):
            if p > b:
                handed_on = groups[p]
                if _may_pass_on(t, p, prices, placement):
                    # The words that neighbours spare are not those that the groups share.
                    handed_on = 1.0
                    terms.floor_only[t] = True
                a *= handed_on
                c *= handed_on
            if not (kept[p] or above[p]):
                break
            _networks(t, b, p, a, c, linked, kept, groups, partition, prices, placement, terms)
            if not kept[p]:
                continue
            if not prices.written[t]:
                _use(terms, prices, placement, t, b, p, READ, a, c)
            elif prices.passes[p, t]:
                _use(terms, prices, placement, t, b, p, READ, a, c)
                _use(terms, prices, placement, t, b, p, FILL, a, c)
                _use(terms, prices, placement, t, b, p, UPDATE, a, c)
            else:
                short = 0.0 if prices.no_elision[p, t] else partition[p]
                _use(terms, prices, placement, t, b, p, READ, a, c - short)
                _use(terms, prices, placement, t, b, p, UPDATE, a, c)
            if not prices.passes[p, t]:
                break
    if kept[b] or above[b]:
        _distances(t, b, linked, again, prices, placement, terms)


@kernel
def _may_pass_on(t, p, prices, placement):  # type: ignore[no-untyped-def]
    """Whether children of level ``p`` may pass words of the tensor on to neighbours."""
    if placement.fanout[p] == 1.0 or not prices.spared[p, t]:
        return False
    if prices.forgets[p, t]:
        return prices.slides[t] or placement.patterns[p, t, LINKED] > 0.0
    for d in range(placement.bounds.size):  # noqa: SIM110 - numba knows no generator in any()
        if prices.window[t, d] and placement.spatial[p, d] > 1.0:
            return True
    return False


@kernel
def _distances(t, b, linked, again, prices, placement, terms):  # type: ignore[no-untyped-def]
    """Hops and transfers between neighbours, which a bypassed child causes too."""
    for n in range(prices.net_level.size):
        if prices.net_level[n] != b or prices.net_kind[n] != MESH:
            continue
        pattern = placement.patterns[b, t]
        each = prices.net_hop[n] * placement.instances[b]
        if (linked and b) or prices.slides[t]:
            continue
        terms.linear[t, b] += pattern[HOPS] * each
        if linked:
            passed = prices.net_hop[n] + 2.0 * prices.net_router[n]
            more = pattern[AGAIN_HOPS] * each + pattern[LINKED] * passed * placement.instances[b]
            terms.linear[t, b] -= more
            terms.fixed[t] += more * again


@kernel
def _networks(t, b, p, a, c, linked, kept, groups, partition, prices, placement, terms):  # type: ignore[no-untyped-def]
    """What the networks of level ``p`` charge for ``a * F + c`` words of boundary ``b``, distances aside."""
    for n in range(prices.net_level.size):
        if prices.net_level[n] != p:
            continue
        instances = placement.instances[p]
        slope = 0.0
        start = 0.0
        if prices.net_kind[n] == MESH:
            double = prices.net_double[n, t]
            own_a = 2.0 * a if double else a
            own_c = 2.0 * c if double else c
            if double and kept[p]:
                own_c -= partition[p]
            slope = own_a * prices.net_ingress[n]
            start = own_c * prices.net_ingress[n]
            if prices.net_router[n] != 0.0:
                if placement.fanout[p] == 1.0 or p > b or double or (linked and b > 0) or prices.slides[t]:
                    slope += own_a * prices.net_router[n]
                    start += own_c * prices.net_router[n]
                    if placement.fanout[p] != 1.0:
                        terms.floor_only[t] = True
                else:
                    pattern = placement.patterns[b, t]
                    slope += pattern[ROUTERS] * prices.net_router[n]
                    if linked:
                        slope -= pattern[AGAIN_ROUTERS] * prices.net_router[n]
                        start += pattern[AGAIN_ROUTERS] * prices.net_router[n] * placement.iterations
        elif prices.net_kind[n] == MULTICAST:
            if linked and p == b:
                terms.floor_only[t] = True
            else:
                slope = a * placement.transfer[n, t]
                start = c * placement.transfer[n, t]
        elif prices.written[t] and not prices.slides[t]:
            if prices.net_alone[n]:
                instances = 1.0
            multicast = placement.fanout[p] / groups[p]
            each = (multicast - 1.0) * prices.net_adder[n]
            each += np.floor(np.log2(multicast)) * 0.5 * prices.net_hop[n]
            if linked and p == b:
                pattern = placement.patterns[b, t]
                repeated = pattern[AGAIN_ADDITIONS] * prices.net_adder[n]
                repeated += pattern[AGAIN_TREE_HOPS] * prices.net_hop[n]
                if b:
                    terms.floor_only[t] = True
                else:
                    slope = groups[p] * each - repeated
                    start = repeated * placement.iterations
            else:
                slope = a * each
                start = c * each
        terms.linear[t, b] += slope * instances
        terms.fixed[t] += start * instances


@kernel
def energy_of(t, b, words, prices, placement, terms):  # type: ignore[no-untyped-def]
    """pJ of boundary ``b`` of tensor ``t`` when a child is sent ``words`` (the linear part included)."""
    total = terms.linear[t, b] * words
    for u in range(terms.uses[t, b]):
        level = terms.level[t, b, u]
        price = prices.price[level, terms.kind[t, b, u]]
        if price == 0.0:
            continue
        accesses = max(terms.a[t, b, u] * words + terms.b[t, b, u], 0.0)
        if prices.block[level] != 1.0:
            accesses = np.ceil(accesses / prices.block[level])
        served = placement.instances[level]
        if prices.cluster_size[level] > 1.0:
            served = min(served, prices.clusters[level])
        total += accesses * price * served
    return total


@kernel
def load_of(t, b, words, level, kind, prices, terms):  # type: ignore[no-untyped-def]
    """Words of boundary ``b`` that weigh on bandwidth ``kind`` (0 read, 1 write, 2 shared) of ``level``."""
    total = 0.0
    for u in range(terms.uses[t, b]):
        if terms.level[t, b, u] != level:
            continue
        reads = terms.kind[t, b, u] == READ
        if kind == 2 or (kind == 0) == reads:
            total += max(terms.a[t, b, u] * words + terms.b[t, b, u], 0.0)
    return total * prices.scale[level, t]


@kernel
def add_words(t, b, sent, terms, words):  # type: ignore[no-untyped-def]
    """Adds the accesses of one boundary whose child is sent ``sent`` words."""
    for u in range(terms.uses[t, b]):
        words[terms.level[t, b, u], t, terms.kind[t, b, u]] += max(
            terms.a[t, b, u] * sent + terms.b[t, b, u], 0.0
        )
