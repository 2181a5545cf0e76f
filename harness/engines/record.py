"""From an evaluation to the level and network entries of the result record."""

from __future__ import annotations

from harness.engines.result import LevelDataSpace, LevelRecord, NetworkDataSpace, NetworkRecord
from harness.engines.sparse_record import sparse_computes, sparse_data_space
from harness.model.stats import LevelStats, NetworkStats, Stats


def level_records(stats: Stats) -> tuple[LevelRecord, ...]:
    """The arithmetic level first, then storage from the innermost to the outermost."""
    arithmetic = stats.arithmetic
    compute = LevelRecord(
        name=arithmetic.name,
        cycles=arithmetic.cycles,
        energy_pj=arithmetic.energy_pj,
        leakage_pj=0.0,
        area_um2=arithmetic.area_um2,
        instances=arithmetic.instances,
        utilized_instances=arithmetic.utilized_instances,
        dataspaces={},
        computes=sparse_computes(arithmetic),
    )
    return (compute, *(_level(level) for level in stats.levels))


def _level(level: LevelStats) -> LevelRecord:
    spaces = {
        space.name: LevelDataSpace(
            reads=space.reads,
            fills=space.fills,
            updates=space.updates,
            temporal_reductions=space.temporal_reductions,
            partition_size=space.partition_size,
            tile_size=space.tile_size,
            utilized_instances=space.utilized_instances,
            energy_pj=space.storage_energy_pj + space.temporal_reduction_energy_pj + space.addr_gen_energy_pj,
            sparse=sparse_data_space(space),
        )
        for space in level.data_spaces
        if space.kept
    }
    return LevelRecord(
        name=level.name,
        cycles=level.cycles,
        energy_pj=level.energy_pj,
        leakage_pj=level.leakage_pj,
        area_um2=level.area_um2,
        instances=level.instances,
        utilized_instances=level.utilized_instances,
        dataspaces=spaces,
    )


def network_records(stats: Stats) -> tuple[NetworkRecord, ...]:
    return tuple(_network(network) for network in stats.networks if network.evaluated)


def _network(network: NetworkStats) -> NetworkRecord:
    spaces = {
        space.name: NetworkDataSpace(
            fanout=space.fanout,
            multicast_factor=space.multicast_factor,
            ingresses=sum(i.accesses for i in space.ingresses),
            link_transfers=space.link_transfers,
            spatial_reductions=space.spatial_reductions,
            hops=space.num_hops,
            energy_pj=space.energy_pj,
        )
        for space in network.data_spaces
    }
    return NetworkRecord(network.name, network.energy_pj, spaces)
