"""The architecture tree of Timeloop's flattened form (``subtree``/``local``) to :class:`Architecture`.

What is read, the defaults and the derivations (block size, size in words, mesh) follow Timeloop v4:
model/topology.cpp (ParseTreeSpecs), model/buffer.cpp and model/arithmetic.cpp (ParseSpecs,
ValidateTopology), mapping/arch-properties.cpp (DeriveFanouts). What is an assertion there is a located
SpecError here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.errors import Location, SpecError, unknown_name
from harness.spec.architecture import (
    AREA_SCALE,
    ENERGY_SCALE,
    SPARSE_ACTIONS,
    Architecture,
    ArithmeticLevel,
    Network,
    OtherComponent,
    StorageLevel,
)
from harness.spec.energy import is_sparse_action
from harness.spec.flattened.attributes import (
    COMPUTE_ATTRIBUTES,
    NETWORK_ATTRIBUTES,
    STORAGE_ATTRIBUTES,
    Attributes,
    as_number,
    require_known_keys,
)
from harness.spec.flattened.energy_tables import read_art, read_ert
from harness.spec.flattened.sparse import read_metadata_storage, read_sparse, sparse_targets
from harness.spec.located import where
from harness.spec.sparse import MetadataStorage, SparseOptimizations

_ARCHITECTURE_KEYS = {"version", "subtree", "name", "attributes", "nodes"}
_SUBTREE_KEYS = {"name", "attributes", "local", "subtree", "class", "enabled", "required_actions"}
_COMPONENT_KEYS = {
    *("name", "class", "subclass", "attributes", "required_actions", "enabled"),
    *("energy_scale", "area_scale"),
}

# A class is storage, compute or network when it contains one of these words, tried in this order.
_STORAGE_WORDS = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
_COMPUTE_WORDS = ("mac", "compute")
_NETWORK_WORDS = ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")

_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]")


def read_architecture(tree: Mapping[str, Any]) -> Architecture:
    """Read the architecture of a whole flattened tree, or an ``architecture`` node alone.

    From a whole tree the ``ERT`` and ``ART`` are taken along, and its sparse optimisations. Raises SpecError
    with the place of what is wrong.
    """
    root = tree.get("architecture", tree)
    if not isinstance(root, Mapping) or "subtree" not in root:
        raise SpecError("the architecture needs a 'subtree'", where(tree, "architecture"))
    require_known_keys(root, _ARCHITECTURE_KEYS, "architecture")
    found = _Found(metadata={} if sparse_targets(tree) else None)
    _walk(root, "", 1, {}, found)
    if found.arithmetic is None:
        raise SpecError("the architecture has no compute component (class *mac* or *compute*)", where(root))
    if not found.storage:
        raise SpecError("the architecture has no storage component", where(root))
    _check_names(found)
    _check_meshes(found)
    _check_networks(found)
    return Architecture(
        name=found.top_name,
        arithmetic=found.arithmetic[0],
        storage=tuple(level for level, _ in found.storage),
        networks=tuple(network for network, _ in found.networks),
        ert=read_ert(tree["ERT"]) if tree.get("ERT") else None,
        art=read_art(tree["ART"]) if tree.get("ART") else None,
        others=tuple(found.others),
        sparse=_sparse(tree, found),
    )


def _sparse(tree: Mapping[str, Any], found: _Found) -> SparseOptimizations | None:
    assert found.arithmetic is not None
    if found.metadata is None:
        return None
    storage = {level.name: found.metadata[level.name] for level, _ in found.storage}
    return read_sparse(tree, storage, found.arithmetic[0].name)


def split_range(name: str) -> tuple[str, int]:
    """``("Buf", 16)`` for ``Buf[1..16]``; the count is 1 without a range."""
    match = _RANGE.search(name)
    if match is None:
        return name.split("[", maxsplit=1)[0], 1
    return name[: name.index("[")], int(match.group(2)) - int(match.group(1)) + 1


@dataclass
class _Found:
    """What the walk has met, with the place of each component. Storage from inner to outer."""

    top_name: str = ""
    arithmetic: tuple[ArithmeticLevel, Location | None] | None = None
    storage: list[tuple[StorageLevel, Location | None]] = field(default_factory=list)
    networks: list[tuple[Network, Location | None]] = field(default_factory=list)
    others: list[OtherComponent] = field(default_factory=list)
    metadata: dict[str, MetadataStorage] | None = None
    """By level; None without sparse optimisations: then they mean nothing."""


def _walk(
    node: Mapping[str, Any], path: str, count: int, inherited: Mapping[str, Any], found: _Found
) -> None:
    """Visit a chain of subtrees from the outside in; deeper means nearer to the arithmetic."""
    subtrees = node.get("subtree")
    if subtrees is None:
        return
    if not isinstance(subtrees, list) or len(subtrees) != 1 or not isinstance(subtrees[0], Mapping):
        raise SpecError("'subtree' must be a list with exactly one entry", where(node, "subtree"))
    child = subtrees[0]
    require_known_keys(child, _SUBTREE_KEYS, "subtree", where(subtrees, 0))
    name = child.get("name")
    if not isinstance(name, str):
        raise SpecError("a subtree needs a 'name'", where(child))
    if child.get("enabled", True) is False:
        return
    path = f"{path}.{name}" if path else name
    found.top_name = found.top_name or split_range(name)[0]
    count *= split_range(name)[1]
    inherited = {**inherited, **_attributes_node(child, name)}
    container = _Container(path, count, inherited)

    local = child.get("local") or []
    if not isinstance(local, list):
        raise SpecError("'local' must be a list of components", where(child, "local"))
    here = _Found(metadata=found.metadata)
    for index, component in enumerate(local):
        _read_component(component, where(local, index), container, here)
    if here.arithmetic is not None:
        if found.arithmetic is not None:
            raise SpecError("a second compute component", here.arithmetic[1])
        found.arithmetic = here.arithmetic
    found.storage[:0] = reversed(here.storage)
    found.networks[:0] = reversed(here.networks)
    found.others.extend(here.others)
    _walk(child, path, count, inherited, found)


def _attributes_node(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    attributes = node.get("attributes")
    if attributes is None:
        return {}
    if not isinstance(attributes, Mapping):
        raise SpecError(f"{name}: 'attributes' must be a mapping", where(node, "attributes"))
    return attributes


@dataclass(frozen=True)
class _Identity:
    """What every component has: names, class, number of instances by its name, and place."""

    name: str
    full_name: str
    class_name: str
    count: int
    place: Location | None


@dataclass(frozen=True)
class _Container:
    """Where a list of components stands: path of names, instances so far, attributes handed down."""

    path: str
    count: int
    attributes: Mapping[str, Any]


def _read_component(component: Any, place: Location | None, container: _Container, found: _Found) -> None:
    if not isinstance(component, Mapping):
        raise SpecError("a component must be a mapping with name and class", place)
    place = where(component) or place
    if component.get("enabled", True) is False:
        return
    name, class_name = component.get("name"), component.get("class")
    if not isinstance(name, str):
        raise SpecError("a component needs a 'name'", place)
    if not isinstance(class_name, str):
        raise SpecError(f"{name}: a component needs a 'class'", place)
    require_known_keys(component, _COMPONENT_KEYS, f"component '{name}'", place)
    short, size = split_range(name)
    attributes = Attributes(short, _attributes_node(component, name), container.attributes)
    if component.get("subclass") is not None:
        attributes.all["subclass"] = component["subclass"]
    for key, entry in (("energy_scale", ENERGY_SCALE), ("area_scale", AREA_SCALE)):
        if component.get(key) is not None:
            scale = as_number(component[key])
            if scale is None or scale < 0:
                raise SpecError(
                    f"{short}: {key} must be a number of 0 or more, not '{component[key]}'",
                    where(component, key),
                )
            attributes.all[entry] = scale
    if sparse := _sparse_actions(component, short):
        attributes.all[SPARSE_ACTIONS] = sparse
    who = _Identity(short, f"{container.path}.{name}", class_name, container.count * size, place)
    if any(word in class_name for word in _STORAGE_WORDS):
        if found.metadata is not None:
            found.metadata[short] = read_metadata_storage(short, attributes)
        found.storage.append((_read_storage(who, attributes), place))
    elif any(word in class_name for word in _COMPUTE_WORDS):
        if found.arithmetic is not None:
            raise SpecError(f"a second compute component, '{short}'", place)
        found.arithmetic = (_read_arithmetic(who, attributes), place)
    elif any(word in class_name for word in _NETWORK_WORDS):
        # Timeloop does not strip the range from a network's name.
        found.networks.append((_read_network(replace(who, name=name), attributes), place))
    else:
        found.others.append(OtherComponent(name, who.full_name, class_name, attributes.all))


def _sparse_actions(component: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What is required beyond the actions that every component of its kind has anyway."""
    required = component.get("required_actions") or []
    if not isinstance(required, list) or not all(isinstance(action, str) for action in required):
        raise SpecError(
            f"{name}: 'required_actions' must be a list of names", where(component, "required_actions")
        )
    return tuple(dict.fromkeys(str(action) for action in required if is_sparse_action(action)))


def _read_storage(who: _Identity, a: Attributes) -> StorageLevel:
    name, place = who.name, who.place
    a.refuse_misspelt(STORAGE_ATTRIBUTES)
    word_bits = a.integer("word_bits", "word_width", "datawidth", least=1) or 16
    block_size, cluster_size = _block_and_cluster(name, word_bits, a)
    technology: Literal["SRAM", "DRAM"] = (
        "DRAM" if "DRAM" in who.class_name or a.text("technology") == "DRAM" else "SRAM"
    )
    if technology == "DRAM" and cluster_size != 1:
        raise SpecError(f"{name}: a DRAM must have cluster_size 1", a.place("cluster_size") or place)
    ports = a.integer("num_ports", "n_ports")
    if ports not in (None, 1, 2):
        raise SpecError(f"{name}: num_ports must be 1 or 2, not {ports}", a.place("num_ports") or place)
    size_words = _size_words(name, word_bits, block_size, a)
    if size_words is None and technology != "DRAM":
        raise SpecError(f"{name}: only a DRAM may be without size (entries, depth or sizeKB)", place)
    multiple_buffering = a.positive("multiple_buffering") or 1.0
    min_utilization = a.not_negative("min_utilization") or 0.0
    if min_utilization and size_words is None:
        raise SpecError(f"{name}: min_utilization needs a size", a.place("min_utilization"))
    instances, mesh_x, mesh_y = _mesh(who, a)
    if instances % cluster_size:
        raise SpecError(
            f"{name}: {instances} instances are not a multiple of cluster_size {cluster_size}", place
        )
    both = a.positive("bandwidth")
    half = None if both is None else both / 2
    read_bandwidth, write_bandwidth = a.positive("read_bandwidth"), a.positive("write_bandwidth")
    network_type = a.text("network_type")
    if network_type not in (None, "1:1", "1:N", "M:N"):
        raise unknown_name("network_type", network_type, ("1:1", "1:N", "M:N"), a.place("network_type"))
    return StorageLevel(
        name=name,
        full_name=who.full_name,
        class_name=who.class_name,
        technology=technology,
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        word_bits=word_bits,
        block_size=block_size,
        cluster_size=cluster_size,
        size_words=size_words,
        multiple_buffering=multiple_buffering,
        min_utilization=min_utilization,
        read_bandwidth=half if read_bandwidth is None else read_bandwidth,
        write_bandwidth=half if write_bandwidth is None else write_bandwidth,
        shared_bandwidth=a.positive("shared_bandwidth"),
        bandwidth_scale=a.table("per_dataspace_bandwidth_consumption_scale"),
        network_fill_latency=a.integer("network_fill_latency") or 0,
        network_drain_latency=a.integer("network_drain_latency") or 0,
        network_word_bits=a.integer("network_word_bits"),
        reduction_supported=a.truth("reduction_supported"),
        power_gated_at=a.text("power_gated_at"),
        vector_access_energy=a.not_negative("vector_access_energy"),
        addr_gen_energy=a.number("addr_gen_energy"),
        cluster_area=a.number("cluster_area"),
        network_read=a.text("network_read"),
        network_fill=a.text("network_fill"),
        network_update=a.text("network_update"),
        network_drain=a.text("network_drain"),
        network_type=network_type,
        energy_per_hop=a.not_negative("energy_per_hop"),
        router_energy=a.not_negative("router_energy"),
        wire_energy=a.not_negative("wire_energy"),
        energy_per_ingress=a.not_negative("energy-per-ingress"),
        tile_width=a.number("tile_width"),
        attributes=a.all,
    )


def _block_and_cluster(name: str, word_bits: int, a: Attributes) -> tuple[int, int]:
    """Words per block and instances per cluster (buffer.cpp, "Data storage width")."""
    block = a.integer("block_size", "n_words", least=1)
    cluster = a.integer("cluster_size", least=1)
    width_name = a.first(("width", "memory_width", "data_storage_width"))
    if width_name is None:
        return block or 1, cluster or 1
    width = a.integer(width_name, least=1)
    assert width is not None
    if width % (word_bits * (block or 1)):
        raise SpecError(
            f"{name}: width {width} is not a multiple of word_bits x block_size = {word_bits} x {block or 1}",
            a.place(width_name),
        )
    if block is not None and cluster is not None:
        if block * word_bits * cluster != width:
            raise SpecError(
                f"{name}: block_size x word_bits x cluster_size = {block} x {word_bits} x {cluster} "
                f"is not the width {width}",
                a.place(width_name),
            )
        return block, cluster
    if cluster is not None:
        derived = width // cluster // word_bits
        if derived == 0:
            raise SpecError(
                f"{name}: width {width} is too narrow for cluster_size {cluster} words of {word_bits} bits",
                a.place(width_name),
            )
        return derived, cluster
    if block is not None:
        return block, width // (word_bits * block)
    return width // word_bits, 1


def _size_words(name: str, word_bits: int, block_size: int, a: Attributes) -> int | None:
    if a.given("sizeKB") and a.first(("entries", "depth", "memory_depth", "data_storage_depth")):
        raise SpecError(f"{name}: give sizeKB or entries/depth, not both", a.place("sizeKB"))
    entries = a.integer("entries")
    if entries is not None:
        return entries
    depth = a.integer("depth", "memory_depth", "data_storage_depth")
    if depth is not None:
        return depth * block_size
    kilobytes = a.integer("sizeKB")
    return None if kilobytes is None else kilobytes * 1024 * 8 // word_bits


def _mesh(who: _Identity, a: Attributes) -> tuple[int, int, int]:
    """(instances, meshX, meshY), each derived from the others where absent."""
    instances = a.integer("instances", least=1) or who.count
    mesh_x, mesh_y = a.integer("meshX", least=1), a.integer("meshY", least=1)
    if mesh_x is None and mesh_y is None:
        return instances, instances, 1
    if mesh_x is None:
        assert mesh_y is not None
        mesh_x = instances // mesh_y
    elif mesh_y is None:
        mesh_y = instances // mesh_x
    if mesh_x * mesh_y != instances:
        raise SpecError(
            f"{who.name}: meshX x meshY = {mesh_x} x {mesh_y} does not make {instances} instances",
            a.place("meshX") or who.place,
        )
    return instances, mesh_x, mesh_y


def _read_arithmetic(who: _Identity, a: Attributes) -> ArithmeticLevel:
    a.refuse_misspelt(COMPUTE_ATTRIBUTES)
    instances, mesh_x, mesh_y = _mesh(who, a)
    return ArithmeticLevel(
        name=who.name,
        full_name=who.full_name,
        class_name=who.class_name,
        instances=instances,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        word_bits=a.integer("word_bits", "datawidth", least=1) or 16,
        network_operand=a.text("network_operand"),
        network_result=a.text("network_result"),
        energy_pj=a.not_negative("energy"),
        area_um2=a.not_negative("area"),
        attributes=a.all,
    )


def _read_network(who: _Identity, a: Attributes) -> Network:
    name, class_name, place = who.name, who.class_name, who.place
    if class_name not in _NETWORK_WORDS:
        raise unknown_name("network class", class_name, _NETWORK_WORDS, place)
    a.refuse_misspelt(NETWORK_ATTRIBUTES)
    action = a.text("action_name")
    if class_name == "SimpleMulticast" and action is None:
        raise SpecError(f"{name}: a SimpleMulticast network needs an 'action_name'", place)
    network_type = a.text("network_type")
    if network_type not in (None, "1:1", "1:N", "M:N"):
        raise unknown_name("network_type", network_type, ("1:1", "1:N", "M:N"), a.place("network_type"))
    return Network(
        name=name,
        full_name=who.full_name,
        class_name=who.class_name,
        word_bits=a.integer("network_word_bits", "word_bits", "word_width", "datawidth") or 16,
        network_type=network_type,
        router_energy=a.not_negative("router_energy"),
        wire_energy=a.not_negative("wire_energy"),
        tile_width=a.number("tile_width"),
        energy_per_hop=a.not_negative("energy_per_hop"),
        energy_per_ingress=a.not_negative("energy-per-ingress"),
        fill_latency=a.integer("fill_latency") or 0,
        drain_latency=a.integer("drain_latency") or 0,
        action_name=action,
        multicast_factor_argument=a.text("multicast_factor_argument"),
        # As in Timeloop the mere presence of a truth value means yes.
        per_datatype_ert=a.truth("per_datatype_ERT") is not None,
        adder_energy=a.not_negative("adder_energy"),
        attributes=a.all,
    )


def _check_names(found: _Found) -> None:
    assert found.arithmetic is not None
    seen = {found.arithmetic[0].name}
    parts = [(level.name, place) for level, place in found.storage]
    for name, place in parts + [(network.name, place) for network, place in found.networks]:
        if name in seen:
            raise SpecError(f"the name '{name}' is used twice", place)
        seen.add(name)
    levels = [level.name for level, _ in found.storage]
    for level, place in found.storage:
        if level.power_gated_at is not None and level.power_gated_at not in levels:
            raise SpecError(
                f"{level.name}: power_gated_at names an unknown level '{level.power_gated_at}'",
                place,
                unknown_name("level", level.power_gated_at, levels).hint,
            )


def _check_meshes(found: _Found) -> None:
    assert found.arithmetic is not None
    inner: ArithmeticLevel | StorageLevel = found.arithmetic[0]
    for outer, place in found.storage:
        for axis, of_inner, of_outer in (
            ("meshX", inner.mesh_x, outer.mesh_x),
            ("meshY", inner.mesh_y, outer.mesh_y),
        ):
            if of_inner % of_outer:
                raise SpecError(
                    f"{axis} {of_inner} of '{inner.name}' is not a multiple of {axis} {of_outer} of "
                    f"the next outer level '{outer.name}'",
                    place,
                )
        inner = outer


def _check_networks(found: _Found) -> None:
    """Both ends of a link must name the same network, or neither may name one (Topology::Spec)."""
    assert found.arithmetic is not None
    names = [network.name for network, _ in found.networks]
    inner_name = found.arithmetic[0].name
    inner_ends = (found.arithmetic[0].network_operand, found.arithmetic[0].network_result)
    inner_keys = ("network_operand", "network_result")
    for outer, place in found.storage:
        outer_ends = (outer.network_read, outer.network_update)
        for key, end, inner_key, inner_end in zip(
            ("network_read", "network_update"), outer_ends, inner_keys, inner_ends, strict=True
        ):
            if end is not None and end not in names:
                raise SpecError(
                    f"{outer.name}: {key} names an unknown network '{end}'",
                    place,
                    unknown_name("network", end, names).hint,
                )
            if end != inner_end:
                raise SpecError(
                    f"{key} of '{outer.name}' is {end!r}, but {inner_key} of '{inner_name}' is "
                    f"{inner_end!r}: both ends of a link must name the same network",
                    place,
                )
        inner_name, inner_ends = outer.name, (outer.network_fill, outer.network_drain)
        inner_keys = ("network_fill", "network_drain")
