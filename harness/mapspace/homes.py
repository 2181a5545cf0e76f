"""Which bounded storage levels hold a data space, as far as choosing otherwise could make a mapping fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True)
class HomesOfLevel:
    """Data spaces at one level: ``kept`` ones, those of them whose words are ``held``, and ``optional`` ones.

    A level that keeps a data space without coalescing holds no words of it if no level outside does.
    """

    kept: tuple[str, ...]
    held: tuple[str, ...]
    optional: tuple[str, ...]


Homes = dict[int, HomesOfLevel]
"""By storage level; only levels with a limit."""

_Pattern = tuple[frozenset[int], frozenset[int]]
"""The bounded levels that keep a data space, and those of them that hold its words."""


def homes(
    names: Sequence[str],
    must: Sequence[Collection[str]],
    may: Sequence[Collection[str]],
    no_coalesce: Sequence[Collection[str]],
    bounded: Sequence[int],
) -> list[Homes]:
    """The choices of homes; empty if some data space can be kept nowhere.

    ``must``, ``may`` and ``no_coalesce`` by storage level. A data space that the outermost level holds is
    free elsewhere: ``optional`` at every level. For the others the homes are chosen here.
    """
    outermost = len(must) - 1
    free = [n for n in names if n in may[outermost] and n not in no_coalesce[outermost]]
    chosen = [n for n in names if n not in free]
    patterns = [_patterns(n, must, may, no_coalesce, frozenset(bounded)) for n in chosen]
    found = []
    for combination in product(*patterns):
        by_level = {}
        for level in bounded:
            kept = [n for n in free if n in must[level] and n in may[level]]
            optional = [n for n in free if n in may[level] and n not in must[level]]
            held = list(kept)
            for name, (keeps, holds) in zip(chosen, combination, strict=True):
                if level in keeps:
                    kept.append(name)
                if level in holds:
                    held.append(name)
            by_level[level] = HomesOfLevel(tuple(kept), tuple(held), tuple(optional))
        found.append(by_level)
    return found


def _patterns(
    name: str,
    must: Sequence[Collection[str]],
    may: Sequence[Collection[str]],
    no_coalesce: Sequence[Collection[str]],
    bounded: frozenset[int],
) -> set[_Pattern]:
    levels = range(len(must))
    choices = [
        (False,)
        if name not in may[k]
        else (True,)
        if name in must[k] or (k == len(must) - 1)
        else (False, True)
        for k in levels
    ]
    found = set()
    for keeps in product(*choices):
        if not any(keeps):
            continue
        backed = False
        holds = []
        for k in reversed(levels):
            backed = backed or (keeps[k] and name not in no_coalesce[k])
            if keeps[k] and backed:
                holds.append(k)
        kept = frozenset(k for k in levels if keeps[k])
        found.add((kept & bounded, frozenset(holds) & bounded))
    return found
