"""The one way in: an estimation made before is taken from memory or the disk, any other is worked out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from harness.estimation.answers import Estimate, EstimationOptions
from harness.estimation.cache import AnswerCache, default_cache_folder
from harness.estimation.kept import estimate_of, key_of, record_of
from harness.estimation.parts import components_of
from harness.spec.architecture import Architecture

MOST_PER_FOLDER = 16
"""Whole estimations kept in each of 256 folders, some 20 MB in all: a sweep asks for a new one every time."""

_MOST_REMEMBERED = 64
_remembered: OrderedDict[tuple[Path | None, str], Estimate] = OrderedDict()


def estimate(
    architecture: Architecture,
    compound_components: Iterable[object] = (),
    options: EstimationOptions | None = None,
) -> Estimate:
    """Energy and area of every component of ``architecture``.

    ``compound_components`` are component classes in Accelergy's form (class mappings, or documents with
    ``classes``). Raises :class:`~harness.errors.EstimationError` for a component that nobody can estimate
    and for broken classes or tables. The architecture's own ERT and ART are not looked at.
    """
    options = options or EstimationOptions()
    components, classes = components_of(architecture), tuple(compound_components)
    folder = (options.cache_folder or default_cache_folder()) if options.use_cache else None
    cache = AnswerCache(folder, "estimates", MOST_PER_FOLDER)
    key = None if folder is None else key_of(components, classes, options)
    known = None
    if key is not None:
        known = _remembered.get((folder, str(key))) or estimate_of(cache.get(key) or {}, options)
    if key is not None and known is not None:
        _remember((folder, str(key)), known)
        return known
    # Imported where needed: the sources and their tables take longer to load than most answers to read.
    from harness.estimation.estimator import estimated  # noqa: PLC0415

    made = estimated(components, classes, options)
    record = None if key is None else record_of(made, options)
    if key is not None and record is not None:
        cache.put(key, record)
        _remember((folder, str(key)), made)
    return made


def _remember(key: tuple[Path | None, str], made: Estimate) -> None:
    """For as long as the process lives; the layers of a configuration ask one after the other."""
    _remembered[key] = made
    while len(_remembered) > _MOST_REMEMBERED:
        _remembered.popitem(last=False)
