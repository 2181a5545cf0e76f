"""``python -m benchmarks engines [ARCH...]``: both engines on all, where the real Timeloop is installed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

from benchmarks.engines.pairs import Pair, architectures, pairs_of
from benchmarks.machine_facts import machine_facts
from harness.engines.by_name import engine_named
from harness.engines.comparison import Comparison, compare
from harness.engines.layer_job import LayerRequest, layer_job
from harness.errors import HarnessError
from harness.spec.profiles import load_profile

FIELDS_TOLD = 8
MOST_TOLD = 20
HEADS = (
    "architecture", "what", "pairs", "no mapping", "refused", "not checked", "figures", "equal",
    "differing pairs",
)  # fmt: skip

Status = Literal["equal", "differs", "not_checked", "no_mapping", "refused"]


@dataclass(frozen=True)
class Agreement:
    """What became of a pair. ``rounded`` counts figures that are equal in printed digits only; ``told`` says
    what differs, or why nothing was compared.
    """

    pair: Pair
    status: Status
    compared: int = 0
    differing: int = 0
    rounded: int = 0
    told: str = ""
    front_end: str = ""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks engines",
        description="Map layers with this program, evaluate each mapping by it and by the real Timeloop, and "
        "count the figures that are equal.",
    )
    parser.add_argument("architectures", nargs="*", metavar="ARCH", help="all that are shipped")
    parser.add_argument("--layers", default="", metavar="X,Y", help="all distinct ones")
    parser.add_argument(
        "--most", type=int, default=0, metavar="N", help="of each kind, spread over all (0: all)"
    )
    parser.add_argument("--mapper", default="default", metavar="PROFILE", help="mapper profile (default)")
    parser.add_argument("--search", type=float, default=5, metavar="SECONDS", help="for a search (5)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="pairs at a time (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every pair there, too")
    options = parser.parse_args(argv)
    from harness.engines.timeloop import installed_identity  # noqa: PLC0415

    try:
        identity = installed_identity()
    except HarnessError as error:
        parser.error(str(error))
    print(", ".join(f"{name} {value}" for name, value in machine_facts().items()))
    print(f"{identity}\n")
    only = [name for name in options.layers.split(",") if name]
    pairs = [
        p for template in architectures(options.architectures) for p in pairs_of(template, only, options.most)
    ]
    print(f"| {' | '.join(HEADS)} |\n|---|---|{'---:|' * (len(HEADS) - 2)}")
    found: list[Agreement] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        count = len(pairs)
        made = pool.map(agreement, pairs, [options.mapper] * count, [options.search] * count)
        for (architecture, what), group in groupby(made, lambda a: (a.pair.architecture, a.pair.what)):
            done = list(group)
            found += done
            print(_row(architecture, what, done), flush=True)
            for line in _unequal(done):
                print(line, file=sys.stderr, flush=True)
    print(_row("all", "", found))
    for line in _refusals(found):
        print(line)
    if options.json is not None:
        options.json.write_text(json.dumps([_record(a) for a in found], indent=1) + "\n", encoding="utf-8")
    return 1 if any(a.status == "differs" for a in found) else 0


def agreement(pair: Pair, profile: str, seconds: float) -> Agreement:
    """Whatever a pair is refused for is said, and does not stop the others."""
    request = LayerRequest(
        pair.architecture,
        pair.layer,
        replace(load_profile(profile), time_limit=seconds),
        pair.parameters,
        pair.fusion,
    )
    try:
        made = layer_job(request)
        if made.refusal is not None:
            return Agreement(pair, "no_mapping", told=made.refusal)
        ours = engine_named("embedded")(made.job, None, None)
    except HarnessError as error:
        return Agreement(pair, "refused", told=str(error))
    evaluation = ours.evaluation
    if evaluation is None:
        return Agreement(pair, "no_mapping", told=ours.reason or "")
    specification = replace(
        made.job.specification, architecture=evaluation.architecture, mapping=evaluation.mapping
    )
    try:
        theirs = engine_named("timeloop")(replace(made.job, specification=specification), None, None)
    except HarnessError as error:
        return Agreement(pair, "not_checked", told=str(error))
    run = theirs.timeloop
    return _agreement(pair, compare(ours, theirs), "" if run is None else run.front_end)


def _agreement(pair: Pair, comparison: Comparison, front_end: str) -> Agreement:
    told = comparison.reason or ""
    if comparison.differing:
        shown = (f"{f.path} {f.ours} != {f.theirs}" for f in comparison.differing[:FIELDS_TOLD])
        told = ", ".join(shown)
    return Agreement(
        pair,
        comparison.status,
        comparison.compared,
        len(comparison.differing),
        comparison.count("rounded"),
        told,
        front_end,
    )


def _row(architecture: str, what: str, found: Sequence[Agreement]) -> str:
    def count(status: Status) -> int:
        return sum(a.status == status for a in found)

    compared = sum(a.compared for a in found)
    equal = compared - sum(a.differing for a in found)
    cells = (
        architecture, what, f"{count('equal') + count('differs')}", f"{count('no_mapping')}",
        f"{count('refused')}", f"{count('not_checked')}", f"{compared:,}", f"{equal:,}",
        f"{count('differs')}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _unequal(found: Sequence[Agreement]) -> Iterator[str]:
    unequal = [a for a in found if a.status in ("differs", "not_checked")]
    for a in unequal[:MOST_TOLD]:
        yield f"{a.pair.architecture} {a.pair.name}: {a.status.replace('_', ' ')}: {' '.join(a.told.split())}"
    if len(unequal) > MOST_TOLD:
        yield f"and {len(unequal) - MOST_TOLD} more"


def _refusals(found: Sequence[Agreement]) -> Iterator[str]:
    """Each reason once."""
    refused: dict[str, Pair] = {}
    for a in found:
        if a.status == "refused":
            refused.setdefault(" ".join(a.told.split()), a.pair)
    for reason, pair in refused.items():
        yield f"refused, {pair.architecture} {pair.name} for one: {reason}"


def _record(a: Agreement) -> dict[str, object]:
    return {
        "architecture": a.pair.architecture,
        "what": a.pair.what,
        "pair": a.pair.name,
        "status": a.status,
        "compared": a.compared,
        "differing": a.differing,
        "rounded": a.rounded,
        "told": a.told,
        "front_end": a.front_end,
    }
