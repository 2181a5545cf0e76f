"""The result of one job: the stable record of ``result.json``, of ``--json`` and of a row of the store.

One layer instance, unscaled by heads or blocks; ``repeat`` says how often it occurs. Figures are unrounded.
A job without a mapping has ``status`` "no_mapping" and a ``reason``; its figures are None, never infinite
and never a zero that would rank best.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from harness.engines.evaluation import Evaluation
from harness.engines.sparse_record import SparseComputes, SparseDataSpace
from harness.errors import Location, SpecError
from harness.search.certificate import Certificate, Pruning
from harness.search.replay import Replay

SCHEMA_VERSION = 1

Status = Literal["ok", "no_mapping", "failed"]
SearchStatus = Literal["optimal", "bound", "best_found", "no_mapping"]


@dataclass(frozen=True)
class SearchRecord:
    """How the mapping was found. ``mapper`` is "given" for a mapping that the user supplied.

    ``lower_bound`` is a proven floor of the objective's first goal (J*cycles of the EDP, cycles, or pJ) and
    ``gap`` the relative distance to it; None where the mapper proves nothing. ``evaluated`` and ``valid``
    count mappings; ``at_least`` is True where the former is a lower bound, since the real Timeloop does not
    tell all that it tries, else None. ``certificate`` is the account of a proof and ``replay`` its repetition
    without pruning. The record has these three keys only where there is something to tell.
    """

    mapper: str
    objective: str
    status: SearchStatus
    lower_bound: float | None = None
    gap: float | None = None
    evaluated: int = 0
    valid: int = 0
    seconds: float = 0.0
    seed: int | None = None
    certificate: Certificate | None = None
    replay: Replay | None = None
    at_least: bool | None = None

    @property
    def evaluated_in_words(self) -> str:
        return f"{'at least ' if self.at_least else ''}{self.evaluated:,}"


@dataclass(frozen=True)
class FrontRecord:
    """A point of the energy-delay front, with Timeloop's mapping list. ``status`` as that of a search."""

    cycles: int
    energy_pj: float
    edp_j_cycles: float
    status: SearchStatus
    mapping: tuple[AbstractMapping[str, Any], ...]


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from. Hashes are of content (``sha256:...``), ``created`` is UTC ISO 8601."""

    version: str
    spec_hash: str
    ert_hash: str | None
    created: str
    command: str


@dataclass(frozen=True)
class LevelDataSpace:
    """Counts per instance; the energy is the total of storage, reduction and address generation.

    With sparse optimisations the counts are those of dense tensors, and ``sparse`` says what happens; other
    records do not have the key.
    """

    reads: int
    fills: int
    updates: int
    temporal_reductions: int
    partition_size: int
    tile_size: int
    utilized_instances: float
    energy_pj: float
    sparse: SparseDataSpace | None = None


@dataclass(frozen=True)
class LevelRecord:
    """One level. The arithmetic level comes first and has no data spaces; then storage, inner to outer.

    ``area_um2`` is None for a level that the real Timeloop left out of its report: nothing happens there.
    ``computes`` is of the arithmetic with sparse optimisations; other records do not have the key.
    """

    name: str
    cycles: int
    energy_pj: float
    leakage_pj: float
    area_um2: float | None
    instances: int
    utilized_instances: float
    dataspaces: AbstractMapping[str, LevelDataSpace]
    computes: SparseComputes | None = None


@dataclass(frozen=True)
class NetworkDataSpace:
    """Timeloop tells no ``ingresses`` of networks that it leaves out, as they cost nothing, and of reduction
    trees neither these nor ``fanout`` and ``multicast_factor``: None in its records.
    """

    fanout: int | None
    multicast_factor: int | None
    ingresses: float | None
    link_transfers: float
    spatial_reductions: float
    hops: float
    energy_pj: float


@dataclass(frozen=True)
class NetworkRecord:
    name: str
    energy_pj: float
    dataspaces: AbstractMapping[str, NetworkDataSpace]


@dataclass(frozen=True)
class TimeloopRun:
    """How the real Timeloop was run for this result.

    ``program`` is the executable and ``identity`` a digest of it. ``front_end`` is the package, with its
    version, that flattened the input; "" where this package did. ``ended`` says how it came to its end:
    "finished", "time limit", "interrupted", or what went wrong. ``precision`` is "full" for figures of the
    XML file, "printed" for those of the stats file, which has two decimals.
    """

    program: str
    identity: str
    front_end: str
    ended: str
    exit_code: int | None
    seconds: float
    precision: Literal["full", "printed"] = "full"


@dataclass(frozen=True)
class CheckRecord:
    """Whether the other engine gives the same figures for the same mapping.

    ``differing`` are the fields that differ, as "<where>.<field>", at most a few; ``differences`` counts all.
    "not_checked" has a ``reason``: the other engine gave no figures.
    """

    status: Literal["equal", "differs", "not_checked"]
    compared: int = 0
    differences: int = 0
    differing: tuple[str, ...] = ()
    reason: str | None = None

    @staticmethod
    def from_record(entry: AbstractMapping[str, Any]) -> CheckRecord:
        """Raises KeyError or TypeError for a record of another shape."""
        return CheckRecord(**{**entry, "differing": tuple(entry["differing"])})


@dataclass(frozen=True)
class Result:
    """Field names and order are those of the record, which has ``pareto`` only if the front was asked for.

    ``energy_by_accuracy`` are pJ by accuracy class of the estimates behind them, and
    ``energy_uncertainty`` how much of the energy has a stated +- (``stated_pj``) and how much that is
    (``plus_minus_pj``, if all err alike); ``energy_by_source`` are pJ by who estimated them; earlier records
    have none of these. ``densities`` are those that the problem states, by data space (docs/workloads.md);
    the record has them only where there are any. ``area_um2`` is None where neither an ART nor an attribute
    gives any area. ``timeloop`` tells of a run of the real Timeloop, ``check`` of a comparison of both
    engines; the record has them only where there was one. ``compat`` None says that figures are corrected
    ones, which the real Timeloop does not have; the record has the key only then. ``evaluation``, ``files``
    and ``notes`` are not part of it: the objects behind the figures, for the writers of Timeloop's files
    (None when the result was read from JSON, or made by the real Timeloop), and the files that it wrote, by
    name. ``notes`` are remarks on such a run, for the screen; those of the embedded engine are in its
    evaluation.
    """

    status: Status
    architecture: str
    layer: str
    search: SearchRecord
    provenance: Provenance
    reason: str | None = None
    parameters: AbstractMapping[str, Any] = field(default_factory=dict)
    model: str = ""
    repeat: int = 1
    fusion: str | None = None
    engine: Literal["embedded", "timeloop"] = "embedded"
    cycles: int | None = None
    energy_pj: float | None = None
    edp_j_cycles: float | None = None
    utilization: float | None = None
    area_um2: float | None = None
    macs: int | None = None
    densities: AbstractMapping[str, AbstractMapping[str, Any]] = field(default_factory=dict)
    bound_by: str | None = None
    levels: tuple[LevelRecord, ...] = ()
    networks: tuple[NetworkRecord, ...] = ()
    mapping: tuple[AbstractMapping[str, Any], ...] = ()
    loop_nest: str = ""
    pareto: tuple[FrontRecord, ...] = ()
    energy_by_accuracy: AbstractMapping[str, float] = field(default_factory=dict)
    energy_uncertainty: AbstractMapping[str, float] = field(default_factory=dict)
    energy_by_source: AbstractMapping[str, float] = field(default_factory=dict)
    timeloop: TimeloopRun | None = None
    check: CheckRecord | None = None
    compat: Literal["timeloop-v4"] | None = "timeloop-v4"
    evaluation: Evaluation | None = field(default=None, repr=False, compare=False)
    files: AbstractMapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    notes: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def to_record(self) -> dict[str, Any]:
        """Plain data in the order of the schema. Numbers that JSON does not know become None."""
        record: dict[str, Any] = {"schema": SCHEMA_VERSION}
        for name in _RECORD_ORDER:
            record[name] = _plain(getattr(self, name))
        for name in _IF_TOLD:
            if record["search"][name] is None:
                del record["search"][name]
        for level in record["levels"]:
            _leave_out_dense(level)
        for name in _IF_THERE:
            if getattr(self, name):
                record[name] = _plain(getattr(self, name))
        if self.compat is None:
            record["compat"] = None
        return record

    def to_json(self, indent: int | None = 1) -> str:
        """The record as JSON text, doubles in full precision, no NaN and no infinity."""
        return json.dumps(self.to_record(), indent=indent, allow_nan=False, ensure_ascii=False)

    @staticmethod
    def from_record(record: AbstractMapping[str, Any], file: str = "result.json") -> Result:
        """The inverse of :meth:`to_record`. SpecError for a record of another version or shape."""
        if record.get("schema") != SCHEMA_VERSION:
            raise SpecError(
                f"result schema {record.get('schema')!r} cannot be read, only version {SCHEMA_VERSION}",
                Location(file),
            )
        try:
            values = {name: record[name] for name in _RECORD_ORDER}
            values["search"] = _search(values["search"])
            values["provenance"] = Provenance(**values["provenance"])
            values["levels"] = tuple(_level(entry) for entry in values["levels"])
            values["networks"] = tuple(_network(entry) for entry in values["networks"])
            values["mapping"] = tuple(values["mapping"])
            values["pareto"] = tuple(
                FrontRecord(**{**point, "mapping": tuple(point["mapping"])})
                for point in record.get("pareto", ())
            )
            values["densities"] = {str(k): dict(v) for k, v in record.get("densities", {}).items()}
            for name in ("energy_by_accuracy", "energy_uncertainty", "energy_by_source"):
                values[name] = {str(key): float(pj) for key, pj in record.get(name, {}).items()}
            values["timeloop"] = TimeloopRun(**record["timeloop"]) if "timeloop" in record else None
            values["compat"] = record.get("compat", "timeloop-v4")
            check = record.get("check")
            values["check"] = None if check is None else CheckRecord.from_record(check)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SpecError(f"not a result record: {error}", Location(file)) from error
        return Result(**values)

    @staticmethod
    def from_json(text: str, file: str = "result.json") -> Result:
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise SpecError(f"not JSON: {error.msg}", Location(file, error.lineno)) from error
        if not isinstance(record, dict):
            raise SpecError("not a result record: the top is not an object", Location(file))
        return Result.from_record(record, file)


_RECORD_ORDER = (
    "status",
    "reason",
    "architecture",
    "parameters",
    "model",
    "layer",
    "repeat",
    "fusion",
    "engine",
    "cycles",
    "energy_pj",
    "edp_j_cycles",
    "utilization",
    "area_um2",
    "macs",
    "bound_by",
    "levels",
    "networks",
    "mapping",
    "loop_nest",
    "search",
    "provenance",
)


_IF_TOLD = ("certificate", "replay", "at_least")
_IF_THERE = (
    "densities",
    "pareto",
    "energy_by_accuracy",
    "energy_uncertainty",
    "energy_by_source",
    "timeloop",
    "check",
)


def _search(entry: AbstractMapping[str, Any]) -> SearchRecord:
    certificate, replay = entry.get("certificate"), entry.get("replay")
    if certificate is not None:
        prunings = tuple(Pruning(**pruning) for pruning in certificate["prunings"])
        certificate = Certificate(**{**certificate, "prunings": prunings})
    made = Replay(**replay) if replay is not None else None
    return SearchRecord(**{**entry, "certificate": certificate, "replay": made})


def _level(entry: AbstractMapping[str, Any]) -> LevelRecord:
    spaces = {name: _level_space(figures) for name, figures in entry["dataspaces"].items()}
    computes = entry.get("computes")
    found = None if computes is None else SparseComputes(**computes)
    return LevelRecord(**{**entry, "dataspaces": spaces, "computes": found})


def _level_space(entry: AbstractMapping[str, Any]) -> LevelDataSpace:
    sparse = entry.get("sparse")
    return LevelDataSpace(**{**entry, "sparse": None if sparse is None else SparseDataSpace(**sparse)})


def _leave_out_dense(level: dict[str, Any]) -> None:
    """Dense hardware has records as before there were sparse ones."""
    if level["computes"] is None:
        del level["computes"]
    for space in level["dataspaces"].values():
        if space["sparse"] is None:
            del space["sparse"]


def _network(entry: AbstractMapping[str, Any]) -> NetworkRecord:
    spaces = {name: NetworkDataSpace(**figures) for name, figures in entry["dataspaces"].items()}
    return NetworkRecord(**{**entry, "dataspaces": spaces})


_FIELDS: dict[type, tuple[str, ...]] = {}


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as JSON types; NaN and infinities as None."""
    kind = type(value)
    # A record has hundreds of values, nearly all of these kinds.
    if kind is int or kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        return {str(key): _plain(entry) for key, entry in value.items()}
    if kind is list or kind is tuple:
        return [_plain(entry) for entry in value]
    if hasattr(kind, "__dataclass_fields__"):
        names = _FIELDS.get(kind) or _FIELDS.setdefault(kind, tuple(f.name for f in fields(value)))
        return {name: _plain(getattr(value, name)) for name in names}
    return _plain_of_rare(value)


def _plain_of_rare(value: Any) -> Any:
    """The same for subclasses and for other mappings, sets and numbers (of numpy)."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, AbstractMapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(entry) for entry in value)
    if hasattr(value, "item"):
        return _plain(value.item())
    return str(value)
