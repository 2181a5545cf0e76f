"""Digests of files: a changed text gives another one, wherever the folder lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest_of(files: Iterable[Path], folder: Path) -> str:
    """Of the names below ``folder`` and the contents."""
    digest = hashlib.sha256()
    for file in files:
        text = file.read_bytes()
        digest.update(f"{file.relative_to(folder)} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()
