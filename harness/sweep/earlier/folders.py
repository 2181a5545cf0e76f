"""Folders ``outputs_hwdse`` of the earlier harness, read as they should have been ranked.

The earlier harness summed what it found and left out what it did not: a layer without a mapping left an
empty stats file, added nothing, and its configuration ranked best. Here the sums are made anew from the
stats files, and such a layer makes its configuration a failed one. See ``docs/sweep.md``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.spec.template_parameters import ParameterValue
from harness.sweep.earlier.layers import assumed_heads, derived_heads, read_layers, with_heads
from harness.sweep.metrics import Metrics, metrics_of
from harness.sweep.outcome import LayerOutcome
from harness.sweep.record import ARCHITECTURE_KEY, FILE_NAME, ConfigurationRecord, read_record
from harness.sweep.study import Settings

EARLIER_VERSION = "earlier harness"
_NOT_RECORDED = "not recorded"
_TELLING_KEYS = {"scratchpad_size": "gemmini", "shared_glb_size": "pim_analog"}
_STORED_ONLY = (
    "only the sums that the earlier harness stored are there, no layers: which layers they are of is not "
    "recorded, and one without a mapping would be missing in them"
)
_METRICS = ("energy", "cycles", "utilization", "edp")


@dataclass(frozen=True)
class EarlierConfiguration:
    """One configuration of the earlier harness. ``index`` is the name of its folder.

    ``layers`` are empty where there is nothing but ``hw_config.json``; then ``stored`` are its metrics, or
    None with the ``reason`` why they are no figures. ``notes`` are reservations about all of it.
    """

    index: int
    architecture: str
    given: Mapping[str, ParameterValue]
    settings: Settings
    layers: tuple[LayerOutcome, ...]
    stored: Metrics | None
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def metrics(self) -> Metrics | None:
        return metrics_of(self.layers) if self.layers else self.stored

    @property
    def status(self) -> str:
        return "failed" if self.metrics is None else "ok"


@dataclass(frozen=True)
class ResultFolders:
    """What lies in a folder of results, by index, and one line for each file that cannot be read."""

    records: tuple[ConfigurationRecord, ...]
    earlier: tuple[EarlierConfiguration, ...]
    unreadable: tuple[str, ...]


def read_result_folders(folder: Path, known: Collection[int] = ()) -> ResultFolders:
    """All ``<number>/hw_config.json`` of ``folder``, this program's (schema 1) and the earlier harness's.

    The numbers in ``known`` are passed over.
    """
    records: list[ConfigurationRecord] = []
    earlier: list[EarlierConfiguration] = []
    unreadable: list[str] = []
    for path in folder.glob(f"*/{FILE_NAME}"):
        name = path.parent.name
        if not is_index(name) or int(name) in known:
            continue
        try:
            tree = _tree(path)
            if "sweep" in tree:
                records.append(read_record(path))
            else:
                earlier.append(_read(path.parent, tree))
        except ValueError as error:
            unreadable.append(f"{path}: {error}")
    return ResultFolders(
        tuple(sorted(records, key=lambda r: r.index)),
        _with_computes(_with_heads(sorted(earlier, key=lambda r: r.index))),
        tuple(sorted(unreadable)),
    )


def is_index(name: str) -> bool:
    """Whether a folder of that name is one of a sweep: a number as it is written here."""
    return name.isascii() and name.isdecimal() and len(name) < 17 and str(int(name)) == name


def earlier_indices(folder: Path, known: Collection[int]) -> list[int]:
    """The numbers in ``folder`` under which the earlier harness has left a configuration."""
    found = []
    for path in folder.glob(f"*/{FILE_NAME}"):
        if is_index(path.parent.name) and int(path.parent.name) not in known:
            with suppress(ValueError):
                if "sweep" not in _tree(path):
                    found.append(int(path.parent.name))
    return sorted(found)


def _tree(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise ValueError("it is no file")
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    if not isinstance(tree, dict):
        raise ValueError("not a configuration and its metrics")
    return tree


def _read(folder: Path, tree: Mapping[str, object]) -> EarlierConfiguration:
    """The configuration with each layer counted once; how many heads there were is found out afterwards."""
    if "metrics" not in tree:
        raise ValueError("not a configuration and its metrics")
    given: dict[str, ParameterValue] = {}
    for key, value in tree.items():
        if key in ("metrics", ARCHITECTURE_KEY):
            continue
        if value is not None and not isinstance(value, (bool, int, float, str)):
            raise ValueError(f"the value of '{key}' is not a number, a word or a switch")
        given[key] = value
    stored, reason = _stored(tree["metrics"])
    layers, levels = read_layers(folder)
    return EarlierConfiguration(
        index=int(folder.name),
        architecture=_architecture(tree),
        given=given,
        settings=Settings(
            model=_NOT_RECORDED,
            fusion=", ".join(levels) or None,
            mapper=_NOT_RECORDED,
            version=EARLIER_VERSION,
        ),
        layers=layers,
        stored=stored,
        reason=None if layers else reason,
        notes=() if layers else (_STORED_ONLY,),
    )


def _architecture(tree: Mapping[str, object]) -> str:
    """The folders name none: the earlier harness had one program for each architecture."""
    named = tree.get(ARCHITECTURE_KEY)
    if isinstance(named, str):
        return named
    return next((name for key, name in _TELLING_KEYS.items() if key in tree), "unknown")


def _stored(metrics: object) -> tuple[Metrics | None, str | None]:
    """The metrics of the file, or why they are none."""
    if not isinstance(metrics, Mapping):
        return None, "the earlier harness stored no metrics"
    figures = [metrics.get(name) for name in _METRICS]
    numbers = [float(f) for f in figures if isinstance(f, (int, float)) and not isinstance(f, bool)]
    if len(numbers) < len(_METRICS):
        return None, "the earlier harness stored no complete metrics"
    if not all(map(math.isfinite, numbers)):
        return None, "the earlier harness stored infinite metrics: it could not read a layer's stats file"
    energy, cycles, utilization, edp_sum = numbers
    if energy <= 0 or cycles <= 0:
        return None, "the earlier harness stored metrics of nothing: no layer had figures"
    return (
        Metrics(
            energy_pj=energy,
            cycles=int(cycles),
            utilization=utilization / 100,
            edp_sum=edp_sum,
            edp=energy * cycles / 1e12,
            area_um2=None,
        ),
        None,
    )


def _with_heads(read: Sequence[EarlierConfiguration]) -> tuple[EarlierConfiguration, ...]:
    """Counts the layers of attention once a head. The folder does not say how many heads there were.

    The stored sums do, where they agree with the layers; where they do not (a layer failed in a way that
    spoiled them, or folders of several runs are mixed), the count of the other configurations is taken.
    """
    derived = [derived_heads(c.layers, c.stored) for c in read]
    known = {heads for heads in derived if heads is not None}
    made = []
    for configuration, heads in zip(read, derived, strict=True):
        if not configuration.layers:
            made.append(configuration)
        elif heads is not None:
            made.append(replace(configuration, layers=with_heads(configuration.layers, heads)))
        else:
            count, note = assumed_heads(known)
            layers = with_heads(configuration.layers, count)
            made.append(replace(configuration, layers=layers, notes=(*configuration.notes, note)))
    return tuple(made)


def _with_computes(read: Sequence[EarlierConfiguration]) -> tuple[EarlierConfiguration, ...]:
    """Gives a failed layer the computes that its stats file would tell, from the other configurations: else
    it would not be the same layer as theirs. Where they disagree, several models are mixed.
    """
    known: dict[str, set[int]] = {}
    for layer in (layer for configuration in read for layer in configuration.layers if layer.ok):
        known.setdefault(layer.layer, set()).add(layer.macs)

    def told(layer: LayerOutcome) -> LayerOutcome:
        computes = known.get(layer.layer, set())
        return replace(layer, macs=min(computes)) if not layer.ok and len(computes) == 1 else layer

    return tuple(
        replace(configuration, layers=tuple(map(told, configuration.layers))) for configuration in read
    )
