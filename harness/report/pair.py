"""A fused pair as one report: its record and its table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.engines.result import SCHEMA_VERSION, Result
from harness.fusion import Fusion, PairFigures, SideFigures, pair_figures
from harness.report import quantities

if TYPE_CHECKING:
    from rich.console import Console


def figures_of_pair(fusion: Fusion, producer: Result, consumer: Result) -> PairFigures | None:
    """The figures of one occurrence of the pair; None when a side has no mapping."""
    sides = []
    for result in (producer, consumer):
        if result.energy_pj is None or result.cycles is None:
            return None
        sides.append(SideFigures(result.layer, result.energy_pj, result.cycles))
    return pair_figures(fusion, sides[0], sides[1])


def pair_record_text(results: Sequence[Result], figures: PairFigures | None) -> str:
    """The JSON record of a pair: its figures (null without a mapping) and the records of both sides."""
    record = {
        "schema": SCHEMA_VERSION,
        "status": "ok" if figures is not None else "no_mapping",
        "reason": "; ".join(f"{r.layer}: {r.reason}" for r in results if r.reason is not None) or None,
        "pair": None if figures is None else asdict(figures),
        "results": [result.to_record() for result in results],
    }
    return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)


def print_pair(console: Console, figures: PairFigures | None) -> None:
    """Both sides and their sum, with the two limits of the latency."""
    from rich import box  # noqa: PLC0415 - rich is slow to import
    from rich.table import Table  # noqa: PLC0415

    if figures is None:
        return
    console.print(f"[bold]{figures.pair}[/] fused at {figures.level}, {figures.repeat:,} times in the model")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("", "energy", "cycles"):
        table.add_column(column, justify="left" if column == "" else "right", no_wrap=True)
    producer, consumer = figures.producer, figures.consumer
    runs = f" x{figures.consumer_runs}" if figures.consumer_runs > 1 else ""
    table.add_row(producer.layer, quantities.energy(producer.energy_pj), quantities.whole(producer.cycles))
    table.add_row(
        consumer.layer + runs, quantities.energy(consumer.energy_pj), quantities.whole(consumer.cycles)
    )
    table.add_section()
    table.add_row(
        "pair, one after the other",
        quantities.energy(figures.energy_pj),
        quantities.whole(figures.cycles_in_turn),
    )
    table.add_row("pair, fully overlapped", "", quantities.whole(figures.cycles_overlapped))
    console.print(table)
    console.print(f"the write-back of the intermediate is paid by {figures.write_back_paid_by}")
    console.print(figures.note, style="dim")
