"""What all tests share."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.estimation.cache import default_cache_folder

_MADE_ONCE = ("kernels", "programs")
"""What is compiled is the user's: it takes minutes, and goes by the content of its sources."""


def _cold_cache() -> tempfile.TemporaryDirectory[str] | None:
    """A cache without answers for this session and all processes that it starts: what is kept by another
    version of this program must not stand in for what is tested. None where a session has made one already
    (workers of xdist, tests that run pytest), or where nothing can be kept anyway.
    """
    theirs = default_cache_folder()
    if theirs is None or os.environ.get("HARNESS_TEST_CACHE"):
        return None
    try:
        for name in _MADE_ONCE:
            (theirs / name).mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    cache = tempfile.TemporaryDirectory(prefix="test-cache-", ignore_cleanup_errors=True)
    ours = Path(cache.name) / "transformer-harness"
    ours.mkdir()
    for name in _MADE_ONCE:
        (ours / name).symlink_to(theirs / name, target_is_directory=True)
    os.environ["XDG_CACHE_HOME"] = os.environ["HARNESS_TEST_CACHE"] = cache.name
    return cache


_CACHE = _cold_cache()
"""Before anything of the program looks for its own: kernels find their folder once."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell switches Ctrl-C off for what it starts in the background; the programs under test would inherit
    # that, and respect it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def compiled_mapper() -> Iterator[None]:
    """No test should meet the note that the mapper is being compiled, nor spend its time limit on that."""
    from harness.search.optimal import warm_up  # noqa: PLC0415 - the folder of its kernels is that of the cache

    warm_up(False)
    yield
    if _CACHE is not None:
        os.environ.pop("HARNESS_TEST_CACHE", None)
        _CACHE.cleanup()
