"""How much of an evaluation's energy rests on which accuracy class of estimates.

Every picojoule of an evaluation is a count times a figure of a table: accesses of a level, operations,
transfers over a network, cycles of leakage. Here each figure is traced back to the answer it came from and
shared out among the parts of that answer, so that the shares make the whole energy again.

What no estimator answered belongs to a class too: what the specification states (its own ERT, energies among
the attributes of a level or network) is ``given``; Timeloop's built-in estimates, which stand where the ERT
lacks an action, are a ``model`` for SRAM and a ``constant`` for DRAM and arithmetic. The same shares are told
by source: the estimator of each part, ``given``, or Timeloop's built-in estimates by their name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.engines.built_in import TIMELOOP
from harness.engines.energy_lines import EnergyTerm, Lines
from harness.engines.evaluation import Evaluation
from harness.engines.sparse_energy import compute_terms, storage_terms
from harness.estimation.query import FITS, Fit
from harness.model.component_energy import action_among, storage_energy
from harness.model.stats import LevelStats, NetworkDataSpaceStats, NetworkStats
from harness.spec.architecture import Network, StorageLevel
from harness.spec.energy import COMPUTE_ACTIONS, FILL_ACTIONS, READ_ACTIONS, UPDATE_ACTIONS


@dataclass(frozen=True)
class EnergyShares:
    """``by_accuracy``: pJ by accuracy class in their order, without classes that have none; they make
    ``total_pj``. ``stated_pj`` of it rests on figures whose source states a +-; ``plus_minus_pj`` is by how
    much these may be off together if all err alike, the worst case. ``by_source``: pJ by estimator, the
    largest first.
    """

    total_pj: float
    by_accuracy: dict[str, float]
    by_source: dict[str, float] = field(default_factory=dict)
    stated_pj: float = 0.0
    plus_minus_pj: float = 0.0

    @property
    def uncertainty(self) -> dict[str, float]:
        """The same as plain data."""
        return {"stated_pj": self.stated_pj, "plus_minus_pj": self.plus_minus_pj}


def energy_shares(evaluation: Evaluation) -> EnergyShares:
    """The energy of ``evaluation`` by accuracy class."""
    found: dict[Fit, list[float]] = {}
    sources: dict[str, list[float]] = {}
    stated: list[float] = []
    off: list[float] = []
    for term in energy_terms(evaluation):
        for fit, source, uncertainty, pj in _shared_out(term):
            found.setdefault(fit, []).append(pj)
            sources.setdefault(source, []).append(pj)
            if uncertainty is not None:
                stated.append(pj)
                off.append(pj * uncertainty)
    by_accuracy = {str(fit): total for fit in FITS if (total := math.fsum(found.get(fit, ()))) > 0}
    totals = ((source, math.fsum(pj)) for source, pj in sources.items())
    by_source = dict(sorted(totals, key=lambda entry: (-entry[1], entry[0])))
    return EnergyShares(evaluation.stats.energy_pj, by_accuracy, by_source, math.fsum(stated), math.fsum(off))


def energy_terms(evaluation: Evaluation) -> tuple[EnergyTerm, ...]:
    """What the energy is made of, without what costs nothing; the terms make the whole."""
    lines = Lines(evaluation)
    terms = [*_arithmetic(evaluation, lines)]
    for spec, stats in zip(evaluation.architecture.storage, evaluation.stats.levels, strict=True):
        terms += _level(spec, stats, lines)
    named = {network.name: network for network in evaluation.architecture.networks}
    # A network that nobody named has its level's own energy of a hop, if that states one, before the wire's.
    storage = evaluation.architecture.storage
    hops_stated = {level.name for level in storage if level.energy_per_hop is not None}
    for network in evaluation.stats.networks:
        if network.evaluated:
            by_wire = network.name.partition(" <==> ")[0] not in hops_stated
            terms += _network(network, named.get(network.name), lines, by_wire)
    return tuple(term for term in terms if term.pj)


def _shared_out(term: EnergyTerm) -> Iterator[tuple[Fit, str, float | None, float]]:
    """(accuracy class, source, stated +-, pJ) of each part of the line behind a term."""
    answer = term.answer
    if answer is None:
        yield term.fit, "given" if term.fit == "given" else TIMELOOP, None, term.pj
        return
    total = math.fsum(part.value for part in answer.parts)
    if not total > 0:
        # A placeholder without hardware that was told to cost something all the same.
        yield "constant", answer.estimator, None, term.pj
        return
    for part in answer.parts:
        if part.value > 0:
            finding = part.finding
            yield finding.fit, finding.estimator, finding.uncertainty, term.pj * (part.value / total)


def _arithmetic(evaluation: Evaluation, lines: Lines) -> Iterator[EnergyTerm]:
    spec, stats = evaluation.architecture.arithmetic, evaluation.stats.arithmetic
    if evaluation.architecture.sparse is not None:
        yield from compute_terms(spec, stats, lines)
        return
    action = action_among(COMPUTE_ACTIONS, lines.actions(spec.name))
    fit: Fit = "constant" if action is None and spec.energy_pj is None else "given"
    yield lines.term(spec.name, action, "compute", stats.energy_pj - stats.leakage_pj, fit)
    yield lines.term(spec.name, "leak", "leak", stats.leakage_pj)


def _level(spec: StorageLevel, stats: LevelStats, lines: Lines) -> Iterator[EnergyTerm]:
    """Reads, fills and updates of all data spaces, address generation, leakage."""
    actions = lines.actions(spec.name) if stats.vector_access_energy_source == "ERT" else set()
    built_in: Fit = "constant" if spec.technology == "DRAM" else "model"
    if spec.vector_access_energy is not None:
        built_in = "given"
    energy = storage_energy(spec, lines.table(spec.name))
    for space in stats.data_spaces:
        if space.sparse is not None:
            yield from storage_terms(spec, space, lines, built_in, actions)
            continue
        counts = (
            (READ_ACTIONS, energy.read, space.reads),
            (FILL_ACTIONS, energy.fill, space.fills),
            (UPDATE_ACTIONS, energy.update, space.updates),
        )
        # Of one cluster; all clusters and instances take their part alike.
        by_kind = [-(-count // spec.block_size) * pj for _, pj, count in counts]
        whole = math.fsum(by_kind)
        for (names, _, _), pj in zip(counts, by_kind, strict=True):
            action = action_among(names, actions)
            fit: Fit = "given" if action is not None else built_in
            share = space.storage_energy_pj * (pj / whole) if whole else 0.0
            yield lines.term(spec.name, action, names[-1], share, fit)
        yield EnergyTerm(spec.name, "address generation", space.addr_gen_energy_pj)
        yield EnergyTerm(spec.name, "temporal reduction", space.temporal_reduction_energy_pj)
    yield lines.term(spec.name, "leak", "leak", stats.leakage_pj)


def _network(stats: NetworkStats, spec: Network | None, lines: Lines, by_wire: bool) -> Iterator[EnergyTerm]:
    """Transfers: of a SimpleMulticast from the tables, of others from what the architecture states."""
    for space in stats.data_spaces:
        if stats.type == "SimpleMulticast" and spec is not None:
            yield from _multicast(space, spec, lines)
        else:
            wire = lines.wire if by_wire and spec is None and stats.type == "Legacy" else None
            hops = _over_wires(space) if wire is not None else 0.0
            yield EnergyTerm(stats.name, "wire", hops, wire)
            yield EnergyTerm(stats.name, "transfer", space.energy_pj - hops)


def _over_wires(space: NetworkDataSpaceStats) -> float:
    """pJ of the hops, without routers and ingresses."""
    words = math.fsum(ingress.accesses for ingress in space.ingresses + space.distributed_ingresses)
    hops = space.num_hops * words + space.link_transfers
    return min(hops * space.energy_per_hop_pj * space.utilized_instances, space.energy_pj)


def _multicast(space: NetworkDataSpaceStats, spec: Network, lines: Lines) -> Iterator[EnergyTerm]:
    """One term for each size of a group that is charged; the reference charges only the largest."""
    action = (spec.action_name or "") + (f"_{space.name}" if spec.per_datatype_ert else "")
    argument = spec.multicast_factor_argument
    found = []
    for ingress in space.ingresses:
        if ingress.accesses > 0:
            figure = lines.figure(spec.name, action, argument, ingress.multicast)
            answer = lines.of(spec.name, action, argument, ingress.multicast)
            found.append((figure * ingress.accesses, answer))
    if found and math.isclose(found[-1][0], space.energy_per_instance_pj):
        found = found[-1:]
    whole = math.fsum(pj for pj, _ in found)
    for pj, answer in found:
        yield EnergyTerm(spec.name, action, space.energy_pj * (pj / whole) if whole else 0.0, answer)
