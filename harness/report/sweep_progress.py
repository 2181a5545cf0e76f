"""A running sweep on the terminal: jobs done and to come, the time left, failures."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.sweep.outcome import LayerOutcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class SweepProgress:
    """A context around the jobs. The bar shows only on a terminal; ``every_layer`` prints a line for each."""

    def __init__(self, console: Console, jobs: int, every_layer: bool = False) -> None:
        self._console = console
        self._jobs = jobs
        self._every_layer = every_layer
        self._failed = 0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> SweepProgress:
        if self._console.is_terminal:
            self._bar = _progress_bar(self._console)
            self._task = self._bar.add_task("", total=self._jobs, failed="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def layer_done(self, index: int, outcome: LayerOutcome) -> None:
        self._failed += not outcome.ok
        if self._every_layer:
            line = f"{index:>4}  {outcome.layer:<10} {_figures(outcome)}"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def job_done(self) -> None:
        if self._bar is not None and self._task is not None:
            failed = f"{self._failed} failed" if self._failed else ""
            self._bar.update(self._task, advance=1, failed=failed)


def _figures(outcome: LayerOutcome) -> str:
    if not outcome.ok:
        return f"failed: {outcome.reason}"
    cycles = f"{quantities.whole(outcome.cycles)} cycles"
    return f"EDP {outcome.edp_j_cycles:<10.4g} {cycles:>24} {quantities.energy(outcome.energy_pj):>12}"


def _progress_bar(console: Console) -> RichProgress:
    from rich.progress import (  # noqa: PLC0415 - rich is slow to import
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("mapping"),
        BarColumn(bar_width=12 if console.width < 70 else 24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}[/]"),
        console=console,
        transient=True,
        refresh_per_second=8,
    )
