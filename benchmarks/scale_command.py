"""A command of sweeps with what it costs: ``python -m benchmarks.scale_command -so -t -o DIR``.

The last line on stderr is a JSON object: CPU seconds of this process from the start of the interpreter, those
of its workers, and the MB that it needed at most.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main(arguments: list[str]) -> int:
    from harness.cli.hwdse import main as hwdse  # noqa: PLC0415 - its start is measured as well

    code = hwdse(arguments)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Unlike ru_maxrss, this is of the program itself and not of what started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    most = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    figures = {
        "seconds": time.process_time(),
        "worker_seconds": workers.ru_utime + workers.ru_stime,
        "most_mb": most / 1024,
    }
    print(json.dumps(figures), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
