"""The bit-serial digital array (``dimc`` with ``serial_bits``): adder tree, accumulator, clocks of a word."""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import pytest
from arches_cases import BERT_LARGE
from pim_cases import areas, energies, estimated

from harness.errors import SpecError
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import load_architecture_template

ADDER = 0.21 / 32
"""pJ of one bit of the library's adder at 40 nm."""
REGISTER = energies(estimated("dimc", {"serial_bits": 1, "pe_rows": 1}))["MAC.compute"] / 8 / 16 - ADDER
"""pJ of one bit of its register: a column of one row has no tree, its accumulator 16 bits."""


def _tree_bits(rows: int, leaf: int) -> int:
    """Bits of all adders of a balanced tree, counted level by level."""
    bits, width, left = 0, leaf, rows
    while left > 1:
        left //= 2
        bits += left * width
        width += 1
    return bits


@pytest.mark.parametrize("rows", [2, 32, 256])
@pytest.mark.parametrize("word", [8, 16])
@pytest.mark.parametrize("serial", [1, 2, 8])
def test_a_mac_has_its_share_of_tree_and_accumulator(rows: int, word: int, serial: int) -> None:
    steps, leaf = word // serial, word + serial - 1
    sum_bits = 2 * word + ceil(log2(rows))
    column = _tree_bits(rows, leaf) + rows * (serial - 1) * word + sum_bits
    expected = steps * (column * ADDER + sum_bits * REGISTER) / rows
    found = energies(estimated("dimc", {"pe_rows": rows, "word_bits": word, "serial_bits": serial}))
    assert found["MAC.compute"] == pytest.approx(expected, rel=1e-9)


def test_the_register_is_the_librarys() -> None:
    assert 0.0072 < REGISTER < 0.0108


def test_twice_the_operand_is_four_times_the_work() -> None:
    eight, sixteen = (
        energies(estimated("dimc", {"serial_bits": 1, "word_bits": bits}))["MAC.compute"] for bits in (8, 16)
    )
    assert 3.4 < sixteen / eight < 4


def test_a_word_takes_its_steps_in_time_and_memory_keeps_its_pace() -> None:
    def architecture(**parameters: Any) -> Any:
        tree = load_architecture_template("dimc").render(parameters, BERT_LARGE["KQV"], "matmul")
        tree["problem"] = write_problem(BERT_LARGE["KQV"])
        return tree

    plain, serial = architecture(), architecture(serial_bits=2)
    assert serial["variables"]["global_cycle_seconds"] == pytest.approx(
        4 * plain["variables"]["global_cycle_seconds"]
    )
    bandwidths = [
        next(n for n in tree["architecture"]["nodes"] if n.get("name") == "DRAM")["attributes"][
            "shared_bandwidth"
        ]
        for tree in (plain, serial)
    ]
    assert bandwidths[1] == 4 * bandwidths[0]
    specification_from_v4_tree(serial)


def test_area_is_one_tree_and_one_accumulator_for_each_column() -> None:
    short, tall = (areas(estimated("dimc", {"serial_bits": 1, "pe_rows": rows}))["MAC"] for rows in (2, 256))
    # Tall columns share their accumulator among more rows.
    assert tall < short < areas(estimated("dimc", {}))["MAC"]


def test_words_must_be_whole_steps() -> None:
    with pytest.raises(SpecError, match="word_bits must be a multiple of serial_bits"):
        load_architecture_template("dimc").resolve({"serial_bits": 3})
