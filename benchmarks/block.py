"""``python -m benchmarks.block ARCHITECTURE MODEL``: the best mapping of every operator of one block."""

from __future__ import annotations

import sys

from benchmarks.cases import case
from harness.search import find_mapping
from harness.workloads import load_model


def main(architecture: str, model: str) -> None:
    """Operators that occur more than once in the block are mapped once."""
    for layer in load_model(model).layers:
        chosen = case(architecture, layer.name, model)
        found = find_mapping(chosen.architecture, chosen.problem, chosen.constraints)
        edp = "-" if found.stats is None else f"{found.stats.edp_j_cycles:.6g} J*cycles"
        print(f"{chosen.name}: {found.status}, {edp}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
