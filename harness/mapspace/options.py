"""The ways to split one dimension, as far as they matter to whether a mapping exists.

Of a factor vector only some figures matter: the factor at each spatial level and the extent of the tile at
each bounded storage level. Most of them should be small; where a least parallelism or utilisation is demanded
they are wanted as they are. A vector that is nowhere better than another is left out, so that often one is
left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.mapspace.demands import FactorDemands
from harness.mapspace.factorization import divisors_in_order

Option = tuple[int, ...]
"""The figures of one vector, in the order of the tiling levels that are watched."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A tiling level whose figure matters.

    ``extent``: the figure is the product of the factors up to here, else the factor. ``at_most`` bounds it.
    ``exact``: larger may be better, so that vectors with different figures do not compare.
    """

    extent: bool
    exact: bool
    at_most: float


def options(
    demands: FactorDemands,
    level_count: int,
    watched: dict[int, Watched],
    spend: Callable[[int], None],
) -> list[Option]:
    """The figures of all perfect vectors of a dimension that are worth looking at; empty if there is none.

    ``watched`` by tiling level. Fixed factors that do not divide are rounded and clamped as in
    :mod:`harness.mapspace.factorization`. ``spend`` is told the number of vectors looked at, and may raise.
    """
    if not all(demands.admits(k, v) for k, v in demands.given.items()):
        return []
    remaining = demands.bound
    for level in sorted(demands.given):
        remaining = -(-remaining // demands.given[level])
    divisors = sorted(divisors_in_order(remaining))
    last_free = max((k for k in range(level_count) if k not in demands.given), default=-1)
    exact = [watched[k].exact for k in sorted(watched)]
    given_so_far = 1
    # By product of the free factors so far: (extent so far, figures).
    states: dict[int, list[tuple[int, Option]]] = {1: [(1, ())]}
    for level in range(level_count):
        given = demands.given.get(level)
        watch = watched.get(level)
        following: dict[int, set[tuple[int, Option]]] = {}
        for product, entries in states.items():
            left = -(-demands.bound // (given_so_far * product))
            if given is not None:
                choices = [(product, min(given, left))]
            else:
                choices = [
                    (product * f, min(f, left))
                    for f in ([remaining // product] if level == last_free else divisors)
                    if remaining % (product * f) == 0 and demands.admits(level, f)
                ]
            for reached, factor in choices:
                into = following.setdefault(reached, set())
                for extent, figures in entries:
                    if watch is None:
                        into.add((extent * factor, figures))
                        continue
                    figure = extent * factor if watch.extent else factor
                    if figure <= watch.at_most:
                        into.add((extent * factor, (*figures, figure)))
        if given is not None:
            given_so_far *= given
        spend(sum(len(entries) for entries in following.values()))
        kinds = exact[: sum(k <= level for k in watched)]
        states = {product: _best(entries, kinds) for product, entries in following.items() if entries}
    if remaining not in states:
        return []
    return [figures for _, figures in _best({(0, figures) for _, figures in states[remaining]}, exact)]


def best(figures: Sequence[Option], exact: Sequence[bool]) -> list[Option]:
    """Those of ``figures`` that no other makes superfluous."""
    return [f for _, f in _best({(0, f) for f in figures}, exact)]


def _best(entries: set[tuple[int, Option]], exact: Sequence[bool]) -> list[tuple[int, Option]]:
    """Entries that are not at least as large as another everywhere, equal where figures are exact."""
    if len(entries) <= 1:
        return list(entries)
    groups: dict[Option, list[tuple[int, ...]]] = {}
    for extent, figures in sorted(entries, key=lambda entry: (sum(entry[1]) + entry[0], entry)):
        wanted = tuple([f for f, e in zip(figures, exact, strict=True) if e])
        small = (extent, *[f for f, e in zip(figures, exact, strict=True) if not e])
        kept = groups.setdefault(wanted, [])
        if not any(all(a <= b for a, b in zip(known, small, strict=True)) for known in kept):
            kept.append(small)
    found = []
    for wanted, kept in groups.items():
        for small in kept:
            exact_figures, others = iter(wanted), iter(small[1:])
            found.append((small[0], tuple(next(exact_figures) if e else next(others) for e in exact)))
    return found
