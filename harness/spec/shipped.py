"""Where the data files that come with the program lie: architectures, workloads, mappers, tables.

In a checkout they are folders beside the package; a wheel carries them inside it (``harness/shipped``).
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError, unknown_name

KINDS = ("arches", "workloads", "mappers", "estimation_tables")

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder(kind: str) -> Path:
    """The folder of one kind of shipped data.

    ``kind`` is one of :data:`KINDS`. Raises :class:`~harness.errors.SpecError` for another kind, and
    :class:`~harness.errors.HarnessError` when the installation has lost the folder.
    """
    if kind not in KINDS:
        raise unknown_name("kind of shipped data", kind, KINDS)
    for folder in (_PACKAGE / "shipped" / kind, _PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise HarnessError(
        f"the shipped folder '{kind}' is missing from the installation", hint="reinstall the package"
    )


def shipped_file(name: str) -> Path:
    """A single shipped data file, such as ``hw_configs.json``; looked for where the folders are.

    Raises :class:`~harness.errors.HarnessError` when the installation has lost it.
    """
    for file in (_PACKAGE / "shipped" / name, _PACKAGE.parent / name):
        if file.is_file():
            return file
    raise HarnessError(
        f"the shipped file '{name}' is missing from the installation", hint="reinstall the package"
    )
