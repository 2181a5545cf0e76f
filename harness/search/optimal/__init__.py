"""The best mapping of a space, with a proof."""

from harness.search.optimal.outcome import Limits, Outcome, Status
from harness.search.optimal.solve import Solver, pareto, solve
from harness.search.optimal.warm import compiled, warm_up

__all__ = ["Limits", "Outcome", "Solver", "Status", "compiled", "pareto", "solve", "warm_up"]
