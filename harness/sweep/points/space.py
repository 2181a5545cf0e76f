"""All the points of a sweep, made one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness.sweep.points.configuration import Configuration
from harness.sweep.points.grid import Grid


class ConfigurationSpace:
    """The points of a file, or of data like it, in its order."""

    def __init__(self, grids: Sequence[Grid]) -> None:
        self._grids = tuple(grids)

    @property
    def architectures(self) -> tuple[str, ...]:
        """In the order of their first entries."""
        return tuple(dict.fromkeys(grid.frame.architecture for grid in self._grids))

    @property
    def span(self) -> int:
        """The number of positions: the points of all architectures."""
        return self.count()

    def count(self, architectures: Collection[str] | None = None) -> int:
        """How many points there are, of all architectures or of those.

        Without rules it is a product of lengths; with them, the values of the keys that they are about are
        gone through once. Raises SpecError for a rule that has no truth for some values.
        """
        return sum(grid.count() for grid in self._of(architectures))

    def skipped_by_rules(self, architectures: Collection[str] | None = None) -> int:
        """How many more there would be without rules."""
        return sum(grid.size - grid.count() for grid in self._of(architectures))

    def points(self, architectures: Collection[str] | None = None) -> Iterator[Configuration]:
        """One after the other. Positions count all points, so that those of two architectures never clash."""
        position = 0
        for grid in self._grids:
            if architectures is None or grid.frame.architecture in architectures:
                yield from grid.points(position)
            position += grid.count()

    def __add__(self, other: ConfigurationSpace) -> ConfigurationSpace:
        """The points of ``other`` after these."""
        return ConfigurationSpace(self._grids + other._grids)

    def _of(self, architectures: Collection[str] | None) -> Iterator[Grid]:
        return (g for g in self._grids if architectures is None or g.frame.architecture in architectures)
