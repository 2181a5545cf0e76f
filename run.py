#!/usr/bin/env python3
"""Map one layer onto an accelerator: ``python run.py KQV``. All options: ``python run.py -h``."""

import signal
import sys

if __name__ == "__main__":
    # Ctrl-C before anything has begun ends the program without a traceback of its imports.
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness.cli.run import main

    signal.signal(signal.SIGINT, before)
    sys.exit(main())
