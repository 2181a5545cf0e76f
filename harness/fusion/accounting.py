"""The figures of a fused pair, made from the figures of its two sides."""

from __future__ import annotations

from dataclasses import dataclass

from harness.fusion.plan import Fusion

LATENCY_NOTE = (
    "energies are added; the latency coupling of the two operators is not modelled, so the cycles are those "
    "of each side alone"
)


@dataclass(frozen=True, slots=True)
class SideFigures:
    """Energy in pJ and cycles of one run of one side, as evaluated with the fused constraints."""

    layer: str
    energy_pj: float
    cycles: int


@dataclass(frozen=True, slots=True)
class PairFigures:
    """One occurrence of a fused pair.

    ``energy_pj`` is the sum over both sides. ``cycles_overlapped`` and ``cycles_in_turn`` are the two limits
    between which the true latency lies: the longer side hides the other, or they run one after the other.
    """

    pair: str
    level: str
    repeat: int
    producer: SideFigures
    consumer: SideFigures
    consumer_runs: int
    energy_pj: float
    cycles_overlapped: int
    cycles_in_turn: int
    write_back_paid_by: str
    note: str = LATENCY_NOTE


def pair_figures(fusion: Fusion, producer: SideFigures, consumer: SideFigures) -> PairFigures:
    """The pair's figures; a batch runs the consumer several times for one run of the producer."""
    runs = fusion.pair.consumers_per_producer
    consumer_cycles = runs * consumer.cycles
    payer = fusion.pair.producer if fusion.options.pay_writeback_in_matmul else fusion.pair.consumer
    return PairFigures(
        pair=fusion.pair.name,
        level=fusion.level,
        repeat=fusion.pair.repeat,
        producer=producer,
        consumer=consumer,
        consumer_runs=runs,
        energy_pj=producer.energy_pj + runs * consumer.energy_pj,
        cycles_overlapped=max(producer.cycles, consumer_cycles),
        cycles_in_turn=producer.cycles + consumer_cycles,
        write_back_paid_by=payer.name,
    )
