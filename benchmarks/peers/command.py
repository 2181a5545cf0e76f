"""The command line of the comparison with other mappers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.cases import Case, case
from benchmarks.machine_facts import machine_facts
from benchmarks.peers.accelforge_run import accelforge_attempt
from benchmarks.peers.attempt import Attempt
from benchmarks.peers.jobs import relaxed
from benchmarks.peers.own import optimal_attempt, stand_in_attempt
from benchmarks.peers.picture import draw
from benchmarks.peers.table import table
from benchmarks.peers.timeloop import timeloop_attempt

ARCHITECTURES = ("gemmini", "eyeriss", "simba", "tpu")
LAYERS = ("KQV", "KTQ", "softmax")
SECONDS = 10.0


def main(words: Sequence[str]) -> int:
    arguments = _parser().parse_args(words)
    facts = machine_facts()
    print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    attempts: list[Attempt] = []
    for architecture in arguments.arch:
        for layer in arguments.layers:
            chosen = case(architecture, layer, arguments.model)
            chosen = relaxed(chosen) if arguments.relaxed else chosen
            for attempt in _attempts(chosen, arguments):
                found = "" if attempt.edp is None else f", EDP {attempt.edp:.6g}"
                print(f"{attempt.job}: {attempt.mapper}: {attempt.status}{found}", flush=True)
                attempts.append(attempt)
    print(f"\n{table(attempts)}")
    if arguments.json is not None:
        figures = {"machine": facts, "attempts": [asdict(attempt) for attempt in attempts]}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if arguments.plot is not None:
        try:
            draw(attempts, arguments.plot)
        except (ImportError, ValueError) as error:
            print(f"no picture: {error}")
            return 1
    return 0


def _attempts(chosen: Case, arguments: argparse.Namespace) -> Iterator[Attempt]:
    yield optimal_attempt(chosen, arguments.seconds)
    if arguments.stand_in != "none":
        yield stand_in_attempt(chosen, arguments.stand_in, arguments.seconds)
    yield timeloop_attempt(chosen, arguments.seconds, arguments.timeloop_algorithm)
    yield accelforge_attempt(chosen, arguments.accelforge_python)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks peers",
        description="Run other mappers and this project's on the same layers; "
        "EDP of every find under this project's model.",
    )
    parser.add_argument(
        "--arch", nargs="+", default=ARCHITECTURES, metavar="NAME", help="shipped architectures"
    )
    parser.add_argument("--layers", nargs="+", default=LAYERS, metavar="NAME", help="layers of the model")
    parser.add_argument("--model", metavar="NAME", help="the model (bert-large)")
    parser.add_argument(
        "--relaxed",
        action="store_true",
        help="without the architectures' demands on temporal loops, which AccelForge cannot be told",
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="N", help=f"CPU seconds per search ({SECONDS:g})"
    )
    parser.add_argument(
        "--timeloop-algorithm", default="random_pruned", metavar="NAME", help="Timeloop's (random_pruned)"
    )
    parser.add_argument(
        "--stand-in",
        default="hybrid",
        metavar="NAME",
        help="a search of this project to run beside the optimal one, or none (hybrid, Timeloop's algorithm)",
    )
    parser.add_argument(
        "--accelforge-python",
        type=Path,
        metavar="FILE",
        help="the Python interpreter that has accelforge installed (this one)",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw time to quality there (SVG, PNG, PDF)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    return parser
