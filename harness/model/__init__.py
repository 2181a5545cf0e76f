"""The model: what a mapping costs. ``evaluate`` is the one definition of every number."""

from harness.model.evaluation import evaluate
from harness.model.stats import Stats

__all__ = ["Stats", "evaluate"]
