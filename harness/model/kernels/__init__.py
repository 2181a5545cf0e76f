"""The batch evaluator: many mappings with perfect factors at once, the same numbers as ``evaluate``."""

from harness.model.kernels.batch import (
    SLOTS_PER_LEVEL,
    SPATIAL_X,
    SPATIAL_Y,
    TEMPORAL,
    Batch,
    Directives,
)
from harness.model.kernels.details import Details
from harness.model.kernels.evaluator import BatchEvaluator, BatchStats
from harness.model.kernels.validity import Reason

__all__ = [
    "SLOTS_PER_LEVEL",
    "SPATIAL_X",
    "SPATIAL_Y",
    "TEMPORAL",
    "Batch",
    "BatchEvaluator",
    "BatchStats",
    "Details",
    "Directives",
    "Reason",
]
