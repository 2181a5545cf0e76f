"""The source of energies and areas that asks estimation tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from harness.estimation.query import AttributeFault, Declined, Finding, NoRow, Query
from harness.estimation.tables.lookup import look_up
from harness.estimation.tables.manifest import TableFamily
from harness.estimation.tables.places import families_in
from harness.estimation.tables.rows import load_table
from harness.spec.shipped import shipped_folder

SHIPPED_NAME = "tables"
OF_A_USER = f"{SHIPPED_NAME} in "
"""How the names of sources begin that somebody brought along; the folder follows."""


class TableSource:
    """All families of one folder, the most accurate first; or the one family that it is itself.

    The families are found once; whoever estimates anew makes a new source. That the user's own tables have no
    row is never passed over in an error message, as it is for the shipped ones.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = SHIPPED_NAME if _is_shipped(folder) else f"{OF_A_USER}{folder}"

    @cached_property
    def _families(self) -> tuple[TableFamily, ...]:
        return families_in(self._folder)

    def classes(self) -> Iterable[str]:
        return sorted({c for family in self._families for c in family.files})

    def estimate(self, query: Query) -> Finding:
        refusals = []
        for family in self._families:
            if query.class_name not in family.files:
                continue
            try:
                return look_up(query, family, load_table(family, query.class_name))
            except AttributeFault:
                raise
            except Declined as declined:
                refusals.append((family.name, declined))
        if refusals:
            shipped = self.name == SHIPPED_NAME
            kind = NoRow if shipped and all(isinstance(d, NoRow) for _, d in refusals) else Declined
            raise kind("; ".join(f"{name}: {declined.reason}" for name, declined in refusals))
        raise Declined("no table of that name", knows_class=False)


def _is_shipped(folder: Path) -> bool:
    shipped = shipped_folder("estimation_tables")
    return folder in (shipped, *shipped.iterdir())
