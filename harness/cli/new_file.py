"""Files that an option names and that will be written."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError


def new_file(option: str, name: str, suffixes: tuple[str, ...]) -> Path:
    """HarnessError for a name that a slip of the pen would make a disaster of."""
    file = Path(name)
    if file.suffix.lower() not in suffixes:
        hint = f"give it a name that ends in {suffixes[0]}"
        raise HarnessError(f"{option}: cannot write '{name}'", hint=hint)
    if file.is_dir() or (file.exists() and not file.is_file()):
        raise HarnessError(f"{option}: cannot write '{name}': it is no file")
    if not file.parent.is_dir():
        raise HarnessError(f"{option}: cannot write '{name}': there is no folder '{file.parent}'")
    return file
