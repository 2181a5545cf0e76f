"""What is about to run, before the first job starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.report.prose import folded
from harness.report.sweep.words import several

if TYPE_CHECKING:
    from rich.console import Console

_LABEL = 10


@dataclass(frozen=True)
class SweepHeading:
    """``points`` are how many there are of each architecture, ``layers`` how many layers of each model.

    ``jobs`` are all of them, ``different`` those that are not the same as another one, ``stored`` those of
    the different ones that an earlier run has finished. ``estimate_seconds`` None: not known. ``left_out``
    are configurations of architectures that were not asked for, ``skipped_by_rules`` combinations that are
    no configurations, ``replaced`` those of other sweeps whose numbers will be taken. ``fused`` are layers.
    ``engine`` is told where it is not this program alone.
    """

    points: Mapping[str, int]
    layers: Mapping[str, int]
    jobs: int
    search: str
    different: int | None = None
    stored: int = 0
    estimate_seconds: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    skipped_by_rules: int = 0
    replaced: int = 0
    fusion: str | None = None
    fused: tuple[str, ...] = ()
    engine: str | None = None


def print_sweep_heading(console: Console, heading: SweepHeading) -> None:
    for label, text in _rows(heading):
        told = folded(f"{label:<{_LABEL}}{text}".rstrip(), console.width, hang=0 if not label else _LABEL)
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    console.print()


def _rows(heading: SweepHeading) -> list[tuple[str, str]]:
    layers = ", ".join(f"{several(count, 'layer')} of {model}" for model, count in heading.layers.items())
    if len(heading.points) == 1:
        ((architecture, count),) = heading.points.items()
        points = f"{several(count, 'configuration')} of {architecture}"
    else:
        each = ", ".join(f"{count:,} of {name}" for name, count in heading.points.items())
        points = f"{several(sum(heading.points.values()), 'configuration')} ({each})"
    rows = [("sweep", f"{layers} on {points}: {several(heading.jobs, 'job')}")]
    different = heading.jobs if heading.different is None else heading.different
    apart = []
    if different != heading.jobs:
        apart.append(f"{different:,} are different, the others are mapped with them")
    if heading.stored:
        apart.append(f"{heading.stored:,} are finished already")
    if apart:
        rows.append(("", "; ".join(apart)))
    if heading.estimate_seconds is not None:
        rows.append(("takes", f"about {quantities.duration(heading.estimate_seconds)}"))
    if heading.left_out:
        left = ", ".join(f"{count:,} of {name}" for name, count in heading.left_out.items())
        rows.append(("left out", f"{left} (take them with --arch)"))
    if heading.replaced:
        there = several(heading.replaced, "configuration")
        rows.append(("replaces", f"{there} of another sweep in this folder (-i or -o keep them)"))
    if heading.skipped_by_rules:
        rows.append(("rules", f"exclude {several(heading.skipped_by_rules, 'combination')}"))
    if heading.fusion is not None:
        rows.append(("fusion", f"{heading.fusion}: {', '.join(heading.fused) or 'no layer'}"))
    if heading.engine is not None:
        rows.append(("engine", heading.engine))
    rows.append(("search", heading.search))
    return rows
