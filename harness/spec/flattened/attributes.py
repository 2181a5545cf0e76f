"""Typed reading of component attributes, with the names that the model reads.

Attributes that the model does not read belong to the energy estimators and are free. One that is a
near miss of a name that the model reads (``read_bandwith``) is refused: Timeloop would silently ignore
it, and the user would get the figures of another machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec.located import where

# Timeloop rewrites these hyphenated spellings before it parses (compound-config/hyphens-to-underscores).
# Others (read-bandwidth, ...) it ignores, and we refuse; energy-per-ingress it reads with hyphens only.
_HYPHENATED = frozenset(
    {
        "tile-width", "router-energy", "energy-per-hop", "num-ports", "multiple-buffering", "cluster-area",
        "wire-energy", "metadata-word-bits", "word-bits", "min-utilization", "network-type", "block-size",
        "vector-access-energy", "adder-energy", "payload-word-bits", "num-banks", "addr-gen-energy",
        "cluster-size", "network-word-bits",
    }
)  # fmt: skip

STORAGE_ATTRIBUTES = frozenset(
    {
        "network_fill_latency", "network_drain_latency", "word_bits", "word_width", "datawidth", "block_size",
        "n_words", "cluster_size", "width", "memory_width", "data_storage_width", "entries", "sizeKB",
        "depth", "memory_depth", "data_storage_depth", "technology", "num_ports", "n_ports", "num_banks",
        "n_banks", "reduction_supported", "bandwidth", "read_bandwidth", "write_bandwidth",
        "shared_bandwidth", "per_dataspace_bandwidth_consumption_scale", "multiple_buffering",
        "min_utilization", "instances", "meshX", "meshY", "network_read", "network_fill", "network_drain",
        "network_update", "power_gated_at", "allow_overbooking", "vector_access_energy", "addr_gen_energy",
        "cluster_area", "network_type", "network_word_bits", "router_energy", "wire_energy", "tile_width",
        "energy_per_hop", "energy-per-ingress",
    }
)  # fmt: skip

COMPUTE_ATTRIBUTES = frozenset(
    {
        "instances", "word_bits", "datawidth", "meshX", "meshY", "network_operand", "network_result",
        "energy", "area",
    }
)  # fmt: skip

NETWORK_ATTRIBUTES = frozenset(
    {
        "network_type", "network_word_bits", "word_bits", "word_width", "datawidth", "router_energy",
        "wire_energy", "tile_width", "energy_per_hop", "energy-per-ingress", "fill_latency",
        "drain_latency", "action_name", "multicast_factor_argument", "per_datatype_ERT", "adder_energy",
    }
)  # fmt: skip

# Estimators' own names that happen to lie near one of the model's names.
_ESTIMATOR_ATTRIBUTES = frozenset(
    {
        "nports", "n_rd_ports", "n_wr_ports", "n_rdwr_ports", "n_port", "ports", "nbanks", "banks", "latency",
        "clockrate", "adder_width", "multiplier_width", "n_bits", "n_word", "size",
        "n_instances", "metadata_width", "metadata_depth", "metadata_storage_width",
        "metadata_storage_depth", "metadata_datawidth", "metadata_word_bits", "metadata_block_size",
        "wire_length", "tile_length", "energy_scale", "area_scale", "read_energy", "write_energy",
        "update_energy", "leak_energy", "area", "energy", "wordsize", "lib", "type", "tech", "height",
        "cell_width", "bitwidth", "width_a", "width_b", "widths", "rows", "cols", "nodes", "address_bits",
        "word_size", "n_ways", "n_entries", "action_latency_cycles", "resolution", "column_area",
    }
)  # fmt: skip


class Attributes:
    """The attributes of one component: typed look-ups, each with a located error.

    ``own`` are the component's own, ``inherited`` those of its containers. The model reads only own ones,
    as Timeloop does; estimators also see the inherited ones.
    """

    def __init__(self, component: str, own: Mapping[str, Any], inherited: Mapping[str, Any]) -> None:
        self.component = component
        self._node = own
        self._own = {(k.replace("-", "_") if k in _HYPHENATED else k): v for k, v in own.items()}
        self._spelling = {(k.replace("-", "_") if k in _HYPHENATED else k): k for k in own}
        self.all: dict[str, Any] = {**inherited, **self._own}

    def place(self, name: str) -> Location | None:
        return where(self._node, self._spelling.get(name, name))

    def given(self, name: str) -> bool:
        """True when the attribute is there and not null (a null is treated as absent, as Timeloop does)."""
        return self._own.get(name) is not None

    def refuse_misspelt(self, known: frozenset[str]) -> None:
        """Refuse an attribute that is one or two edits away from a name that the model reads."""
        for name in self._own:
            if name in known or name in _ESTIMATOR_ATTRIBUTES:
                continue
            near = nearest_within(name, known)
            if near is not None:
                raise SpecError(
                    f"{self.component}: unknown attribute '{name}'",
                    self.place(name),
                    f"did you mean '{near}'?",
                )

    def first(self, names: Iterable[str]) -> str | None:
        """The first of ``names`` that is given."""
        return next((n for n in names if self.given(n)), None)

    def integer(self, *names: str, least: int = 0) -> int | None:
        """The whole number under the first given name, None when none is given."""
        name = self.first(names)
        if name is None:
            return None
        value = as_integer(self._own[name])
        if value is None:
            raise self._wrong(name, "a whole number")
        if value < least:
            raise self._wrong(name, f"at least {least}")
        return value

    def number(self, *names: str) -> float | None:
        name = self.first(names)
        if name is None:
            return None
        value = as_number(self._own[name])
        if value is None:
            raise self._wrong(name, "a number")
        return value

    def positive(self, name: str) -> float | None:
        value = self.number(name)
        if value is not None and value <= 0:
            raise self._wrong(name, "greater than 0")
        return value

    def not_negative(self, name: str) -> float | None:
        value = self.number(name)
        if value is not None and value < 0:
            raise self._wrong(name, "0 or more")
        return value

    def text(self, name: str) -> str | None:
        if not self.given(name):
            return None
        value = self._own[name]
        if isinstance(value, (dict, list)):
            raise self._wrong(name, "a name")
        return str(value)

    def truth(self, name: str) -> bool | None:
        if not self.given(name):
            return None
        value = self._own[name]
        if isinstance(value, bool):
            return value
        lowered = str(value).lower()
        if lowered in ("true", "yes", "on", "y"):
            return True
        if lowered in ("false", "no", "off", "n"):
            return False
        raise self._wrong(name, "true or false")

    def table(self, name: str) -> tuple[tuple[str, float], ...]:
        """A mapping from names to numbers, as pairs in the order of the file."""
        if not self.given(name):
            return ()
        node = self._own[name]
        if not isinstance(node, Mapping):
            raise self._wrong(name, "a mapping of names to numbers")
        pairs: list[tuple[str, float]] = []
        for key, raw in node.items():
            value = as_number(raw)
            if value is None:
                raise SpecError(
                    f"{self.component}: {name}.{key} must be a number, not '{raw}'", where(node, key)
                )
            pairs.append((str(key), value))
        return tuple(pairs)

    def _wrong(self, name: str, wanted: str) -> SpecError:
        return SpecError(
            f"{self.component}: attribute '{name}' must be {wanted}, not '{self._own[name]}'",
            self.place(name),
        )


def as_integer(value: Any) -> int | None:
    """A whole number written as int, as text, or as a float without fraction; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            return None
    return None


def as_number(value: Any) -> float | None:
    """A finite number written as int, float or text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float, str)):
        try:
            number = float(value)
        except ValueError:
            return None
        return number if number - number == 0 else None
    return None


def nearest_within(name: str, known: Iterable[str]) -> str | None:
    """The known name within one edit (two for names of eight letters and more), None if there is none."""
    return _nearest(name, frozenset(known))


@lru_cache(maxsize=4096)
def _nearest(name: str, known: frozenset[str]) -> str | None:
    """Remembered: a sweep asks the same of every configuration."""
    allowed = 2 if len(name) >= 8 else 1
    if len(name) < 4:
        return None
    best: tuple[int, str] | None = None
    for candidate in sorted(known):
        if abs(len(candidate) - len(name)) > allowed:
            continue
        distance = _edits(name.lower().replace("-", "_"), candidate.lower().replace("-", "_"))
        if distance <= allowed and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def _edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def require_known_keys(
    node: Mapping[str, Any], known: Iterable[str], what: str, place: Location | None = None
) -> None:
    """Refuse keys of ``node`` that are not among ``known``."""
    allowed = set(known)
    for key in node:
        if key not in allowed:
            location = where(node, str(key)) or place
            raise unknown_name(f"key in {what}", str(key), allowed, location)
