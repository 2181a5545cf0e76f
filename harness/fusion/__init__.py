"""Fusing a matmul with the normalisation that consumes it: pairs, constraints, checks, accounting.

:func:`plan_fusion` checks names and gives a :class:`Fusion`; :func:`fuse` turns the constraints of either
side into fused ones or says why not; :func:`broken_columns` checks the mapping found; :func:`pair_figures`
adds the two results up. See ``docs/fusion.md``.
"""

from harness.fusion.accounting import LATENCY_NOTE, PairFigures, SideFigures, pair_figures
from harness.fusion.columns import broken_columns
from harness.fusion.fuse import fuse
from harness.fusion.plan import (
    FusedPair,
    Fusion,
    FusionOptions,
    fusable_pairs,
    names_a_pair,
    parse_pair,
    plan_fusion,
)

__all__ = [
    "LATENCY_NOTE",
    "FusedPair",
    "Fusion",
    "FusionOptions",
    "PairFigures",
    "SideFigures",
    "broken_columns",
    "fusable_pairs",
    "fuse",
    "names_a_pair",
    "pair_figures",
    "parse_pair",
    "plan_fusion",
]
