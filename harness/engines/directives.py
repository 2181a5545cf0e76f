"""What constraints say of a mapping beyond its loops: the mapping files that Timeloop writes leave it out.

Its mapper takes ``no_reuse``, ``no_link_transfer``, ``rmw_first_update`` and ``no_coalesce`` from the
constraints (NVlabs/timeloop 4cf6d4c, mapspaces/uber.hpp) and its ``map.yaml`` has only loops and bypasses.
"""

from __future__ import annotations

from dataclasses import replace

from harness.spec.constraints import Constraints
from harness.spec.mapping import LevelMapping, Mapping


def with_directives(mapping: Mapping, constraints: Constraints) -> Mapping:
    """The mapping with the directives of the constraints, as the search that found it had them."""
    return Mapping(tuple(_level(level, constraints) for level in mapping.levels))


def _level(level: LevelMapping, constraints: Constraints) -> LevelMapping:
    demanded = constraints.of(level.level)
    temporal, spatial = demanded.temporal, demanded.spatial
    none: frozenset[str] = frozenset()
    return replace(
        level,
        no_temporal_reuse=level.no_temporal_reuse | (temporal.no_reuse if temporal else none),
        no_multicast=level.no_multicast | (spatial.no_reuse if spatial else none),
        no_link_transfer=level.no_link_transfer | (spatial.no_link_transfer if spatial else none),
        rmw_first_update=level.rmw_first_update | (temporal.rmw_first_update if temporal else none),
        no_coalesce=level.no_coalesce | demanded.no_coalesce,
    )
