"""The real Accelergy, where it is installed: its plug-ins answer in a child process of their own."""

from harness.estimation.accelergy.identity import accelergy_identity
from harness.estimation.accelergy.source import AccelergySource, require_accelergy

__all__ = ["AccelergySource", "accelergy_identity", "require_accelergy"]
