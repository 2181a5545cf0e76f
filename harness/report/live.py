"""The running search on the terminal: best so far, mappings per second, a progress bar.

The bar shows only on a terminal. With ``every_better`` each better mapping also gets a line of its own,
which works in a pipe or a log as well.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from harness.engines.progress import Progress
from harness.report import quantities

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class LiveSearch:
    """A context around one search; :meth:`update` is its progress callback."""

    def __init__(self, console: Console, every_better: bool = False) -> None:
        self._console = console
        self._every_better = every_better
        self._best: float | None = None
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> LiveSearch:
        if self._console.is_terminal:
            self._bar = _progress_bar(self._console)
            self._task = self._bar.add_task("", total=None, best="no valid mapping yet", speed="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, progress: Progress) -> None:
        """Shows the state; cheap enough for a few calls a second."""
        edp = progress.best_edp_j_cycles
        if edp is not None and edp != self._best:
            self._best = edp
            if self._every_better:
                self._console.print(_better_line(progress), highlight=False, markup=False)
        if self._bar is None or self._task is None:
            return
        self._bar.update(
            self._task,
            total=None if progress.fraction is None else 1.0,
            completed=progress.fraction or 0.0,
            best=_best(progress),
            speed=quantities.rate(progress.per_second),
        )


def _best(progress: Progress) -> str:
    """The real mapper does not tell the figures of every goal."""
    if progress.best_edp_j_cycles is not None:
        return f"EDP {progress.best_edp_j_cycles:.4g}"
    return f"{progress.valid:,} valid mappings" if progress.valid else "no valid mapping yet"


def _better_line(progress: Progress) -> str:
    return (
        f"{quantities.duration(progress.seconds):>8}  EDP {progress.best_edp_j_cycles:.4g}"
        f"  {quantities.whole(progress.best_cycles)} cycles"
        f"  {quantities.energy(progress.best_energy_pj)}"
        f"  after {progress.evaluated:,} mappings"
    )


def _progress_bar(console: Console) -> RichProgress:
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    narrow = console.width < 70
    return RichProgress(
        TextColumn("searching"),
        BarColumn(bar_width=12 if narrow else 24),
        TextColumn("{task.fields[speed]:>10}"),
        TimeElapsedColumn(),
        TextColumn("best [bold]{task.fields[best]}[/]"),
        console=console,
        transient=True,
        refresh_per_second=8,
    )
