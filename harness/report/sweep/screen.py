"""The summary of a sweep: the best for each purpose, the front, the totals, the failures, a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.accuracy_words import accuracy_words
from harness.report.prose import folded
from harness.report.sweep.best_point import layer_table, totals_table
from harness.report.sweep.comparison_grid import comparison_grid, grid_text
from harness.report.sweep.engine_words import engine_words, unequal_lines
from harness.report.sweep.reservations import failure_lines, note_lines
from harness.report.sweep.shown_criteria import shown
from harness.report.sweep.study_differences import differences
from harness.report.sweep.table import configuration_table, front_table
from harness.report.sweep.words import (
    described,
    has_only_sums,
    layers_in_words,
    model_in_words,
    several,
    studied_densities,
    telling_parameters,
)
from harness.sweep.comparison import CRITERIA, find_criterion
from harness.sweep.metrics import accuracy_of_all

if TYPE_CHECKING:
    from rich.console import Console

    from harness.sweep.accuracy import Accuracy
    from harness.sweep.results import SweepResults
    from harness.sweep.study import Study

_SHOWN_TIES = 8
_SHOWN_OF_FRONT = 10
_SEE_ALL_FAILURES = "hwdse_run.py -so --format csv --rows layers"


def print_summary(
    console: Console,
    results: SweepResults,
    *,
    table: bool = False,
    top: int | None = None,
    criterion: str = "edp_sum",
) -> None:
    """One summary for each study. ``criterion`` (an id of ``CRITERIA``) chooses the configuration that is
    shown in full and the order of the ``table``, of which the ``top`` best are shown (None: all).
    """
    studies = [study for study in results.studies if any(results.counts(study.number).values())]
    if len(studies) > 1:
        engines = "engines, " if len({study.settings.engine for study in studies}) > 1 else ""
        _say(
            console,
            f"{len(studies)} groups with different {engines}layers, fusion, mapper settings or versions; "
            "each is ranked for itself",
        )
    for study, apart in zip(studies, differences(studies), strict=True):
        console.print()
        if apart:
            _say(console, f"group: {apart}")
        _StudySummary(console, results, study, criterion).print(table, top)


class _StudySummary:
    """What the parts of one study's summary have in common."""

    def __init__(self, console: Console, results: SweepResults, study: Study, criterion: str) -> None:
        self._console = console
        self._results = results
        self._study = study
        self._criterion = criterion
        counts = results.counts(study.number)
        self._all = sum(counts.values())
        self._mapped = counts["ok"]
        self._keys = telling_parameters(results, study.number)
        self._architectures = len(results.architectures(study.number)) > 1
        self._grid = comparison_grid(results, study.number, criterion) if self._architectures else None

    def print(self, table: bool, top: int | None) -> None:
        self._print_what()
        for criterion in CRITERIA if self._mapped else ():
            self._print_best(criterion.id, criterion.name)
        if self._mapped:
            self._print_front()
            self._print_best_in_full()
        self._print_grid()
        self._print_reservations()
        if table and self._mapped:
            self._say("")
            self._say(
                configuration_table(
                    self._results,
                    self._study.number,
                    self._keys,
                    criterion=self._criterion,
                    width=self._console.width,
                    top=top,
                )
            )
        self._say("")

    def _print_what(self) -> None:
        settings = self._study.settings
        mapped = f"{self._mapped:,} of {several(self._all, 'configuration')} mapped"
        whole = " whole" if self._mapped < self._all and self._study.layers else ""
        what = layers_in_words(self._study.layers) or "layers not recorded"
        self._say(f"{mapped}{whole}, {what} of {model_in_words(self._study)}")
        densities = studied_densities(self._study)
        if densities:
            self._say(f"densities: {densities}")
        engine = engine_words(self._results, self._study)
        if engine is not None:
            self._say(engine)
        if settings.fusion is not None:
            fused = ", ".join(o.layer for o in self._study.layers if o.fused)
            self._say(f"fused at {settings.fusion}: {fused}")
        if self._results.has_notes(self._study.number):
            self._say("some figures have reservations: see the notes at the end")
        if self._grid is not None and self._grid.caution:
            self._say("not all of these architectures compare in cycles and EDP: see below their table")

    def _print_best(self, criterion: str, name: str) -> None:
        best = self._results.best(criterion, self._study.number, _SHOWN_TIES)
        metrics = best[0].metrics if best else None
        if metrics is None:  # no area is known
            return
        self._say("")
        self._heading(f"best by {name}", shown(criterion, metrics))
        for point in best:
            self._say(f"  {point.index:>4}  {described(point, self._keys, self._architectures)}")
        more = self._results.ties(criterion, self._study.number) - len(best)
        if more:
            self._say(f"        and {more:,} more that are equal")

    def _print_front(self) -> None:
        front = self._results.pareto_indices(self._study.number)
        if self._mapped < 2 or not front:
            return
        self._say("")
        self._heading("Pareto front of energy and cycles", f"{len(front):,} of {self._mapped:,}")
        shown_points = [self._results.point(index) for index in front[:_SHOWN_OF_FRONT]]
        self._say(front_table(shown_points, self._keys, self._architectures))
        if len(front) > len(shown_points):
            self._say(f"and {len(front) - len(shown_points):,} more")

    def _print_best_in_full(self) -> None:
        best = self._results.best(self._criterion, self._study.number, 1)
        if not best or best[0].metrics is None or has_only_sums(self._study):
            return
        name = find_criterion(self._criterion).name
        self._say("")
        self._heading(f"configuration {best[0].index}", f"best by {name}")
        layers = self._results.layers(best[0].index)
        self._say(totals_table(best[0].metrics, self._study, layers, self._console.width))
        accuracy = accuracy_of_all(layers)
        if accuracy is not None:
            self._say(f"energy by accuracy: {_words(accuracy)}")
        if layers:
            self._say("")
            self._say(layer_table(layers, self._console.width))

    def _print_grid(self) -> None:
        if self._grid is not None:
            self._say("")
            self._say(grid_text(self._grid, self._console.width))

    def _print_reservations(self) -> None:
        count = self._all - self._mapped
        if count:
            failures = self._results.failures(self._study.number)
            self._say("")
            self._console.print(
                f"[bold red]not ranked[/], {several(count, 'configuration')} without all mappings",
                highlight=False,
                soft_wrap=True,
            )
            for line in failure_lines(failures, _SEE_ALL_FAILURES):
                self._say(f"  {line}")
        notes = list(note_lines(self._results.notes(self._study.number)))
        if notes:
            self._say("")
        for line in notes:
            self._say(line)
        unequal = list(unequal_lines(self._results.checks(self._study.number)))
        if unequal:
            self._say("")
        for line in unequal:
            self._say(line)

    def _heading(self, bold: str, rest: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - rich is slow to import

        self._console.print(Text(bold, style="bold").append(f"  {rest}", style="not bold"), soft_wrap=True)

    def _say(self, line: str) -> None:
        _say(self._console, line)


def _words(accuracy: Accuracy) -> str:
    return accuracy_words(accuracy.by_class, accuracy.stated_pj, accuracy.plus_minus_pj)


def _say(console: Console, line: str) -> None:
    told = line if "\n" in line else folded(line, console.width)  # of several lines: a table
    console.out(told, highlight=False)
