"""The tables of docs/energy.md: what each switch of the accounting changes, up to the reference itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accounts import multiplier_table, rows, table

DOCS = Path(__file__).parents[1] / "docs" / "energy.md"


def test_all_switches_together_give_the_references_energies() -> None:
    for name, default, legacy, leaking, reference in rows():
        assert leaking == pytest.approx(reference, rel=1e-12), name
        assert default > legacy, name


def test_the_documented_tables_are_what_the_command_prints() -> None:
    assert table() in DOCS.read_text()
    assert multiplier_table() in DOCS.read_text()
