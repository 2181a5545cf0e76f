"""``sparse_optimizations`` of a flattened tree to :class:`SparseOptimizations`.

Follows model/sparse-optimization-parser.cpp. Where Timeloop lets a later entry for the same level replace an
earlier one, reads past a list or aborts, the entry is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec.flattened.attributes import Attributes, require_known_keys
from harness.spec.flattened.representation import read_format
from harness.spec.located import where
from harness.spec.sparse import (
    ActionKind,
    ActionOptimization,
    Condition,
    MetadataStorage,
    SparseLevel,
    SparseOptimizations,
    TensorFormat,
)

_TARGET_KEYS = (
    "name", "target", "version", "action_optimization", "representation_format", "compute_optimization",
)  # fmt: skip
_ACTION_KINDS: dict[str, ActionKind] = {
    "gating": "gating",
    "skipping": "skipping",
    "skipping_spatial": "skipping_spatial",
    "spatial_skipping": "skipping_spatial",
}
_COMPUTE_KINDS = {
    "gating": "gate",
    "gate_on_zero_operand": "gate",
    "skipping": "skip",
    "skip_on_not_aligned_operands": "skip",
}


@dataclass
class _Level:
    storage: MetadataStorage
    formats: tuple[TensorFormat, ...] | None = None
    actions: tuple[ActionOptimization, ...] | None = None


@dataclass
class _Reading:
    """``storage`` by level name, innermost first; ``compute`` is the name of the arithmetic level."""

    levels: dict[str, _Level]
    compute: str
    compute_kinds: set[str] = field(default_factory=set)
    any_format: bool = False
    anything: bool = False


def sparse_targets(tree: Mapping[str, Any]) -> Any:
    """The list of targets of a tree, however it is written; empty or None without any."""
    sparse = tree.get("sparse_optimizations")
    return sparse.get("targets") if isinstance(sparse, Mapping) else sparse


def read_metadata_storage(name: str, a: Attributes) -> MetadataStorage:
    """What the attributes of a storage level say of metadata (buffer.cpp, ParseSpecs)."""
    if a.truth("tile_partition_supported"):
        raise Unsupported(
            f"{name}: tiles cut at run time are not modelled", a.place("tile_partition_supported")
        )
    word_bits = a.integer("metadata_datawidth", "metadata_word_bits") or 0
    block = a.integer("metadata_block_size")
    if block == 0:
        raise SpecError(f"{name}: metadata_block_size must be at least 1", a.place("metadata_block_size"))
    width = a.integer("metadata_storage_width", "metadata_width")
    depth = a.integer("metadata_storage_depth", "metadata_depth")
    if width is None and depth:
        raise SpecError(f"{name}: metadata_storage_depth needs a metadata_storage_width")
    if width and word_bits and width % (word_bits * (block or 1)):
        raise SpecError(
            f"{name}: metadata_storage_width {width} is not a multiple of "
            f"metadata_datawidth x metadata_block_size = {word_bits} x {block or 1}",
            a.place("metadata_storage_width"),
        )
    return MetadataStorage(
        width=width or 0,
        depth=depth,
        word_bits=word_bits,
        decompression=bool(a.truth("decompression_supported")),
        compression=bool(a.truth("compression_supported")),
        allow_overbooking=bool(a.truth("allow_overbooking")),
    )


def read_sparse(
    tree: Mapping[str, Any], storage: Mapping[str, MetadataStorage], compute: str
) -> SparseOptimizations | None:
    """The optimisations of ``tree``, None without any. ``storage`` by level, innermost first."""
    targets = sparse_targets(tree)
    if targets is None or targets in ({}, []):
        return None
    if isinstance(targets, str) or not isinstance(targets, Sequence):
        raise SpecError(
            "the targets of 'sparse_optimizations' must be a list", where(tree, "sparse_optimizations")
        )
    reading = _Reading({name: _Level(of) for name, of in storage.items()}, compute)
    for index, target in enumerate(targets):
        _read_target(target, where(target) or where(targets, index), reading)
    if not reading.anything:
        return None
    levels = tuple(
        SparseLevel(name, level.storage, level.formats or (), level.actions or ())
        for name, level in reading.levels.items()
    )
    return SparseOptimizations(
        levels, reading.any_format, "gate" in reading.compute_kinds, "skip" in reading.compute_kinds
    )


def _read_target(node: Any, place: Location | None, reading: _Reading) -> None:
    if not isinstance(node, Mapping):
        raise SpecError("a target of 'sparse_optimizations' must be a mapping", place)
    require_known_keys(node, _TARGET_KEYS, "a sparse optimisation", place)
    name = node.get("name", node.get("target"))
    if not isinstance(name, str):
        raise SpecError("a sparse optimisation needs a 'name'", place)
    if name != reading.compute and name not in reading.levels:
        known = (*reading.levels, reading.compute)
        raise unknown_name("target of a sparse optimisation", name, known, where(node, "name") or place)
    kinds = [
        k
        for k in ("action_optimization", "representation_format", "compute_optimization")
        if node.get(k) not in (None, [], {})
    ]
    for kind in kinds:
        reading.anything = True
        if (kind == "compute_optimization") != (name == reading.compute):
            belongs = "the compute level" if kind == "compute_optimization" else "a storage level"
            raise SpecError(f"'{kind}' of '{name}': it belongs to {belongs}", where(node, kind) or place)
        if kind == "compute_optimization":
            reading.compute_kinds |= set(_compute_kinds(node[kind], where(node, kind) or place))
            continue
        level = reading.levels[name]
        if kind == "action_optimization":
            if level.actions is not None:
                raise SpecError(f"a second '{kind}' for '{name}'", where(node, kind) or place)
            level.actions = tuple(_actions(node[kind], name, where(node, kind) or place))
        else:
            if level.formats is not None:
                raise SpecError(f"a second '{kind}' for '{name}'", where(node, kind) or place)
            level.formats = read_format(node[kind], name, level.storage, where(node, kind) or place)
            reading.any_format = True


def _compute_kinds(node: Any, place: Location | None) -> Iterator[str]:
    for entry, at in _entries(node, "compute_optimization", place):
        require_known_keys(entry, ("type",), "a compute optimisation", at)
        given = entry.get("type")
        for kind in given if isinstance(given, list) else [given]:
            if not isinstance(kind, str) or kind not in _COMPUTE_KINDS:
                raise unknown_name("type of a compute optimisation", str(kind), _COMPUTE_KINDS, at)
            yield _COMPUTE_KINDS[kind]


def _actions(node: Any, level: str, place: Location | None) -> Iterator[ActionOptimization]:
    for entry, at in _entries(node, "action_optimization", place):
        require_known_keys(
            entry, ("type", "options", "target", "condition_on"), f"an action of '{level}'", at
        )
        kind = entry.get("type")
        if not isinstance(kind, str) or kind not in _ACTION_KINDS:
            raise unknown_name("type of an action optimisation", str(kind), _ACTION_KINDS, at)
        if "options" in entry:
            options = tuple(
                _condition(option, level, option_at)
                for option, option_at in _entries(entry["options"], "options", at)
            )
        else:
            options = (_condition(entry, level, at),)
        if not options:
            raise SpecError(f"an action optimisation of '{level}' has no options", at)
        if _ACTION_KINDS[kind] == "skipping_spatial" and len(options) > 1:
            raise Unsupported(f"'{level}': spatial skipping with several options is not modelled", at)
        yield ActionOptimization(_ACTION_KINDS[kind], options)


def _condition(node: Mapping[str, Any], level: str, place: Location | None) -> Condition:
    target, conditions = node.get("target"), node.get("condition_on")
    if not isinstance(target, str):
        raise SpecError(f"an action optimisation of '{level}' needs a 'target'", place)
    if not isinstance(conditions, list) or not conditions or not all(isinstance(c, str) for c in conditions):
        raise SpecError(
            f"an action optimisation of '{level}' needs a list 'condition_on' of data spaces",
            where(node, "condition_on") or place,
        )
    return Condition(target, tuple(conditions))


def _entries(
    node: Any, what: str, place: Location | None
) -> Iterator[tuple[Mapping[str, Any], Location | None]]:
    if not isinstance(node, list):
        raise SpecError(f"'{what}' must be a list", place)
    for index, entry in enumerate(node):
        at = where(entry) or where(node, index) or place
        if not isinstance(entry, Mapping):
            raise SpecError(f"an entry of '{what}' must be a mapping", at)
        yield entry, at
