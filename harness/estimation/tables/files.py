"""What was read from files is kept for as long as they stay as they are: an edited table counts at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_MOST = 512
_State = tuple[tuple[int, int, int], ...]
_known: OrderedDict[tuple[str, ...], tuple[Sequence[Path], _State, Any]] = OrderedDict()


def remembered[T](key: tuple[str, ...], read: Callable[[], tuple[T, Sequence[Path]]]) -> T:
    """What ``read`` gives: a value, and the files and folders that it depends on.

    Read again only after one of them has changed.
    """
    found = _known.get(key)
    if found is not None and found[1] == _states_of(found[0]):
        return found[2]  # type: ignore[no-any-return]
    made, files = read()
    _known[key] = (files, _states_of(files), made)
    while len(_known) > _MOST:
        _known.popitem(last=False)
    return made


def _states_of(files: Sequence[Path]) -> _State:
    return tuple(_state_of(file) for file in files)


def _state_of(file: Path) -> tuple[int, int, int]:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
