"""The real Timeloop as an engine: its own programs, run beside this package, for the same specification."""

from harness.engines.timeloop.engine import run
from harness.engines.timeloop.identity import installed_identity, require_installation

__all__ = ["installed_identity", "require_installation", "run"]
