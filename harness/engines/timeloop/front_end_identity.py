"""Which front end flattens the input, known before any input is there: another one may flatten otherwise."""

from __future__ import annotations

import json
import os
import subprocess
from functools import lru_cache
from pathlib import Path

from harness.engines.timeloop.front_end import interpreter
from harness.errors import HarnessError
from harness.spec.digest import digest_of

_SECONDS = 60
_PROBE = """
import importlib.util, json
found = {}
for name in ("timeloopfe", "pytimeloop"):
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        continue
    if spec is not None and spec.submodule_search_locations:
        found[name] = list(spec.submodule_search_locations)[0]
print(json.dumps(found))
"""


def front_end_identity() -> str:
    """Package and a digest of its modules; "none" where this package flattens.

    HarnessError where the interpreter that is named does not start.
    """
    python = interpreter()
    if python is None:
        return "none"
    packages = _packages(python)
    if not packages:
        raise HarnessError(f"{python} has no front end of Timeloop's", hint="install timeloopfe there")
    return ", ".join(f"{name} sha256:{_digest(folder)}" for name, folder in packages)


@lru_cache(maxsize=4)
def _packages(python: str) -> tuple[tuple[str, str], ...]:
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, timeout=_SECONDS, check=False, cwd=os.sep
        )
        found = json.loads(done.stdout)
        return tuple((str(name), str(folder)) for name, folder in found.items())
    except subprocess.TimeoutExpired:
        raise HarnessError(f"{python}, for Timeloop's front end, does not answer") from None
    except (OSError, ValueError, AttributeError) as error:
        raise HarnessError(f"{python}, for Timeloop's front end, is no Python that starts") from error


@lru_cache(maxsize=4)
def _digest(folder: str) -> str:
    place = Path(folder)
    return digest_of(sorted(place.rglob("*.py")), place)[:12]
