#!/usr/bin/env python3
"""Map one layer onto an accelerator: ``python run.py KQV``. All options: ``python run.py -h``."""

import sys

if __name__ == "__main__":
    try:
        # Imported here, so that Ctrl-C during the imports ends without a traceback too.
        from harness.cli.run import main

        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
