"""The folders of a sweep's points: ``<idx>/outputs_<layer>/`` and ``<idx>/hw_config.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from harness.engines.result import Result
from harness.errors import HarnessError
from harness.report.files import remove_if_empty, remove_temporaries, write_folder
from harness.report.outputs import ALL_NAMES, RESULT, STATS, record_text
from harness.report.plain_name import plain_name
from harness.sweep.record import FILE_NAME, ConfigurationRecord

_MOST_OF_A_NAME = 160
"""Below what file systems allow, with room for the suffixes of temporary names."""


class SweepFolder:
    """Where a running sweep writes what it keeps beside its store.

    An earlier sweep's record goes away with the first new layer, so that a record never stands beside
    layers that it does not describe.
    """

    def __init__(self, folder: Path, layers: Iterable[str]) -> None:
        self._folder = folder
        self._names = folder_names(layers)

    def discard(self) -> None:
        """Removes what earlier sweeps wrote: known files in numbered folders, and folders left empty."""
        for place in self._folder.glob("*"):
            if place.name.isascii() and place.name.isdecimal() and not place.is_symlink():
                self._discard_point(place)

    def _discard_point(self, place: Path) -> None:
        if not place.is_dir():
            return
        write_folder(place, {}, (FILE_NAME,))
        remove_temporaries(place, (FILE_NAME,))
        for old in place.glob("outputs_*"):
            if old.is_dir() and not old.is_symlink():
                remove_temporaries(old, ALL_NAMES)
                write_folder(old, {}, ALL_NAMES)
                remove_if_empty(old)
        remove_if_empty(place)

    def begin_point(self, index: int, anew: bool) -> None:
        """Removes the record of what had this index before, the files of layers that are not swept (with
        ``anew`` of all layers), and what a killed sweep did not complete.
        """
        place = self._folder / str(index)
        if place.is_symlink():
            raise HarnessError(f"'{place}' is a link: a sweep writes below its own folder only")
        if not place.is_dir():
            return
        write_folder(place, {}, (FILE_NAME,))
        remove_temporaries(place, (FILE_NAME,))
        own = set() if anew else set(self._names.values())
        for old in place.glob("outputs_*"):
            if not old.is_dir() or old.is_symlink():
                continue
            remove_temporaries(old, ALL_NAMES)
            if old.name not in own:
                write_folder(old, {}, ALL_NAMES)
                remove_if_empty(old)

    def has_record(self, index: int) -> bool:
        return _has_content(self._folder / str(index) / FILE_NAME)

    def remove_record(self, index: int) -> None:
        place = self._folder / str(index)
        if place.is_dir() and not place.is_symlink():
            write_folder(place, {}, (FILE_NAME,))

    def has_layer(self, index: int, layer: str) -> bool:
        place = self._folder / str(index) / self._names[layer]
        others = [place / name for name in ALL_NAMES if (place / name).exists()]
        return all(map(_has_content, (place / RESULT, place / STATS, *others)))

    def write_layer(self, index: int, result: Result, texts: Mapping[str, str]) -> None:
        """Timeloop's files as they came, and the record under the layer's own name."""
        files = {**texts, RESULT: record_text(result)}
        write_folder(self._folder / str(index) / self._names[result.layer], files, ALL_NAMES)

    def remove_layer(self, index: int, layer: str) -> None:
        """Takes away the files of an earlier result of a layer that has none now."""
        place = self._folder / str(index) / self._names[layer]
        if place.is_dir():
            write_folder(place, {}, ALL_NAMES)
            remove_if_empty(place)

    def end_point(self, record: ConfigurationRecord) -> None:
        for outcome in record.layers:
            if not outcome.ok:
                self.remove_layer(record.index, outcome.layer)
        write_folder(self._folder / str(record.index), {FILE_NAME: record.to_json()})


def _has_content(file: Path) -> bool:
    """After a power cut a file may be there under its name and empty."""
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def folder_names(layers: Iterable[str]) -> dict[str, str]:
    """A folder for each layer, plain and different from the others, also where case does not count."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for layer in layers:
        name = f"outputs_{plain_name(layer)}"
        if len(name) > _MOST_OF_A_NAME:
            name = f"{name[:_MOST_OF_A_NAME]}_{sha256(layer.encode()).hexdigest()[:8]}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[layer] = name
    return names
