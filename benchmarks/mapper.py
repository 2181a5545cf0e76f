"""How fast the default mapper answers: layer by layer in a warm process, and in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cases import Case, case
from benchmarks.figures import Row, Section, shown
from benchmarks.startup import ROOT
from benchmarks.timing import time_calls
from harness.search import SearchResult, find_mapping
from harness.spec.problem import Problem
from harness.workloads import load_model

ARCHITECTURES = (
    "gemmini",
    "eyeriss",
    "simba",
    "tpu",
    "pim_analog",
    "aimc",
    "aimc_v2",
    "dimc",
    "dimc_sequential",
)
MODELS = ("bert-base", "bert-large", "gpt2-small", "gpt2-medium", "gpt2-large", "gpt2-xl")
FRESH = ("gemmini", "eyeriss", "simba", "tpu", "pim_analog")
UNSEEN = ("2880,1152,3456", "1728,640,2304", "4032,960,1920")
"""Sizes (D,E,L) of no shipped layer, with factors of 16 and 32 for the arrays that demand them."""
BLOCK = "bert-large"
SLOW_SECONDS = 1.0
"""A layer that takes longer the first time is measured once only."""


def measure(quick: bool) -> Section:
    return Section(
        "mapper",
        "The optimal mapper, one core",
        f"Warm: every distinct matmul and norm of {', '.join(MODELS)}; a layer's time is the median of the "
        "CPU times of its calls after the first. Fresh processes: medians, with bytecode, compiled kernels "
        "and estimates on disk.",
        (*_warm_rows(quick), *_fresh_rows(quick)),
    )


@dataclass(frozen=True)
class _Answer:
    """One layer's answer and the CPU milliseconds of one call."""

    case: Case
    milliseconds: float
    found: SearchResult

    @property
    def nodes(self) -> int:
        return 0 if self.found.certificate is None else self.found.certificate.nodes


def _warm_rows(quick: bool) -> Iterator[Row]:
    everything: list[_Answer] = []
    for architecture in ARCHITECTURES:
        answers = [_answer(chosen, quick) for chosen in _cases(architecture, quick)]
        everything += answers
        yield from _rows(architecture, answers)
    yield from _rows("all", everything)


def _cases(architecture: str, quick: bool) -> Iterator[Case]:
    """The layers of the models on ``architecture``, equal problems once."""
    seen: set[Problem] = set()
    for model in MODELS[:2] if quick else MODELS:
        for layer in load_model(model).layers:
            if layer.problem not in seen:
                seen.add(layer.problem)
                yield case(architecture, layer.name, model)


def _answer(chosen: Case, quick: bool) -> _Answer:
    def call() -> SearchResult:
        return find_mapping(chosen.architecture, chosen.problem, chosen.constraints)

    start = time.process_time()
    found = call()
    slow = time.process_time() - start > SLOW_SECONDS
    return _Answer(chosen, 1e3 * time_calls(call, 1 if slow else 3 if quick else 7).median, found)


def _rows(label: str, answers: list[_Answer]) -> Iterator[Row]:
    worst = max(answers, key=lambda answer: answer.milliseconds)
    nodes = [answer.nodes for answer in answers]
    unproven = [a for a in answers if a.found.status not in ("optimal", "no_mapping")]
    fitting = sum(a.found.mapping is not None for a in answers)
    proven = "all proven" if not unproven else f"not proven: {', '.join(a.case.name for a in unproven)}"
    note = f"{len(answers)} layers, {fitting} fit, {proven}; {shown(statistics.median(nodes))} nodes"
    yield Row(f"{label}, median", statistics.median(a.milliseconds for a in answers), "ms", note)
    yield Row(f"{label}, worst", worst.milliseconds, "ms", f"{worst.case.name}, {worst.nodes:,} nodes")


def _fresh_rows(quick: bool) -> Iterator[Row]:
    repeats = 1 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        for architecture in FRESH[:1] if quick else FRESH:
            command = [sys.executable, str(ROOT / "run.py"), "-a", architecture, "-o", "out", "--gemm"]
            _run([*command, "1024,512,2048"], folder)
            times = [_run([*command, sizes], folder) for sizes in UNSEEN for _ in range(repeats)]
            yield from _fresh(f"run.py, a layer never seen: {architecture}", times)
        for architecture in FRESH[:1] if quick else FRESH:
            command = [sys.executable, "-m", "benchmarks.block", architecture, BLOCK]
            _run(command, str(ROOT))
            yield from _fresh(
                f"all operators of {BLOCK}: {architecture}",
                [_run(command, str(ROOT)) for _ in range(repeats)],
            )


def _fresh(label: str, times: list[tuple[float, float]]) -> Iterator[Row]:
    yield Row(f"{label}, CPU", statistics.median(cpu for cpu, _ in times), "s")
    yield Row(f"{label}, wall", statistics.median(wall for _, wall in times), "s")


def _run(command: list[str], folder: str) -> tuple[float, float]:
    """CPU and wall seconds of one process; the command must not start others that outlive it."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return cpu, wall
