"""The real Timeloop as an engine: its own programs, run beside this package, for the same specification."""

from __future__ import annotations

from collections.abc import Callable

from harness.engines.job import Job
from harness.engines.progress import Progress
from harness.engines.result import Result
from harness.errors import Unsupported


def run(
    job: Job,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Result:
    """Map and evaluate one job with ``timeloop-mapper``; ``timeloop-model`` where the mapping is given."""
    raise Unsupported("the real Timeloop cannot be run yet")
