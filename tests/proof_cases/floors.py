"""Evaluated mappings of the golden data as floors: the least EDP of a space must not lie above any of them.

The bases of those mappings have no constraints of their own. The space of one mapping is the base's, with the
keep sets and the directives of that mapping as constraints and all factors, orders and splits free. Mappings
that agree in keep sets and directives share their space, and the least of their EDPs counts. Left out are
mappings with imperfect factors. Where a level has one order only, a mapping with another order is not in the
space (along one axis the order still decides about hops): it is put into that order and evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints, LevelConstraints
from harness.spec.mapping import LevelMapping, Mapping
from harness.spec.problem import Problem
from proof_cases.membership import canonical, why_outside


@dataclass(frozen=True)
class Evaluated:
    """A mapping whose figures the reference program gave."""

    name: str
    architecture: Architecture
    problem: Problem
    mapping: Mapping
    cycles: int
    energy_pj: float

    @property
    def edp(self) -> float:
        """pJ x cycles."""
        return self.cycles * self.energy_pj


def spaces_with_floors(cases: Iterable[Evaluated]) -> Iterator[tuple[MapSpace, list[Evaluated]]]:
    """Each space with the evaluated mappings that lie in it, the least EDP first."""
    groups: dict[object, list[Evaluated]] = {}
    for case in cases:
        loops = [loop for level in case.mapping.levels for loop in (*level.temporal, *level.spatial)]
        if not all(loop.perfect for loop in loops):
            continue
        base = case.name.split("#")[0]
        key = (base, case.problem, tuple(_without_loops(level) for level in case.mapping.levels))
        groups.setdefault(key, []).append(case)
    for group in groups.values():
        space = MapSpace(group[0].architecture, group[0].problem, _demands(group[0]))
        inside = [_in_order(space, case) for case in group]
        assert all(why_outside(space, case.mapping) is None for case in inside)
        yield space, sorted(inside, key=lambda case: case.edp)


def _in_order(space: MapSpace, case: Evaluated) -> Evaluated:
    mapping = canonical(space, case.mapping)
    if mapping == case.mapping:
        return case
    stats = evaluate(case.architecture, case.problem, mapping)
    return replace(case, mapping=mapping, cycles=stats.cycles, energy_pj=stats.energy_pj)


def _without_loops(level: LevelMapping) -> LevelMapping:
    return replace(level, temporal=(), spatial=())


def _demands(case: Evaluated) -> Constraints:
    names = frozenset(ds.name for ds in case.problem.data_spaces)
    levels = []
    for number, level in enumerate(case.mapping.levels):
        spatial = None
        if case.architecture.fanout(number) != (1, 1):
            spatial = BlockConstraint(no_reuse=level.no_multicast, no_link_transfer=level.no_link_transfer)
        levels.append(
            LevelConstraints(
                level.level,
                temporal=BlockConstraint(
                    no_reuse=level.no_temporal_reuse, rmw_first_update=level.rmw_first_update
                ),
                spatial=spatial,
                keep=level.keep,
                bypass=names - level.keep,
                no_coalesce=level.no_coalesce,
            )
        )
    return Constraints(tuple(levels))
