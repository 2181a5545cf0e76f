"""Recordings of runs of the real Timeloop: what it was given, what it said and wrote, how it ended.

One run is one ``golden/timeloop_outputs/NAME.json.gz``. The inputs are this project's own. Where Timeloop's
programs are installed, ``python tests/timeloop_recordings.py [NAME...]`` (with the project on the path) makes
them again; figures are then the same, the mapper's finds may be others.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "golden" / "timeloop_outputs"


@dataclass(frozen=True)
class Recording:
    """``program`` is "timeloop-model" or "timeloop-mapper", ``about`` a sentence on the run.

    ``inputs`` are its input files by name, in the order of its arguments; ``files`` what lay in its output
    folder at the end, empty ones included. ``exit_code`` is negative for a signal. ``all_levels`` says
    whether it was told to print levels and networks without any energy too.
    """

    name: str
    about: str
    program: str
    inputs: dict[str, str]
    all_levels: bool
    stdout: str
    stderr: str
    exit_code: int
    files: dict[str, str]

    def output(self, kind: str) -> str:
        """The text of ``<program>.<kind>``: "stats.txt", "map.txt", "map+stats.xml", "map.yaml"."""
        return self.files[f"{self.program}.{kind}"]

    def write_inputs(self, folder: Path) -> None:
        _write(folder, self.inputs)

    def write_files(self, folder: Path) -> None:
        _write(folder, self.files)


def names() -> list[str]:
    return sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))


@cache
def recording(name: str) -> Recording:
    return Recording(**json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes())))


def keep(made: Recording) -> None:
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(asdict(made), separators=(",", ":"), ensure_ascii=False)
    (FOLDER / f"{made.name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    from timeloop_recorder import record_all

    record_all()
