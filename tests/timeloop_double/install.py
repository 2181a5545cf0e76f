"""Puts the double where ``HARNESS_TIMELOOP_BIN`` or ``PATH`` finds it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
RECORDINGS = HERE.parent / "golden" / "timeloop_outputs"
"""See :mod:`timeloop_recordings`."""


Script = Literal["", "passes signals on", "heeds no signal", "dies of a signal"]

_SCRIPTS: dict[Script, str] = {
    "": "runpy.run_path(sys.argv[0], run_name='__main__')\n",
    # Some time later, for two pending ones would be one.
    "passes signals on": (
        "signal.signal(signal.SIGINT, lambda *_: (time.sleep(0.05), program.send_signal(signal.SIGINT)))\n"
    ),
    "heeds no signal": "signal.signal(signal.SIGINT, lambda *_: None)\n",
    "dies of a signal": "",
}
"""What a launcher does beside starting the double, itself or as a child."""


@dataclass(frozen=True)
class Scenario:
    """What the double does: the recording's log and files, and what is different this time.

    ``files`` are written over those of the recording. It ends with exit ``code``, or by ``signal``. With
    ``waits`` it goes on until it gets a SIGINT, or one more than ``signals_ignored``; one more while it
    writes makes it abort. With ``starts_child`` another program goes on beside it. ``script`` is the kind of
    what is installed in its place and starts it.
    """

    recording: str
    files: dict[str, str] = field(default_factory=dict)
    code: int = 0
    signal: int = 0
    waits: bool = False
    signals_ignored: int = 0
    starts_child: bool = False
    script: Script = ""


FOUND = Scenario("mapper_random")
EVALUATED = Scenario("model_random")
NOTHING_FOUND = Scenario("mapper_no_mapping")


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
        as_child = "program = subprocess.Popen([sys.executable, *sys.argv])\n" if scenario.script else ""
        launcher.write_text(
            f"#!{sys.executable}\n"
            "import runpy, signal, subprocess, sys, time\n"
            "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
            f"sys.argv[:1] = [{str(HERE / 'double.py')!r}, {str(place)!r}, {program!r}]\n"
            f"{as_child}{_SCRIPTS[scenario.script]}" + ("sys.exit(program.wait())\n" if as_child else ""),
            encoding="utf-8",
        )
        launcher.chmod(0o755)
    return folder
