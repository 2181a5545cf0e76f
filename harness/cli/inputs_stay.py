"""No command replaces or removes what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.cli.arguments import Arguments


def require_inputs_elsewhere(
    arguments: Arguments, places: Iterable[Path], names: Iterable[str], hint: str
) -> None:
    """HarnessError, with ``hint``, when a file that is read is one of ``names`` in one of ``places``."""
    from harness.spec.loading import expand_files  # noqa: PLC0415 - after the parsing

    kept = tuple(names)
    written = {(place / name).resolve() for place in places for name in kept}
    named = [arguments.architecture, arguments.model, arguments.profile, arguments.mapping]
    for name in [*named, *(expand_files(list(arguments.spec)) if arguments.spec else [])]:
        if name is not None and Path(name).resolve() in written:
            raise HarnessError(f"the input '{name}' is in the output folder and would be replaced", hint=hint)
