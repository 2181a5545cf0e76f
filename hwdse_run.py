#!/usr/bin/env python3
"""Map layers onto many configurations of hardware: ``python hwdse_run.py all -t``. Options: ``-h``."""

import sys

if __name__ == "__main__":
    try:
        # Imported here, so that Ctrl-C during the imports ends without a traceback too.
        from harness.cli.hwdse import main

        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
