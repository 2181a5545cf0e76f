"""``python -m benchmarks compatibility FOLDER...``: the table of docs/compatibility.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from benchmarks.compatibility.collections import find_trials
from benchmarks.compatibility.trial import PASSED, Options, Outcome, run_trial

_LONGEST = 160
"""Characters of an error in the table."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks compatibility",
        description="Run every specification in checkouts of public repositories; print a table of them.",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a checkout")
    parser.add_argument("--only", default="", metavar="TEXT", help="only designs with this text in the name")
    parser.add_argument("--every-layer", action="store_true", help="all layer shapes, not one of each model")
    parser.add_argument("--mapper", default="default", metavar="PROFILE", help="mapper profile (default)")
    parser.add_argument("--estimator", default="tables", metavar="NAME", help="of run.py (tables)")
    parser.add_argument("--search", type=float, default=5, metavar="SECONDS", help="for a search (5)")
    parser.add_argument("--limit", type=float, default=60, metavar="SECONDS", help="for one run (60)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there, too")
    arguments = parser.parse_args(argv)
    options = Options(arguments.mapper, arguments.estimator, arguments.search, arguments.limit)
    outcomes: list[Outcome] = []
    for folder in arguments.folders:
        trials = [t for t in find_trials(folder, arguments.every_layer) if arguments.only in t.design]
        print(f"\n{folder.name}: {len(trials)} specifications\n")
        print("| design | runs | pass | longest | what the others need |\n|---|---:|---:|---:|---|")
        with ThreadPoolExecutor(arguments.jobs) as pool:
            found = pool.map(lambda trial: run_trial(trial, options), trials)
            for design, group in groupby(found, lambda outcome: outcome.trial.design):
                done = list(group)
                outcomes += done
                print(_row(design, done, folder), flush=True)
    if arguments.json is not None:
        records = [_record(outcome) for outcome in outcomes]
        arguments.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return 0


def _row(design: str, outcomes: Sequence[Outcome], folder: Path) -> str:
    passed = [outcome for outcome in outcomes if outcome.passed]
    how = ", ".join(sorted({outcome.status for outcome in passed}))
    said = "; ".join(_reasons(outcomes, folder))
    longest = max(outcome.seconds for outcome in outcomes)
    share = f"{len(passed)} {how}" if passed else "0"
    return f"| {design} | {len(outcomes)} | {share} | {longest:.1f} s | {said} |"


def _reasons(outcomes: Sequence[Outcome], folder: Path) -> Iterator[str]:
    """Each reason once, with the cases that have it."""
    failed = [o for o in outcomes if o.status not in PASSED]
    by_reason: dict[tuple[str, str], list[str]] = {}
    for outcome in failed:
        message = _in_short(outcome.message.replace(f"{folder}/", ""))
        by_reason.setdefault((outcome.status, message), []).append(outcome.trial.case)
    for (status, message), cases in by_reason.items():
        named = ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
        yield f"{status} ({named}): {message}"


def _in_short(message: str) -> str:
    """The whole of it stands in the JSON file."""
    return message if len(message) <= _LONGEST else message[:_LONGEST].rsplit(" ", 1)[0] + " ..."


def _record(outcome: Outcome) -> dict[str, object]:
    return {
        "design": outcome.trial.design,
        "case": outcome.trial.case,
        "files": [str(path) for path in outcome.trial.files],
        "values": dict(outcome.trial.values),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 2),
        "edp_j_cycles": outcome.edp,
        "message": outcome.message,
    }
