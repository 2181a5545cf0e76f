"""The best mapping of a space, with a proof."""

from harness.search.optimal.outcome import Limits, Outcome, Status
from harness.search.optimal.solve import Solver, pareto, solve

__all__ = ["Limits", "Outcome", "Solver", "Status", "pareto", "solve"]
