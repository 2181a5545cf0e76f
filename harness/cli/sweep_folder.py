"""The output folder of a sweep, as it fills: ``<idx>/outputs_<layer>/`` and ``<idx>/hw_config.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.cli.output_folder import plain_name
from harness.cli.sweep_jobs import FinishedLayer
from harness.report.files import remove_if_empty, write_folder
from harness.report.outputs import ALL_NAMES
from harness.sweep.configuration import Configuration
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.record import FILE_NAME, ConfigurationRecord, Settings

_NOT_RUN = "the sweep was stopped before"


class SweepFolder:
    """Takes finished layers in any order; writes a configuration's record when its last one is there.

    An earlier sweep's record goes away with the first new layer, so that a record never stands beside
    layers that it does not describe.
    """

    def __init__(
        self,
        folder: Path,
        first_index: int,
        configurations: Sequence[Configuration],
        occurrences: Sequence[Occurrence],
        settings: Settings,
    ) -> None:
        self._folder = folder
        self._configurations = {first_index + c.position: c for c in configurations}
        self._occurrences = {o.layer: o for o in occurrences}
        self._names = _folder_names(list(self._occurrences))
        self._settings = settings
        self._finished: dict[int, dict[str, LayerOutcome]] = {}
        self._records: dict[int, ConfigurationRecord] = {}

    @property
    def records(self) -> tuple[ConfigurationRecord, ...]:
        return tuple(self._records[index] for index in sorted(self._records))

    def add(self, done: FinishedLayer) -> None:
        """Writes the files of one layer, and the configuration's record if it is complete."""
        place = self._folder / str(done.index)
        finished = self._finished.setdefault(done.index, {})
        if not finished:
            write_folder(place, {}, (FILE_NAME,))
            self._remove_other_layers(place)
        write_folder(place / self._names[done.outcome.layer], done.files, ALL_NAMES)
        finished[done.outcome.layer] = done.outcome
        if len(finished) == len(self._occurrences):
            self._write(done.index)

    def close(self) -> None:
        """Writes the records of configurations that were begun; what is missing counts as not run."""
        for index in self._finished:
            if index not in self._records:
                self._write(index)

    def _write(self, index: int) -> None:
        configuration, finished = self._configurations[index], self._finished[index]
        layers = tuple(
            finished[name] if name in finished else occurrence.without_figures("not_run", _NOT_RUN)
            for name, occurrence in self._occurrences.items()
        )
        record = ConfigurationRecord(
            index=index,
            architecture=configuration.architecture,
            given=configuration.given,
            parameters=configuration.parameters,
            settings=self._settings,
            layers=layers,
        )
        write_folder(self._folder / str(index), {FILE_NAME: record.to_json()})
        self._records[index] = record

    def _remove_other_layers(self, place: Path) -> None:
        """The files of an earlier sweep of other layers; what else lies there is left alone."""
        for old in place.glob("outputs_*"):
            if old.is_dir() and not old.is_symlink():
                write_folder(old, {}, ALL_NAMES)
                remove_if_empty(old)


def _folder_names(layers: Sequence[str]) -> dict[str, str]:
    """A folder for each layer, plain and different from the others, also where case does not count."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for layer in layers:
        name = f"outputs_{plain_name(layer)}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[layer] = name
    return names
