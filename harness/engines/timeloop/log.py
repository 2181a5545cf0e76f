"""What the real programs say while they run: counts, better mappings, and the words at the end.

With ``log_stats`` the mapper tells after each valid mapping ``[thread] INVALID total valid invalid``, which
is what is counted here and not kept. A better mapping has a line with its figures, rounded as for people.
"""

from __future__ import annotations

import re
import time
from collections import deque

from harness.engines.progress import Progress

MOST_LETTERS = 4_000
"""Of a line that is kept."""

FIRST_LINES, LAST_LINES = 2_000, 2_000
"""That are kept of a long log."""

_COUNTS = re.compile(r"\[\s*(\d+)\] INVALID (\d+) (\d+) (\d+)$")
_UPDATE = re.compile(r"\[\s*\d+\] UPDATE ")
_BETTER = re.compile(
    r"\[\s*\d+\] Utilization = .*?\b(?:p|f)J/(?:Algorithmic-)?Compute = +(?P<energy>[0-9.e+-]+).*"
    r"\| Cycles = (?P<cycles>\d+)"
)
_IN_FJ = re.compile(r"\bfJ/(?:Algorithmic-)?Compute")
_GAVE_UP = re.compile(
    r"\[\s*(\d+)\] STATEMENT: (?P<all>\d+) invalid mappings "
    r"\((?P<fanout>\d+) fanout, (?P<capacity>\d+) capacity\)"
)
_EMPTY = re.compile(r"Mapspace Dimension \[(\w+)\] Size: 0$")
_UNSPLIT = re.compile(r"ERROR: Factors: cannot split n=(\d+) into 0 cofactors")
_NOTHING = "no valid mappings found"
_TELLING = re.compile(r"error|assert|terminate called|what\(\)|exception|fault|abort", re.IGNORECASE)


class Log:
    """Takes lines as they come; ``macs`` turns an energy per compute into one of the whole layer.

    ``metric`` is the first goal of the search: which of two reported mappings is the better one.
    """

    def __init__(self, macs: int, metric: str = "edp") -> None:
        self._macs = macs
        self._metric = metric
        self._started = time.monotonic()
        self._counts: dict[int, tuple[int, int]] = {}
        self._best: tuple[float, int, float] | None = None
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._left_out = 0
        self.beyond_fanout = 0
        self.beyond_capacity = 0
        """Mappings that the last threads to give up had tried in vain."""
        self.emptiness = ""
        """Why the map space is empty, where the mapper says so before it aborts: a part without points, or
        factors that are all fixed and do not make up a dimension."""
        self.found_nothing = False
        """Whether the mapper said that it found no valid mapping."""

    def line(self, text: str) -> None:
        """One line, without its end."""
        counts = _COUNTS.match(text)
        if counts is not None:
            self._counts[int(counts[1])] = int(counts[2]), int(counts[3])
            return
        if _UPDATE.match(text):
            return
        better = _BETTER.match(text)
        if better is not None:
            self._better(int(better["cycles"]), better["energy"], _IN_FJ.search(text) is not None)
        gave_up = _GAVE_UP.match(text)
        if gave_up is not None:
            self._gave_up(int(gave_up[1]), gave_up)
        empty = _EMPTY.match(text)
        if empty is not None:
            self.emptiness = f"no point in its part {empty[1]}"
        unsplit = _UNSPLIT.match(text)
        if unsplit is not None:
            self.emptiness = f"the fixed factors leave {unsplit[1]} of a dimension that no level may take"
        if _NOTHING in text:
            self.found_nothing = True
        self._keep(text[:MOST_LETTERS])

    @property
    def evaluated(self) -> int:
        return sum(total for total, _ in self._counts.values())

    @property
    def valid(self) -> int:
        return sum(valid for _, valid in self._counts.values())

    def progress(self, search_size: int = 0) -> Progress:
        best = self._best
        return Progress(
            evaluated=self.evaluated,
            valid=self.valid,
            seconds=time.monotonic() - self._started,
            fraction=min(1.0, self.valid / search_size) if search_size > 0 else None,
            best_cycles=None if best is None else best[1],
            best_energy_pj=None if best is None else best[2],
        )

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
        errors = [line for line in lines if line.startswith("ERROR")]
        telling = [line for line in lines if _TELLING.search(line)]
        last = (errors or telling or lines or [""])[-1][:300]
        return "".join(letter if letter.isprintable() else "?" for letter in last)

    def _gave_up(self, thread: int, told: re.Match[str]) -> None:
        """Mappings after a thread's last valid one are told only here."""
        total, valid = self._counts.get(thread, (0, 0))
        self._counts[thread] = total + int(told["all"]), valid
        self.beyond_fanout += int(told["fanout"])
        self.beyond_capacity += int(told["capacity"])

    def _better(self, cycles: int, energy: str, in_fj: bool) -> None:
        try:
            energy_pj = float(energy) * self._macs / (1000 if in_fj else 1)
        except ValueError:
            return
        cost = {"delay": float(cycles), "energy": energy_pj}.get(self._metric, cycles * energy_pj)
        if self._best is None or cost < self._best[0]:
            self._best = cost, cycles, energy_pj

    def _keep(self, text: str) -> None:
        if len(self._first) < FIRST_LINES:
            self._first.append(text)
            return
        if len(self._last) == LAST_LINES:
            self._left_out += 1
        self._last.append(text)
