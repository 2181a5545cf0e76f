"""Names of files and folders that are plain everywhere."""

from __future__ import annotations

import re


def plain_name(part: str) -> str:
    """Only characters that are plain in every file system and shell; never a path separator."""
    return re.sub(r"[^A-Za-z0-9_.+=,-]", "-", part).lstrip(".") or "-"
