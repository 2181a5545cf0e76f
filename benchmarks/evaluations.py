"""How many mappings a second the reference model and the batch kernels evaluate, on one core."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.cases import Case, case, sampled_mappings
from benchmarks.figures import Row, Section
from benchmarks.timing import time_calls
from harness.errors import InvalidMapping
from harness.model import evaluate
from harness.model.kernels import Batch, BatchEvaluator
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

REFERENCE = (
    ("matmul", "gemmini", "KQV"),
    ("matmul", "eyeriss", "KQV"),
    ("matmul", "simba", "Out"),
    ("matmul, batched", "gemmini", "KTQ"),
    ("norm", "gemmini", "softmax"),
    ("convolution", "eyeriss", "vggL3"),
)
BATCHED = (
    ("gemmini", "KQV"),
    ("eyeriss", "KQV"),
    ("simba", "Out"),
    ("tpu", "KQV"),
    ("pim_analog", "KQV"),
    ("gemmini", "softmax"),
    ("gemmini", "vggL3"),
    ("eyeriss", "vggL3"),
    ("simba", "vggL3"),
    ("tpu", "vggL3"),
)
BATCH = 1 << 15


def measure(quick: bool) -> Section:
    rows = [*_reference_rows(quick), *_batch_rows(quick)]
    return Section(
        "evaluations",
        "Evaluations per second, one core",
        "Random mappings of the constrained map space. Capacities are lifted, so that mappings are evaluated "
        "to the end, but for the rows 'as sampled'. Median of CPU times.",
        tuple(rows),
    )


def _reference_rows(quick: bool) -> Iterator[Row]:
    for kind, architecture, layer in REFERENCE:
        chosen = case(architecture, layer)
        mappings = sampled_mappings(architecture, layer, 20 if quick else 60)
        machine = chosen.unbounded
        fitting = [m for m in mappings if _accepted(machine, chosen.problem, m)]
        if not fitting:
            continue
        timing = time_calls(lambda: _evaluate_all(machine, chosen.problem, fitting), 1 if quick else 5)  # noqa: B023
        yield Row(f"reference, {kind}: {chosen.name}", len(fitting) / timing.median, "per s")


def _accepted(machine: Architecture, problem: Problem, mapping: Mapping) -> bool:
    try:
        evaluate(machine, problem, mapping)
    except InvalidMapping:
        return False
    return True


def _evaluate_all(machine: Architecture, problem: Problem, mappings: list[Mapping]) -> None:
    for mapping in mappings:
        evaluate(machine, problem, mapping)


def _batch_rows(quick: bool) -> Iterator[Row]:
    repeats = 3 if quick else 15
    for architecture, layer in BATCHED:
        chosen = case(architecture, layer)
        mappings = sampled_mappings(architecture, layer, 300 if quick else 2000)
        levels = len(chosen.architecture.storage)
        full = BatchEvaluator(chosen.unbounded, chosen.problem)
        batch = _repeated(full.encode(mappings))
        share = float(full.evaluate(batch).valid.mean())
        single = _reference_rate(chosen, mappings)
        rate = len(batch) / time_calls(lambda: full.evaluate(batch), repeats).median  # noqa: B023
        label = f"batch: {chosen.name}"
        note = f"{levels} storage levels, {share:.0%} accepted"
        yield Row(label, rate, "per s", note, rate / single, "reference")
        bounded = BatchEvaluator(chosen.architecture, chosen.problem)
        share = float(bounded.evaluate(batch).valid.mean())
        rate = len(batch) / time_calls(lambda: bounded.evaluate(batch), repeats).median  # noqa: B023
        yield Row(f"{label}, as sampled", rate, "per s", f"{share:.1%} accepted")


def _reference_rate(chosen: Case, mappings: tuple[Mapping, ...]) -> float:
    machine = chosen.unbounded
    fitting = [m for m in mappings[:40] if _accepted(machine, chosen.problem, m)]
    timing = time_calls(lambda: _evaluate_all(machine, chosen.problem, fitting), 1)
    return len(fitting) / timing.median


def _repeated(batch: Batch) -> Batch:
    """The same mappings over and over, up to ``BATCH``; the kernels remember nothing of single mappings."""
    return batch.take(np.resize(np.arange(len(batch)), BATCH))
