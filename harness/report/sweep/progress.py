"""A running sweep on the terminal: points done and to come, the time left, the best so far, failures."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from harness.report import quantities
from harness.report.sweep.pace import SweepPace

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

    from harness.sweep.outcome import LayerOutcome
    from harness.sweep.point import Point

_PLAIN_SECONDS = 30.0
_BAR_WIDTH = 24
_BAR_WIDTH_LEAST = 8
_BY_IMPORTANCE = ("points", "time", "failed", "best", "pace", "reused")


class SweepProgress:
    """A context around the jobs, which tell it what they finish (see ``harness.sweep.running.Events``).

    On a terminal (of ``console``, else of stderr) there is a line with a bar; without one a plain line goes
    to stderr twice a minute. ``every_layer`` prints a line to ``console`` for each layer as well. ``points``
    and ``layers`` are how many there will be, None where nobody knows; ``criterion`` says what is best.
    """

    def __init__(
        self,
        console: Console,
        points: int | None,
        layers: int | None = None,
        every_layer: bool = False,
        criterion: str = "edp_sum",
    ) -> None:
        self._console = console
        self._every_layer = every_layer
        self._pace = SweepPace(points, layers, criterion)
        self._live: Live | None = None
        self._said = time.monotonic()

    def __enter__(self) -> SweepProgress:
        console = _terminal(self._console)
        if console is not None:
            from rich.live import Live  # noqa: PLC0415 - slow to import

            self._live = Live(_Line(self._pace), console=console, transient=True, refresh_per_second=5)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None:
        self._pace.layer_done(index, outcome, reused)
        if self._every_layer:
            line = layer_line(index, outcome, reused)
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def point_done(self, point: Point) -> None:
        self._pace.point_done(point)
        if self._live is None and time.monotonic() - self._said >= _PLAIN_SECONDS:
            self._said = time.monotonic()
            print(plain_line(self._pace), file=sys.stderr, flush=True)


def layer_line(index: int, outcome: LayerOutcome, reused: bool) -> str:
    """One finished layer in one line."""
    line = f"{index:>4}  {outcome.layer:<10} {_figures(outcome)}"
    return f"{line}  (reused)" if reused else line


def plain_line(pace: SweepPace) -> str:
    """For logs."""
    words = pace.words()
    return "  ".join(["points " + words.pop("points"), *words.values()])


def fitting_words(pace: SweepPace, width: int) -> tuple[int, str]:
    """The width of the bar and the text beside it: the less important words are left out when ``width`` is
    not enough for them and a short bar.
    """
    words = pace.words()
    kept: list[str] = []
    for name in _BY_IMPORTANCE:
        chosen = [word for key, word in words.items() if key in (*kept, name)]
        if name in words and (not kept or _BAR_WIDTH_LEAST + 1 + len("  ".join(chosen)) <= width):
            kept.append(name)
    text = "  ".join(word for key, word in words.items() if key in kept)
    return max(0, min(_BAR_WIDTH, width - 1 - len(text))), text


class _Line:
    """What rich draws anew several times a second."""

    def __init__(self, pace: SweepPace) -> None:
        self._pace = pace

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - slow to import
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        pace = self._pace
        width, words = fitting_words(pace, options.max_width)
        text = Text(words, no_wrap=True, overflow="ellipsis")
        text.highlight_regex(r"[\d,]+ failed", "red")
        text.highlight_regex(r"best .*? at \d+", "bold")
        total = pace.layers if pace.layers is not None else pace.points
        done = pace.layers_done if pace.layers is not None else pace.points_done
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(ProgressBar(total=total, completed=done, width=width, pulse=total is None), text)
        yield grid


def _terminal(console: Console) -> Console | None:
    if console.is_terminal:
        return console
    if not sys.stderr.isatty():
        return None
    from rich.console import Console as RichConsole  # noqa: PLC0415 - slow to import

    return RichConsole(stderr=True, highlight=False)


def _figures(outcome: LayerOutcome) -> str:
    if not outcome.ok:
        return f"{outcome.status.replace('_', ' ')}: {outcome.reason}"
    cycles = f"{quantities.whole(outcome.cycles)} cycles"
    return f"EDP {outcome.edp_j_cycles:<10.4g} {cycles:>24} {quantities.energy(outcome.energy_pj):>12}"
