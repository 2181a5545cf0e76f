"""The engines by name: one interface, ``run(job, on_progress, should_stop) -> Result``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harness.engines.job import Job
from harness.engines.progress import Progress
from harness.engines.result import Result

EngineName = Literal["embedded", "timeloop"]
ENGINES: tuple[EngineName, ...] = ("embedded", "timeloop")

Run = Callable[[Job, Callable[[Progress], None] | None, Callable[[], bool] | None], Result]


def engine_named(name: EngineName) -> Run:
    """``run`` of that engine; only the chosen one is imported."""
    if name == "timeloop":
        from harness.engines import timeloop  # noqa: PLC0415

        return timeloop.run
    from harness.engines import embedded  # noqa: PLC0415

    return embedded.run
