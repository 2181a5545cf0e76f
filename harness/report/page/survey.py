"""One walk over the points of a study: what varies among them, their figures, and which the page carries.

Only the figures of all points are held; a study may have more points than fit into memory with all their
parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.report.page.figures_of_merit import MERITS, Merit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.sweep.metrics import Metrics
    from harness.sweep.point import Point

MOST_POINTS = 10_000

Figures = tuple[int, "Metrics"]


@dataclass(frozen=True)
class Survey:
    """``figures`` are those of the points that have some, by index. ``common`` are the parameters that are
    the same everywhere, where there is only one architecture.
    """

    count: int
    architectures: dict[str, int]
    varying: tuple[str, ...]
    common: dict[str, Any]
    figures: tuple[Figures, ...]


class _Values:
    """The values of one parameter: the first of each architecture, and whether that has others."""

    def __init__(self) -> None:
        self.first: dict[str, Any] = {}
        self.differ = False

    def add(self, architecture: str, value: Any) -> None:
        if self.first.setdefault(architecture, value) != value:
            self.differ = True


def survey(points: Iterable[Point]) -> Survey:
    """What the points have in common and what not.

    A parameter varies that differs within an architecture, or between those that all have it. One that
    only one architecture has, the same everywhere, says no more than the architecture's name.
    """
    values: dict[str, _Values] = {}
    architectures: dict[str, int] = {}
    figures: list[Figures] = []
    for point in points:
        architectures[point.architecture] = architectures.get(point.architecture, 0) + 1
        for name, value in point.parameters.items():
            if name not in values:
                values[name] = _Values()
            values[name].add(point.architecture, value)
        if point.metrics is not None:
            figures.append((point.index, point.metrics))

    def varies(of: _Values) -> bool:
        shared = len(of.first) == len(architectures) and len({repr(value) for value in of.first.values()}) > 1
        return of.differ or shared

    varying = tuple(name for name, of in values.items() if varies(of))
    common = {name: next(iter(of.first.values())) for name, of in values.items() if not varies(of)}
    single = len(architectures) == 1
    return Survey(
        sum(architectures.values()), architectures, varying, common if single else {}, tuple(figures)
    )


def carried(figures: Sequence[Figures], wanted: Iterable[int], most: int = MOST_POINTS) -> set[int]:
    """The indices of all points, or of too many: the ``wanted``, those on the front of any two figures, and
    evenly chosen others.

    The fronts of the page are thus those of all points, whichever axes are looked at.
    """
    if len(figures) <= most:
        return {index for index, _ in figures}
    kept = set(wanted) | _on_a_front(figures)
    others = [index for index, _ in figures if index not in kept]
    room = max(0, most - len(kept))
    kept.update(others[place * len(others) // room] for place in range(room))
    return kept


def _on_a_front(figures: Sequence[Figures]) -> set[int]:
    import numpy as np  # noqa: PLC0415 - a heavy import, and seldom needed

    columns = [_least_is_best(merit, figures) for merit in MERITS]
    found: set[int] = set()
    for number, first in enumerate(columns):
        for second in columns[:number]:
            order = np.lexsort((second, first))
            a, b = first[order], second[order]
            best = np.minimum.accumulate(b)
            better = np.concatenate(([True], b[1:] < best[:-1])) & np.isfinite(a) & np.isfinite(b)
            found.update(figures[place][0] for place in order[better])
    return found


def _least_is_best(merit: Merit, figures: Sequence[Figures]) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415

    values = [np.inf if (value := merit.of(metrics)) is None else value for _, metrics in figures]
    return np.array(values, dtype=np.float64) * (1 if merit.better == "less" else -1)
