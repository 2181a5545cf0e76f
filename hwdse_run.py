#!/usr/bin/env python3
"""Map layers onto many configurations of hardware: ``python hwdse_run.py all -t``. Options: ``-h``."""

import sys

from harness.cli.hwdse import main

if __name__ == "__main__":
    sys.exit(main())
