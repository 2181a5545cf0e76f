"""The space of mappings under constraints: counting, indexing, enumerating, sampling.

``docs/mapspace.md`` defines the space; :class:`MapSpace` is the way in.
"""

from harness.mapspace.mapspace import MappingId, MapSpace, SpaceSizes, Template
from harness.mapspace.subspace import Refusal, SubSpace

__all__ = ["MapSpace", "MappingId", "Refusal", "SpaceSizes", "SubSpace", "Template"]
