"""The real Accelergy, where it is installed: its plug-ins answer in a child process of their own."""

from harness.estimation.accelergy.source import AccelergySource, require_accelergy

__all__ = ["AccelergySource", "require_accelergy"]
