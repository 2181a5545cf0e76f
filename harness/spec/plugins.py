"""Mappers that installed packages add, under the entry point group ``harness.mappers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "harness.mappers"


def mapper_plugins() -> dict[str, EntryPoint]:
    """The added mappers by name, none of them loaded. Reads the metadata of all installed packages."""
    # Slow to import, and needed only for a name that is not one of this package's own.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return {entry.name: entry for entry in entry_points(group=GROUP)}
