#!/usr/bin/env python3
"""Map one layer onto an accelerator: ``python run.py KQV``. All options: ``python run.py -h``."""

import sys

from harness.cli.run import main

if __name__ == "__main__":
    sys.exit(main())
