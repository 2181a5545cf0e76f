"""What Timeloop's programs say while they run: both of their streams, in any order, whole or as it comes.

Counts of tried and valid mappings are only in a log of ``log_stats: true``, the reasons of failed mappings
only in one of ``diagnostics: true``; how each thread of the mapper came to its end is in every log.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["stopped", "search_size", "victory_condition", "timeout", "exhausted", "unknown"]

_COUNTS = re.compile(r"^\[\s*(\d{1,39})\] INVALID (\d{1,39}) (\d{1,39}) \d+$")
_STATEMENT = re.compile(r"^\[\s*(\d{1,39})\] STATEMENT: (.*)$")
_BETTER = re.compile(
    r"^(?:\[\s*(?P<thread>\d+)\] )?\s*Utilization = +(?P<utilization>[0-9.e+-]+)(?P<percent>%?)"
    r"(?: \| (?P<unit1>[fp])J/Algorithmic-Compute = +(?P<algorithmic>\S+))?"
    r" \| (?P<unit2>[fp])J/Compute = +(?P<compute>\S+)(?: \| (?P<mapping>L\d.*?))?"
    r" *\| Cycles = (?P<cycles>\d{1,39})$"
)
_SIZE = re.compile(r"^Mapspace Dimension \[(\w+)\] Size: (\d{1,39})$")
_INVALID = re.compile(r"invalid mappings \((\d{1,39}) fanout, (\d{1,39}) capacity\)")
_FAIL_CLASS = re.compile(r"^Fail class: (.+)$")
_FAIL_LEVEL = re.compile(r"^\s+Level: (.+)$")
_FAIL_COUNT = re.compile(r"^\s+Fail count: (\d{1,39})$")
_FAIL_REASON = re.compile(r"^\s+Fail reason: (.*)$")
_UPDATE = re.compile(r"^\[\s*\d+\] UPDATE ")
_UNSPLIT = re.compile(r"ERROR: Factors: cannot split n=(\d+) into 0 cofactors")
_ERROR = re.compile(
    r"\berror\b|assertion|^terminate called|what\(\):|exception|segmentation fault|\babort", re.IGNORECASE
)
MOST_ERRORS = 1000
_NOTHING = "MESSAGE: no valid mappings found"
_ENDINGS: tuple[tuple[str, Ending], ...] = (
    ("global termination flag", "stopped"),
    ("suboptimal mappings found since", "victory_condition"),
    ("invalid mappings", "timeout"),
    ("valid mappings found", "search_size"),
    ("search algorithm is done", "exhausted"),
)
_ENDS_WITH_A_VALID_ONE = ("search_size", "victory_condition")
_ENERGY_IN_PJ = {"f": 1e-3, "p": 1.0}


@dataclass(frozen=True, slots=True)
class LoggedMapping:
    """A better mapping as it was found, or the best of all at the end: figures as printed.

    ``thread`` is None for the latter. ``mapping`` is the compact form (``L5[WIO] D16 - L4[WI] L64 ...``).
    """

    thread: int | None
    utilization: float
    energy_per_compute_pj: float
    energy_per_algorithmic_compute_pj: float | None
    cycles: int
    mapping: str


@dataclass(frozen=True, slots=True)
class LoggedThread:
    """One thread of the mapper. ``tried`` and ``valid`` are None where nothing tells them.

    Timeloop tells after a valid mapping how many were tried until then, and how many after it only where the
    thread gives up for their number. So ``tried`` is a lower bound unless ``tried_is_all``.

    ``ending`` says which condition ended it, None where the log ends before; ``statement`` in Timeloop's
    words. For "timeout", the last failures by what was exceeded.
    """

    number: int
    tried: int | None
    valid: int | None
    ending: Ending | None
    statement: str
    tried_is_all: bool = False
    fanout_failures: int | None = None
    capacity_failures: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedFailure:
    """How many mappings failed at a level and why, with the reason of one of them."""

    kind: str
    level: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class RunLog:
    """``mapspace_sizes`` by the dimension of the map space. ``best`` is the summary at the end.

    ``errors`` are the lines that speak of one, e.g. of a failed assertion. ``emptiness`` says why the map
    space is empty, where the mapper does before it aborts: a part without points, or factors that are all
    fixed and do not make up a dimension.
    """

    mapspace_sizes: tuple[tuple[str, int], ...]
    threads: tuple[LoggedThread, ...]
    better: tuple[LoggedMapping, ...]
    best: LoggedMapping | None
    found_nothing: bool
    failures: tuple[LoggedFailure, ...]
    errors: tuple[str, ...]
    emptiness: str = ""

    @property
    def tried(self) -> int | None:
        """Of all threads; None where the log does not tell. At least that many, see :class:`LoggedThread`."""
        return _sum([thread.tried for thread in self.threads])

    @property
    def tried_is_all(self) -> bool:
        return bool(self.threads) and all(thread.tried_is_all for thread in self.threads)

    @property
    def valid(self) -> int | None:
        return _sum([thread.valid for thread in self.threads])


def read_log(text: str) -> RunLog:
    """Whatever ``text`` tells; a log may be cut off anywhere, so nothing in it is an error."""
    reader = LogReader()
    for line in text.splitlines():
        reader.read(line)
    return reader.log()


def _sum(counts: list[int | None]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


@dataclass
class LogReader:
    """Takes a log line by line; :meth:`log` is what was told so far."""

    sizes: dict[str, int] = field(default_factory=dict)
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    statements: dict[int, str] = field(default_factory=dict)
    better: list[LoggedMapping] = field(default_factory=list)
    best: LoggedMapping | None = None
    found_nothing: bool = False
    failures: list[LoggedFailure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unsplit: str = ""
    _failing: tuple[str, str, int] = ("", "", 0)

    def read(self, line: str) -> bool:
        """One line. False for counts, which a mapper tells after every valid mapping: nobody reads these."""
        line = line.rstrip()
        counts = _COUNTS.search(line)
        if counts is not None:
            self.counts[int(counts[1])] = int(counts[2]), int(counts[3])
        elif not _UPDATE.search(line):
            self._read(line)
            return True
        return False

    def _read(self, line: str) -> None:
        unsplit = _UNSPLIT.search(line)
        if unsplit is not None:
            self.unsplit = unsplit[1]
        for pattern, take in (
            (_BETTER, self._take_mapping),
            (_STATEMENT, self._take_statement),
            (_SIZE, self._take_size),
            (_FAIL_CLASS, self._take_class),
            (_FAIL_LEVEL, self._take_level),
            (_FAIL_COUNT, self._take_count),
            (_FAIL_REASON, self._take_reason),
        ):
            found = pattern.search(line)
            if found is not None:
                take(found)
                return
        if _NOTHING in line:
            self.found_nothing = True
        elif _ERROR.search(line) and len(self.errors) < MOST_ERRORS:
            self.errors.append(line.strip())

    def log(self) -> RunLog:
        threads = sorted({*self.counts, *self.statements, *self._improving()})
        return RunLog(
            mapspace_sizes=tuple(self.sizes.items()),
            threads=tuple(self._thread(number) for number in threads),
            better=tuple(self.better),
            best=self.best,
            found_nothing=self.found_nothing,
            failures=tuple(self.failures),
            errors=tuple(self.errors),
            emptiness=self._emptiness(),
        )

    def _emptiness(self) -> str:
        if self.unsplit:
            return f"the fixed factors leave {self.unsplit} of a dimension that no level may take"
        empty = next((name for name, size in self.sizes.items() if size == 0), None)
        return "" if empty is None else f"no point in its part {empty}"

    def _improving(self) -> set[int]:
        return {mapping.thread for mapping in self.better if mapping.thread is not None}

    def _thread(self, number: int) -> LoggedThread:
        statement = self.statements.get(number, "")
        ending: Ending | None = None
        if statement:
            ending = next((name for words, name in _ENDINGS if words in statement), "unknown")
        failed = _INVALID.search(statement)
        counted = self.counts.get(number)
        tried = (counted or (0, 0))[0] + (int(failed[1]) + int(failed[2]) if failed else 0)
        return LoggedThread(
            number=number,
            tried=None if counted is None and failed is None else tried,
            valid=None if counted is None else counted[1],
            tried_is_all=failed is not None or (counted is not None and ending in _ENDS_WITH_A_VALID_ONE),
            ending=ending,
            statement=statement,
            fanout_failures=int(failed[1]) if failed else None,
            capacity_failures=int(failed[2]) if failed else None,
        )

    def _take_statement(self, found: re.Match[str]) -> None:
        self.statements[int(found[1])] = found[2]

    def _take_size(self, found: re.Match[str]) -> None:
        self.sizes[found[1]] = int(found[2])

    def _take_mapping(self, found: re.Match[str]) -> None:
        try:
            algorithmic = found["algorithmic"]
            mapping = LoggedMapping(
                thread=int(found["thread"]) if found["thread"] else None,
                utilization=float(found["utilization"]) / (100 if found["percent"] else 1),
                energy_per_compute_pj=float(found["compute"]) * _ENERGY_IN_PJ[found["unit2"]],
                energy_per_algorithmic_compute_pj=(
                    float(algorithmic) * _ENERGY_IN_PJ[found["unit1"]] if algorithmic else None
                ),
                cycles=int(found["cycles"]),
                mapping=(found["mapping"] or "").strip(),
            )
        except ValueError:  # two threads wrote into one line
            return
        energies = (mapping.energy_per_compute_pj, mapping.energy_per_algorithmic_compute_pj or 0.0)
        if not all(map(math.isfinite, (mapping.utilization, *energies))):
            return
        if mapping.thread is None:
            self.best = mapping
        else:
            self.better.append(mapping)

    def _take_class(self, found: re.Match[str]) -> None:
        self._failing = found[1], "", 0

    def _take_level(self, found: re.Match[str]) -> None:
        self._failing = self._failing[0], found[1], 0

    def _take_count(self, found: re.Match[str]) -> None:
        self._failing = *self._failing[:2], int(found[1])

    def _take_reason(self, found: re.Match[str]) -> None:
        self.failures.append(LoggedFailure(*self._failing, found[1]))
