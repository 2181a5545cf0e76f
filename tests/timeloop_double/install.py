"""Puts the double where ``HARNESS_TIMELOOP_BIN`` or ``PATH`` finds it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings"


@dataclass(frozen=True)
class Scenario:
    """What the double does: the recording's log and files, and what is different this time.

    ``files`` are written over those of the recording. It ends with exit ``code``, or by ``signal``. With
    ``waits`` it goes on until it gets a SIGINT, or one more than ``signals_ignored``; ``nothing_found`` then
    means that it has no mapping yet.
    """

    recording: str
    files: dict[str, str] = field(default_factory=dict)
    code: int = 0
    signal: int = 0
    waits: bool = False
    signals_ignored: int = 0
    nothing_found: bool = False


FOUND = Scenario("mapper_success")
EVALUATED = Scenario("model_success")
NOTHING_FOUND = Scenario("no_mapping")


def install_double(folder: Path, mapper: Scenario = FOUND, model: Scenario = EVALUATED) -> Path:
    """Both programs in ``folder``, which is made; for ``HARNESS_TIMELOOP_BIN``. Returns it.

    What a program was given lies afterwards in ``given to PROGRAM``, with ``run.json`` about its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for program, scenario in (("timeloop-mapper", mapper), ("timeloop-model", model)):
        told = {**asdict(scenario), "recording": str(RECORDINGS / f"{scenario.recording}.json.gz")}
        place = folder / f"{program}.json"
        place.write_text(json.dumps(told), encoding="utf-8")
        launcher = folder / program
        launcher.write_text(
            f"#!{sys.executable}\n"
            "import runpy, sys\n"
            f"sys.argv[:1] = [{str(HERE / 'double.py')!r}, {str(place)!r}, {program!r}]\n"
            f"runpy.run_path({str(HERE / 'double.py')!r}, run_name='__main__')\n",
            encoding="utf-8",
        )
        launcher.chmod(0o755)
    return folder
