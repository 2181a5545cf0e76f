"""Which Accelergy may answer here, for the keys of kept results."""

from __future__ import annotations

from functools import lru_cache

from harness.estimation.accelergy.installation import configuration_of, content_of, find_installation
from harness.estimation.query import Declined

NONE = "none"


@lru_cache(maxsize=1)
def accelergy_identity() -> str:
    """A digest of it with its plug-ins and tables; "none" where there is none that could answer."""
    try:
        found = find_installation()
        return NONE if found is None else content_of(found, configuration_of(found))
    except Declined:
        return NONE
