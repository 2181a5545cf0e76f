"""What the real programs say while they run: counts, better mappings, and the words at the end.

With ``log_stats`` the mapper tells after each valid mapping ``[thread] INVALID total valid invalid``, which
is counted and not kept. A better mapping has a line with its figures, rounded as for people.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from harness.engines.progress import Progress
from harness.timeloop_outputs import RunLog
from harness.timeloop_outputs.log import LoggedMapping, LogReader

MOST_LETTERS = 4_000
"""Of a line that is kept."""

FIRST_LINES, LAST_LINES = 2_000, 2_000
"""That are kept of a long log."""

_COSTS: dict[str, Callable[[tuple[int, float]], float]] = {
    "edp": lambda found: found[0] * found[1],
    "delay": lambda found: found[0],
    "energy": lambda found: found[1],
}
"""Of cycles and pJ."""


class Log:
    """Takes lines as they come; ``macs`` turns an energy per compute into one of the whole layer.

    ``metric`` is the first goal of the search: which of two reported mappings is the better one. Of a goal
    that is not among the figures that it prints no best one is told.
    """

    def __init__(self, macs: int, metric: str = "edp") -> None:
        self._macs = macs
        self._cost = _COSTS.get(metric)
        self._started = time.monotonic()
        self._reader = LogReader()
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._left_out = 0

    def line(self, text: str) -> None:
        """One line, without its end."""
        if self._reader.read(text):
            self._keep(text[:MOST_LETTERS])

    def read(self) -> RunLog:
        """What was told so far."""
        return self._reader.log()

    def progress(self, search_size: int = 0) -> Progress:
        told = self.read()
        valid = told.valid or 0
        best = (
            None if self._cost is None else min(map(self._figures, told.better), key=self._cost, default=None)
        )
        return Progress(
            evaluated=told.tried or 0,
            valid=valid,
            seconds=time.monotonic() - self._started,
            fraction=min(1.0, valid / search_size) if search_size > 0 else None,
            best_cycles=None if best is None else best[0],
            best_energy_pj=None if best is None else best[1],
        )

    def _figures(self, found: LoggedMapping) -> tuple[int, float]:
        """Cycles and pJ."""
        each = found.energy_per_algorithmic_compute_pj
        return found.cycles, self._macs * (found.energy_per_compute_pj if each is None else each)

    def text(self) -> str:
        """What was kept, with a line in place of what was not."""
        gap = [f"... {self._left_out} lines left out ..."] if self._left_out else []
        return "\n".join([*self._first, *gap, *self._last, ""])

    def last_words(self) -> str:
        """The line that best tells what went wrong: the last error, else the last that
        speaks of one, else the last.

        Without characters that would change a terminal: a program that goes wrong may say anything.
        """
        lines = [line.strip() for line in (*self._first, *self._last) if line.strip()]
        errors = self.read().errors
        plain = [line for line in errors if line.startswith("ERROR")]
        last = (plain or errors or lines or [""])[-1][:300]
        return "".join(letter if letter.isprintable() else "?" for letter in last)

    def _keep(self, text: str) -> None:
        if len(self._first) < FIRST_LINES:
            self._first.append(text)
            return
        if len(self._last) == LAST_LINES:
            self._left_out += 1
        self._last.append(text)
