"""Taking times: medians of CPU seconds, so that other work on the machine shows little."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the median over ``repeats`` calls, and the least."""

    median: float
    least: float
    repeats: int


def time_calls(call: Callable[[], object], repeats: int) -> Timing:
    """Time ``repeats`` calls after one that is not counted."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return Timing(statistics.median(seconds), min(seconds), repeats)
