"""What the optimal mapper proves of the convolution layers within a time limit.

``python -m benchmarks convolutions [--arch A,B] [--layers X,Y] [--seconds 10]``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cases import case
from benchmarks.machine_facts import machine_facts
from harness.mapspace import MapSpace
from harness.search.objective import Objective
from harness.search.optimal import Limits, Outcome, solve
from harness.workloads import load_model

ARCHITECTURES = ("gemmini", "eyeriss", "simba", "tpu")
MODELS = ("vgg", "resnet", "conv-benchmarks")
SECONDS = 10.0
WARM = "resnetL5"
"""Solved once, unseen, so that no compilation is measured."""


@dataclass(frozen=True)
class Answer:
    """One layer on one architecture and the seconds that its answer took."""

    layer: str
    architecture: str
    outcome: Outcome
    seconds: float

    @property
    def proven(self) -> bool:
        return self.outcome.status in ("optimal", "no_mapping")

    @property
    def gap(self) -> float:
        """Percent by which the best found may be above the optimum."""
        if self.outcome.mapping is None or self.outcome.lower_bound <= 0.0:
            return 0.0 if self.proven else float("inf")
        value = self.outcome.certificate.value
        assert value is not None
        return 100.0 * (value / self.outcome.lower_bound - 1.0)


def layers() -> tuple[str, ...]:
    """Every convolution of the suites."""
    return tuple(layer.name for model in MODELS for layer in load_model(model).layers)


def answer(architecture: str, layer: str, seconds: float) -> Answer:
    chosen = case(architecture, layer)
    space = MapSpace(chosen.architecture, chosen.problem, chosen.constraints)
    start = time.monotonic()
    outcome = solve(space, Objective(), Limits(seconds))
    return Answer(layer, architecture, outcome, time.monotonic() - start)


def shown(found: Answer) -> str:
    if found.outcome.status == "no_mapping":
        return "no mapping"
    if found.proven:
        return f"{found.seconds:.1f} s"
    return "nothing found" if found.outcome.mapping is None else f"gap {found.gap:.1f} %"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks convolutions",
        description="Least EDP of the convolution layers: seconds until proven, else the gap that is left.",
    )
    parser.add_argument("--arch", default=",".join(ARCHITECTURES), metavar="A,B")
    parser.add_argument("--layers", default="", metavar="X,Y", help="all convolutions of the suites")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit of one layer")
    options = parser.parse_args(arguments)
    architectures = options.arch.split(",")
    chosen = options.layers.split(",") if options.layers else layers()
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    print(f"least EDP, {options.seconds:g} s each: seconds until proven, or the gap left\n")
    print("| layer | " + " | ".join(architectures) + " |")
    print("|---" * (1 + len(architectures)) + "|", flush=True)
    for architecture in architectures:
        answer(architecture, WARM, 600.0)
    found: list[Answer] = []
    for layer in chosen:
        row = [answer(architecture, layer, options.seconds) for architecture in architectures]
        found += row
        print(f"| {layer} | " + " | ".join(shown(one) for one in row) + " |", flush=True)
    print()
    for architecture in architectures:
        print(_summary(architecture, [one for one in found if one.architecture == architecture]))
    print(_summary("in all", found))
    return 0


def _summary(name: str, found: Sequence[Answer]) -> str:
    proven = [one for one in found if one.proven]
    text = f"{name}: proven {len(proven)} of {len(found)}"
    if len(proven) < len(found):
        text += f", gaps up to {max(one.gap for one in found):.1f} %"
    return text + f", slowest answer {max(one.seconds for one in found):.1f} s"
