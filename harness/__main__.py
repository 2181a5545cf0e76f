"""``python -m harness``: the same as the command ``harness``."""

import sys

if __name__ == "__main__":
    try:
        # Imported here, so that Ctrl-C during the imports ends without a traceback too.
        from harness.cli.harness import main

        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
