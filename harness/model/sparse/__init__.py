"""Sparse optimisations (Sparseloop): gating, skipping, representation formats, density models.

:func:`evaluate_sparse` is :func:`harness.model.evaluate` for an architecture that has some. docs/sparse.md.
"""

from harness.model.sparse.evaluation import evaluate_sparse

__all__ = ["evaluate_sparse"]
