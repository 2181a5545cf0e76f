"""The ``representation_format`` of a storage level: for each tensor its ranks, and the bits of their words.

Follows model/sparse-optimization-parser.cpp (ParseCompressionInfo, ParsePerRankSpec, AdjustFormatWordBits)
and format-models/*.cpp (ParseSpecs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec.flattened.attributes import as_integer, require_known_keys
from harness.spec.located import where
from harness.spec.sparse import FormatName, MetadataStorage, RankFormat, TensorFormat

_FORMATS: dict[str, FormatName] = {
    **{"uop": "uop", "UOP": "uop", "rle": "rle", "RLE": "rle", "cp": "cp", "CP": "cp"},
    **{"ub": "ub", "UB": "ub", "b": "b", "B": "b"},
}
_SPACE_KEYS = ("name", "ranks", "rank_application_order", "compression_rate")
_RANK_KEYS = ("format", "metadata_word_bits", "payload_word_bits", "flattened_rankIDs")
_DEFAULT_BITS = {"b": 1}
"""A bitmask's metadata word is one bit; other words are as wide as the level's metadata words."""


def read_format(
    node: Any, level: str, storage: MetadataStorage, place: Location | None
) -> tuple[TensorFormat, ...]:
    """The formats of the tensors at ``level``. Raises SpecError with the place."""
    if not isinstance(node, Mapping):
        raise SpecError(f"the representation_format of '{level}' must be a mapping", place)
    require_known_keys(node, ("data_spaces",), f"the representation_format of '{level}'", place)
    spaces = node.get("data_spaces") or []
    if not isinstance(spaces, list):
        raise SpecError(f"'data_spaces' of '{level}' must be a list", where(node, "data_spaces") or place)
    formats: list[TensorFormat] = []
    for index, entry in enumerate(spaces):
        found = _tensor_format(entry, level, storage, where(entry) or where(spaces, index) or place)
        if any(found.tensor == other.tensor for other in formats):
            raise SpecError(
                f"a second format of '{found.tensor}' at '{level}'", where(spaces, index) or place
            )
        formats.append(found)
    return tuple(formats)


def _tensor_format(node: Any, level: str, storage: MetadataStorage, place: Location | None) -> TensorFormat:
    if not isinstance(node, Mapping) or not isinstance(node.get("name"), str):
        raise SpecError(f"a format at '{level}' needs the 'name' of a data space", place)
    tensor = node["name"]
    what = f"'{tensor}' at '{level}'"
    require_known_keys(node, _SPACE_KEYS, f"the format of {what}", place)
    entries = node.get("ranks")
    if not isinstance(entries, list) or not entries:
        raise SpecError(f"the format of {what} needs a list 'ranks'", where(node, "ranks") or place)
    order = node.get("rank_application_order", "outer_to_inner")
    if order not in ("outer_to_inner", "inner_to_outer"):
        raise unknown_name(
            "rank_application_order",
            str(order),
            ("outer_to_inner", "inner_to_outer"),
            where(node, "rank_application_order"),
        )
    written = [
        _rank(entry, what, level, storage, where(entry) or where(entries, index) or place)
        for index, entry in enumerate(entries)
    ]
    ranks = tuple(reversed(written))
    loose = next((n for n, rank in enumerate(ranks) if not rank.compressed), len(ranks))
    if any(rank.compressed for rank in ranks[loose:]):
        raise SpecError(
            f"the format of {what}: a compressed rank cannot lie above an uncompressed one",
            where(node, "ranks") or place,
        )
    result = TensorFormat(tensor, ranks, order == "inner_to_outer")
    if "compression_rate" in node and not result.compressed:
        raise SpecError(f"the format of {what} is uncompressed and has no compression_rate", place)
    return result


def _rank(node: Any, what: str, level: str, storage: MetadataStorage, place: Location | None) -> RankFormat:
    if not isinstance(node, Mapping):
        raise SpecError(f"a rank of {what} must be a mapping", place)
    require_known_keys(node, _RANK_KEYS, f"a rank of {what}", place)
    written = node.get("format")
    if not isinstance(written, str) or written not in _FORMATS:
        raise unknown_name(
            f"format of a rank of {what}:", str(written), ("UOP", "CP", "B", "RLE", "UB"), place
        )
    name = _FORMATS[written]
    given: dict[str, int | None] = {}
    for key in ("metadata_word_bits", "payload_word_bits"):
        bits = None if node.get(key) is None or name == "ub" else as_integer(node[key])
        if node.get(key) is not None and name != "ub" and (bits is None or bits < 0):
            raise SpecError(
                f"{key} of {what} must be a whole number of 0 or more, not '{node[key]}'", where(node, key)
            )
        given[key] = bits
    metadata = given["metadata_word_bits"]
    if metadata is None:
        metadata = _DEFAULT_BITS.get(name)
    return RankFormat(
        name,
        _adjusted(metadata, level, storage, place),
        _adjusted(given["payload_word_bits"], level, storage, place),
        _flattened(node, what, place),
    )


def _adjusted(bits: int | None, level: str, storage: MetadataStorage, place: Location | None) -> int:
    """A word that does not divide the width of the metadata storage is widened until it does."""
    if bits is None:
        bits = storage.word_bits
    elif bits and storage.width % bits:
        bits = next((b for b in range(bits, 2 * bits) if storage.width % b == 0), 2 * bits)
    if bits > storage.width:
        raise SpecError(
            f"'{level}': a format's word of {bits} bits is wider than its metadata_storage_width "
            f"{storage.width}",
            place,
        )
    return bits


def _flattened(node: Mapping[str, Any], what: str, place: Location | None) -> tuple[tuple[str, ...], ...]:
    groups = node.get("flattened_rankIDs")
    if groups is None:
        return ()
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise SpecError(
            f"flattened_rankIDs of a rank of {what} must be a list of lists of dimensions",
            where(node, "flattened_rankIDs") or place,
        )
    return tuple(tuple(str(name) for name in group) for group in groups)
