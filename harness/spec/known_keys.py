"""The keys of Timeloop's v4 dialect and of its flattened form, in one place.

Keys outside these lists are errors. The names that the model reads among the attributes of components are
in :mod:`harness.spec.flattened.attributes`; other attributes are free, for the energy estimators.
Source: the declarations of Timeloop's front end (v4) and the look-ups of Timeloop's parser.
"""

from __future__ import annotations

TAGS = ("Component", "Container", "Hierarchical", "Parallel", "Pipelined", "Nothing")

V4_TOP = frozenset(
    {
        "architecture", "components", "constraints", "mapping", "mapper", "problem", "sparse_optimizations",
        "variables", "mapspace", "globals", "ERT", "ART",
    }
)  # fmt: skip

V4_TOP_PARTS = ("constraints", "mapping", "components", "globals")
"""A top-level key that contains one of these words stands for it (``compound_components``)."""

COMPONENT_CLASSES = ("components", "compound_components")

FLATTENED_TOP = frozenset(
    {
        "dumped_by_timeloop_front_end", "architecture", "arch", "architecture_constraints",
        "arch_constraints", "mapspace", "mapspace_constraints", "problem", *COMPONENT_CLASSES, "mapping",
        "mapper", "sparse_optimizations", "globals", "ERT", "ART", "ERT_summary", "ART_summary", "layout",
        "variables",
    }
)  # fmt: skip

V4_ARCHITECTURE = frozenset({"version", "nodes"})
V4_BRANCH = frozenset({"nodes"})
V4_LEAF = frozenset({"name", "attributes", "spatial", "constraints", "sparse_optimizations", "enabled"})
V4_CONTAINER = V4_LEAF | {"networks"}
V4_COMPONENT = V4_LEAF | {"class", "subclass", "required_actions", "area_scale", "energy_scale"}
V4_SPATIAL = frozenset({"meshX", "meshY"})
V4_SPARSE = frozenset({"target", "action_optimization", "representation_format", "compute_optimization"})
V4_SPARSE_TOP = frozenset({"version", "targets"})

CONSTRAINT_TYPES = ("spatial", "temporal", "dataspace", "max_overbooked_proportion", "utilization")
_CONSTRAINT = frozenset({"type", "target"})
_ITERATION = _CONSTRAINT | {
    "factors", "permutation", "default_max_factor", "default_min_factor", "remainders", "factors_only",
    "no_iteration_over_dataspaces", "must_iterate_over_dataspaces", "maximize_dims",
    "maximize_dims_capacity", "no_reuse",
}  # fmt: skip
CONSTRAINT_KEYS = {
    "spatial": _ITERATION | {"no_link_transfer", "split"},
    "temporal": _ITERATION | {"rmw_first_update"},
    "dataspace": _CONSTRAINT | {"keep", "bypass", "keep_only", "bypass_only", "no_coalesce"},
    "max_overbooked_proportion": _CONSTRAINT | {"proportion"},
    "utilization": _CONSTRAINT | {"min"},
}

V4_CONSTRAINTS = frozenset({"version", "targets"})
V4_PROBLEM = frozenset({"version", "instance", "shape"})
V4_SHAPE = frozenset({"name", "dimensions", "data_spaces", "coefficients"})
V4_DATA_SPACE = frozenset({"name", "projection", "read_write"})
IDLE_SIZES = frozenset({"H", "W", "Hpad", "Wpad", "Hstride", "Wstride", "Hdilation", "Wdilation"})
"""Sizes in the instances of convolutions that a shape need not use; Timeloop then ignores them."""
_IDLE_FOLDED = frozenset(name.lower() for name in IDLE_SIZES if len(name) > 1)


def is_idle_size(name: str) -> bool:
    """One of :data:`IDLE_SIZES`, long names in any case: published layers have ``HStride``."""
    return name in IDLE_SIZES or name.lower() in _IDLE_FOLDED


V4_COMPONENTS = frozenset({"version", "classes"})
V4_MAPSPACE = frozenset({"version", "template"})
V4_TABLES = frozenset({"version", "tables"})
V4_GLOBALS = frozenset(
    {"version", "environment_variables", "expression_custom_functions", "accelergy_plug_ins"}
)

BUFFER_CLASSES = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
COMPUTE_CLASSES = ("mac", "intmac", "fpmac", "compute")
NETWORK_CLASSES = ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")
NOTHING_CLASSES = ("nothing",)
"""A class belongs to the first family of which it contains a word: ``smartbuffer_RF`` is a buffer."""
