"""What all tests share."""

from __future__ import annotations

import pytest

from harness.search.optimal import warm_up


@pytest.fixture(scope="session", autouse=True)
def compiled_mapper() -> None:
    """No test should meet the note that the mapper is being compiled, nor spend its time limit on that."""
    warm_up(False)
