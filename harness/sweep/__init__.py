"""Sweeps: configurations of hardware times layers, what became of each, and how they compare.

``run`` and ``load`` give :class:`SweepResults`; see ``docs/sweep.md``. Sums over layers are made in
:mod:`harness.sweep.metrics` and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.sweep.api import load, run
    from harness.sweep.results import SweepResults

__all__ = ["SweepResults", "load", "run"]


def __getattr__(name: str) -> Any:
    """Loads what is asked for: the rooms below are slow to import, and reports need only the records."""
    if name in ("load", "run"):
        from harness.sweep import api  # noqa: PLC0415

        return getattr(api, name)
    if name == "SweepResults":
        from harness.sweep.results import SweepResults  # noqa: PLC0415

        return SweepResults
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
