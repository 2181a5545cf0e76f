"""The points of an entry or of a cross-over: all combinations of values of its keys that keep the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from harness.errors import SpecError
from harness.sweep.points.configuration import Configuration
from harness.sweep.points.frame import AxisValue, Chosen, Frame, Stage

MOST_TRIED = 20_000_000
"""Combinations on which rules are tried, at some microseconds each: minutes, not days."""


class Grid:
    """The points with one value of each of ``axes``, those of ``frame.keys``; the last one changes fastest.

    Nothing of the size of their number is ever in memory, and values that already break a rule are not
    combined further. An entry with single values only is a grid of one point.
    """

    __slots__ = ("_count", "axes", "frame")

    def __init__(self, frame: Frame, axes: tuple[tuple[AxisValue, ...], ...]) -> None:
        self.frame = frame
        self.axes = axes
        self._count: int | None = None

    @property
    def size(self) -> int:
        """How many there would be without rules."""
        return prod(map(len, self.axes))

    def count(self) -> int:
        """How many there are. Only the keys that rules depend on are gone through, and only once.

        Raises SpecError for a rule that has no truth for some values.
        """
        if self._count is None:
            ruled = self.frame.ruled
            tried = prod(len(self.axes[k]) for k in ruled)
            if tried > MOST_TRIED:
                raise SpecError(
                    f"architecture '{self.frame.architecture}': the rules would have to be tried on "
                    f"{tried:.3g} combinations, more than {MOST_TRIED:,}",
                    hint='give their keys fewer values, or let one follow from others ("=262144 // pe_rows")',
                )
            kept = sum(1 for _ in self._chosen(ruled))
            self._count = kept * prod(len(axis) for k, axis in enumerate(self.axes) if k not in ruled)
        return self._count

    def points(self, position: int) -> Iterator[Configuration]:
        """All of them; ``position`` is that of the first."""
        frame = self.frame
        for chosen in self._chosen(range(len(self.axes))):
            parameters, refusal = frame.resolved(chosen)
            given = {key: parameters[key] for key in frame.keys}
            yield Configuration(position, frame.architecture, given, parameters, refusal)
            position += 1

    def trial(self, alone: bool) -> str | None:
        """Tries every rule on the first values; then, for a point that stands ``alone``, why it is refused.

        Raises SpecError for a rule that has no truth for them.
        """
        chosen = tuple(axis[0] for axis in self.axes)
        stages = self.frame.stages(range(len(chosen)))
        truths = [truth(read(chosen)) for _, rules in stages for read, truth in rules]
        return self.frame.resolved(chosen)[1] if alone and all(truths) else None

    def _chosen(self, positions: Sequence[int]) -> Iterator[Chosen]:
        axes = [self.axes[position] for position in positions]
        return _combinations(axes, self.frame.stages(positions), 0, ())


def _combinations(
    axes: Sequence[tuple[AxisValue, ...]], stages: Sequence[Stage], depth: int, before: Chosen
) -> Iterator[Chosen]:
    part, rules = stages[depth]
    last = depth + 1 == len(stages)
    for more in product(*axes[part]):
        chosen = before + more
        if all(truth(read(chosen)) for read, truth in rules):
            if last:
                yield chosen
            else:
                yield from _combinations(axes, stages, depth + 1, chosen)
