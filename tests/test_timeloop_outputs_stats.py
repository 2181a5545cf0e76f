"""The reader of whole stats files: dense and sparse, of today and of 2024, and what is no stats file."""

from __future__ import annotations

import random

import pytest
from timeloop_recordings import names, recording

from harness.errors import SpecError
from harness.timeloop_outputs import read_stats

COMPLETE = [name for name in names() if recording(name).files.get(f"{recording(name).program}.stats.txt")]
COMPLETE.remove("mapper_garbage")


def stats_of(name: str) -> str:
    return recording(name).output("stats.txt")


@pytest.mark.parametrize("name", COMPLETE)
def test_levels_and_networks_add_up_to_the_summary(name: str) -> None:
    read = read_stats(stats_of(name))
    assert read.arithmetic is not None
    levels = sum(level.energy_pj for level in read.levels) + sum(n.energy_pj for n in read.networks)
    # The summary has two decimals of a uJ.
    assert read.arithmetic.energy_pj + levels == pytest.approx(read.summary.energy_pj, abs=5001)
    shares = dict(read.summary.energy_per_compute_pj)
    for part in (read.arithmetic, *read.levels, *read.networks):
        share = shares.get(part.name, 0.0)
        # A share has two decimals of a fJ.
        assert part.energy_pj / read.summary.computes == pytest.approx(share, abs=1e-5 + 1e-9 * share)
    assert read.arithmetic.computes == read.summary.computes
    assert read.intensity is not None
    assert read.intensity.elementwise_operations == read.summary.computes


def test_a_dense_level_in_detail() -> None:
    read = read_stats(stats_of("model_gemmini"))
    unit = read.arithmetic
    assert unit is not None
    assert (unit.name, unit.instances, unit.mesh_x, unit.mesh_y, unit.word_bits) == ("MAC", 256, 16, 16, 16)
    assert (unit.utilized_instances, unit.computes, unit.cycles) == (256.0, 2**30, 2**22)
    assert unit.gated_computes is None
    scratchpad = next(level for level in read.levels if level.name == "Scratchpad")
    assert (scratchpad.number, scratchpad.size_words, scratchpad.word_bits) == (5, 524288, 8)
    assert scratchpad.shared_bandwidth is None  # "-"
    assert scratchpad.read_bandwidth == 16.0
    assert scratchpad.vector_access_energy_source == "ERT"
    assert scratchpad.non_power_gated_utilization == 1.0
    assert [space.name for space in scratchpad.data_spaces] == ["Weights", "Inputs"]
    weights = scratchpad.data_spaces[0]
    assert (weights.utilized_capacity, weights.utilized_instances, weights.sparse) == (1024, 1.0, None)
    assert weights.energy_pj == weights.storage_energy_pj > 0
    dram = read.levels[-1]
    assert (dram.technology, dram.size_words, dram.effective_size_words) == ("DRAM", None, None)


def test_what_has_no_energy_is_told_on_request_only() -> None:
    everything, default = (read_stats(stats_of(name)) for name in ("model_gemmini", "model_gemmini_default"))
    hidden = {level.name for level in everything.levels} - {level.name for level in default.levels}
    assert hidden == {"inter_PECols_spatial", "inter_PERows_spatial"}
    assert len(everything.networks) == 6
    assert default.networks == ()


def test_networks_in_detail() -> None:
    read = read_stats(stats_of("model_pim_default"))
    adc, dac = read.networks
    assert (adc.name, adc.type, adc.action_name, adc.connection_type) == (
        "A2D_NoC",
        "SimpleMulticast",
        "transfer",
        2,
    )
    outputs = adc.data_spaces[-1]
    assert outputs.name == "Outputs"
    assert outputs.link_transfers is None
    assert adc.energy_pj == outputs.energy_pj > 0
    assert dac.energy_pj == dac.data_spaces[1].energy_pj > 0
    legacy = read_stats(stats_of("model_pim")).networks[-1]
    assert legacy.type == "Legacy"
    assert legacy.router_energy_pj is None
    for space in legacy.data_spaces:
        assert space.ingresses == sum(ingress.accesses for ingress in space.ingresses_by_multicast)


def test_a_sparse_level_in_detail() -> None:
    read = read_stats(stats_of("model_sparse"))
    unit = read.arithmetic
    assert unit is not None
    assert (unit.algorithmic_computes, unit.computes, unit.gated_computes) == (12288, 1233, 11055)
    assert unit.average_utilized_instances == 4.0
    assert read.summary.algorithmic_computes == 12288
    spad, buffer, _ = read.levels
    z = spad.data_spaces[1].sparse
    assert z is not None
    assert (z.reads.actual, z.reads.gated, z.reads.skipped) == (298, 2678, 0)
    assert (z.format, z.format_reads, z.metadata_tile_size) == ("none", None, ())
    a = buffer.data_spaces[0]
    assert (a.reads, a.utilized_capacity) == (512, 16)
    assert a.sparse is not None
    assert (a.sparse.format, a.sparse.tile_shape, a.sparse.density_distribution) == (
        "uop cp",
        64,
        "fixed_structured",
    )
    # Innermost rank first, though the file begins with the outermost.
    assert a.sparse.metadata_tile_size == ((16, 0), (0, 5))
    assert a.sparse.format_reads is not None
    assert a.sparse.format_reads.actual == ((128, 0), (0, 40))
    assert a.sparse.format_reads.gated == ()
    assert buffer.vector_access_energy_pj is None
    assert (buffer.vector_read_energy_pj, buffer.metadata_depth, spad.metadata_depth) == (3.5, 2048, None)


def of_2024(text: str) -> str:
    """The text as it was printed in 2024: pJ per compute, and the loops of each level before its figures."""
    before, table = text.split("fJ/Compute\n")
    lines = ["pJ/Compute"]
    for line in table.splitlines():
        name, equals, value = line.partition("= ")
        lines.append(f"{name}{equals}{float(value) / 1000:.2f}" if equals else line)
    nest = "    MAPPING\n    -------\n    Loop nest:\n      for D in [0:256)\n        for L in [0:4,3)\n\n"
    return before.replace("    STATS\n", nest + "    STATS\n", 3) + "\n".join(lines) + "\n"


def test_the_form_of_2024() -> None:
    text = stats_of("model_gemmini_default")
    today, then = read_stats(text), read_stats(of_2024(text))
    assert then.levels[0].loops == ("for D in [0:256)", "for L in [0:4,3)")
    assert today.levels[0].loops == ()
    assert then.levels[0].data_spaces == today.levels[0].data_spaces
    assert then.summary.energy_unit == "pJ"
    assert then.summary.energy_pj == today.summary.energy_pj
    assert then.summary.level_energy_pj("DRAM") == pytest.approx(
        today.summary.level_energy_pj("DRAM"), abs=0.00501 * today.summary.computes
    )


def spoiled(old: str, new: str) -> str:
    text = stats_of("model_gemmini")
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.txt: the file is empty: Timeloop has written no statistics"),
        ("\n\n", "f.txt: the file is empty: Timeloop has written no statistics"),
        ("Killed\n", "f.txt: no level in this file: not the statistics of Timeloop"),
        (
            stats_of("mapper_garbage"),
            "f.txt: no complete summary in this stats file, missing: cycles, energy",
        ),
        (
            spoiled("Area (total)            : ", "Area (total)            : x"),
            "f.txt:19: 'x378380.81' is not a number",
        ),
        (
            spoiled("Energy (total)          : ", "Energie"),
            "f.txt:5: the level 'MAC' has no 'Energy (total)'",
        ),
        (
            spoiled("Cycles                  : 4", "Cycles                  : 4.5e"),
            "f.txt:17: '4.5e194304' is not a whole",
        ),
        (
            spoiled("Cycles                  : ", "Cycles                  : " + 5000 * "9"),
            "f.txt:17: '" + 40 * "9" + "' is not a whole number",
        ),
        (spoiled("256 (16*16)", "some"), "f.txt:10: 'some' is not a number of instances"),
        (spoiled("pJ\n", "cal\n"), "f.txt:11: unknown energy unit 'cal'"),
        (
            spoiled(
                "=== Registers ===\n\n    SPECS\n    -----\n        Technology ", "=== X ===\n        Tech"
            ),
            "f.txt:23: 'X' is a second arithmetic level",
        ),
    ],
)
def test_broken_files(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_stats(text, "f.txt")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model_sparse", "model_pim_default"])
def test_no_damage_leads_to_anything_but_a_message(name: str) -> None:
    """Cut off anywhere, or with something else written over it."""
    text, chance = stats_of(name), random.Random(6)
    refused = 0
    for _ in range(150):
        at = chance.randrange(len(text))
        damaged = text[:at]
        if chance.random() < 0.5:
            damaged += chance.choice(["", "-", ":", "9", "nan", "\n", "\x00", "é"]) + text[at + 1 :]
        try:
            read_stats(damaged, "f.txt")
        except SpecError as error:
            refused += 1
            assert str(error).startswith("f.txt")
    assert refused > 60
