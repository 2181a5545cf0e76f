"""From a path through the graph back to a mapping."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.opened import Opened
from harness.search.optimal.program import MULTIPLY
from harness.spec.mapping import Loop, Mapping


def mapping_of(opened: Opened, path: NDArray[np.int64]) -> Mapping:
    """``path`` [steps, 2]: the states and points from the start; unit loops are left out."""
    job, program, points = opened.prepared.job, opened.program, opened.lattice
    problem = job.space.problem
    names = [problem.dimensions[d] for d in job.index.active]
    temporal: list[list[Loop]] = [[] for _ in range(job.levels)]
    for (state, point), (_, reached) in pairwise(path):
        if program.kind[state] != MULTIPLY or point == reached:
            continue
        d = int(program.dimension[state])
        before = points.values[d, point // points.strides[d] % points.sizes[d]]
        after = points.values[d, reached // points.strides[d] % points.sizes[d]]
        factor = int(after // before)
        temporal[int(program.level[state])].append(Loop(names[d], factor, factor))
    levels = []
    for number, (demanded, layout) in enumerate(
        zip(job.space.directives, opened.choice.layouts, strict=True)
    ):
        factors = opened.choice.factors[number]
        along_x = tuple(Loop(names[k], factors[k], factors[k], "X") for k in layout.x)
        along_y = tuple(Loop(names[k], factors[k], factors[k], "Y") for k in layout.y)
        kept = frozenset(ds.name for t, ds in enumerate(problem.data_spaces) if opened.keep[t, number])
        levels.append(
            replace(demanded, temporal=tuple(temporal[number]), spatial=along_x + along_y, keep=kept)
        )
    return Mapping(tuple(levels))
