"""The reader of Timeloop's XML archive: the figures of the text beside it, and what is no such archive."""

from __future__ import annotations

import random

import pytest
from timeloop_recordings import names, recording

from harness.errors import SpecError
from harness.timeloop_outputs import read_map_stats_xml, read_map_text, read_stats

COMPLETE = [name for name in names() if name != "mapper_garbage" and recording(name).files]
COMPLETE.remove("mapper_no_mapping")
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>\n<!DOCTYPE boost_serialization>\n'


def xml_of(name: str) -> str:
    return recording(name).output("map+stats.xml")


def rounded(value: float) -> object:
    """As the text has it, with two decimals; half of the last one is rounded either way."""
    return pytest.approx(value, abs=0.005 + 1e-9 * abs(value))


@pytest.mark.parametrize("name", COMPLETE)
def test_the_figures_are_those_of_the_text(name: str) -> None:
    archive, printed = read_map_stats_xml(xml_of(name)), read_stats(recording(name).output("stats.txt"))
    unit, same = archive.arithmetic, printed.arithmetic
    assert same is not None
    assert (unit.name, unit.instances, unit.cycles) == (same.name, same.instances, same.cycles)
    assert (unit.random_computes, unit.mesh_x, unit.mesh_y) == (same.computes, same.mesh_x, same.mesh_y)
    assert unit.energy_pj == rounded(same.energy_pj)
    by_name = {level.name: level for level in archive.levels}
    assert len(by_name) == len(archive.levels)
    for beside in printed.levels:
        level = by_name[beside.name]
        assert (level.cycles, level.instances, level.word_bits, level.block_size) == (
            beside.cycles,
            beside.instances,
            beside.word_bits,
            beside.block_size,
        )
        assert level.read_bandwidth == beside.read_bandwidth
        assert level.slowdown == rounded(beside.slowdown)
        kept = [space for space in level.data_spaces if space.kept]
        for space, text in zip(kept, beside.data_spaces, strict=True):
            for count in ("partition_size", "utilized_capacity", "reads", "fills", "updates",
                          "temporal_reductions", "address_generations"):  # fmt: skip
                assert getattr(space, count) == getattr(text, count), (beside.name, text.name, count)
            assert space.energy_per_instance_pj == rounded(text.energy_per_instance_pj)
            assert space.energy_pj == pytest.approx(text.energy_pj, abs=0.015 + 1e-9 * text.energy_pj)
            assert space.read_bandwidth == rounded(text.read_bandwidth_per_instance)
    for network in printed.networks:
        found = next(other for other in archive.networks if other.name == network.name)
        assert found.type == network.type
        for space, text in zip(found.data_spaces, network.data_spaces, strict=True):
            assert (space.fanout, space.multicast_factor) == (text.fanout, text.multicast_factor)
            assert space.energy_per_instance_pj == rounded(text.energy_per_instance_pj)


@pytest.mark.parametrize("name", COMPLETE)
def test_the_loops_are_those_of_the_map(name: str) -> None:
    archive, nest = read_map_stats_xml(xml_of(name)), read_map_text(recording(name).output("map.txt"))
    analysed = False
    for level, beside in zip(reversed(archive.levels), nest.levels, strict=True):
        assert level.name == beside.name
        analysed = analysed or level.data_spaces[0].kept
        outside_in = [(loop.end, loop.axis) for loop in reversed(level.loops)]
        # Timeloop's analysis of the first data space begins where it is kept.
        assert outside_in == [(loop.factor, loop.axis) for loop in beside.loops if analysed]


def test_full_precision_and_what_is_absent() -> None:
    archive = read_map_stats_xml(xml_of("model_gemmini"))
    assert archive.arithmetic.energy_pj == 3027608346.29632
    assert archive.dimension_sizes == (64, 4096, 1, 1, 1, 4096, 1, 1)
    assert len(archive.levels[0].data_spaces) == 3  # of five places in the file
    assert archive.levels[0].read_bandwidth is None
    dram = archive.levels[-1]
    assert dram.size_words is None
    assert dram.loops[0].end == 256
    assert {network.type for network in archive.networks} == {"Legacy"}


def test_sparse_figures() -> None:
    archive = read_map_stats_xml(xml_of("model_sparse"))
    assert archive.arithmetic.gated_computes == 11055
    spad, buffer, _ = archive.levels
    z = spad.data_spaces[2]
    assert (z.random_reads, z.gated_reads, z.skipped_reads) == (298, 2678, 0)
    assert buffer.data_spaces[0].format_accesses.random_reads == ((128, 0), (0, 40))
    assert z.format_accesses.random_reads == ()


def test_networks_of_both_types() -> None:
    archive = read_map_stats_xml(xml_of("model_pim"))
    types = {network.name: network.type for network in archive.networks}
    assert types["A2D_NoC"] == types["D2A_NoC"] == "SimpleMulticast"
    adc = next(network for network in archive.networks if network.name == "A2D_NoC")
    assert adc.data_spaces[0].link_transfers is None
    assert adc.data_spaces[2].energy_per_instance_pj > 0


def test_an_object_may_be_elsewhere() -> None:
    """Boost writes an object that has several pointers once, and refers to it by number from then on."""
    text = xml_of("model_gemmini")
    whole = repr(read_map_stats_xml(text))  # in which NaN equals NaN
    first = text.index("<px class_id=")
    end = text.index("</px>") + len("</px>")
    declared = text[first:end]
    refers = '<px class_id_reference="4" object_id_reference="_0"></px>'
    # The object itself before everything that points to it.
    moved = text[:first] + refers + text[end:]
    moved = moved.replace("<engine ", f"<before>{declared}</before><engine ", 1)
    assert repr(read_map_stats_xml(moved)) == whole


def spoiled(old: str, new: str) -> str:
    text = xml_of("model_gemmini")
    assert old in text
    return text.replace(old, new, 1)


BOMB = HEAD.replace(
    "<!DOCTYPE boost_serialization>",
    '<!DOCTYPE boost_serialization [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
)
OUTSIDE = HEAD.replace(
    "<!DOCTYPE boost_serialization>",
    '<!DOCTYPE boost_serialization [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.xml: the file is empty"),
        ("Killed", "f.xml: no XML, or cut off before its first element"),
        (HEAD, "f.xml: no XML, or cut off before its first element"),
        (HEAD + "<html></html>", "f.xml:3: the root is <html>, not the <boost_serialization> of an archive"),
        (HEAD + "<boost_serialization>", "f.xml:3: <boost_serialization> has no <engine>, expected one"),
        (BOMB + "<boost_serialization>&b;", "f.xml:2: XML that declares an entity ('a') is not read"),
        (OUTSIDE + "<boost_serialization>&f;", "f.xml:2: XML that declares an entity ('f') is not read"),
        (HEAD + "<x>" * 300, "f.xml:3: elements are nested deeper than 200"),
        (xml_of("mapper_garbage"), "f.xml:2323: this XML is cut off"),
        (spoiled("<cycles_>4194304", "<cycles_>4.5"), "f.xml:31: <cycles_> has '4.5', expected a whole"),
        (spoiled("<energy_>", "<energy_>three "), "f.xml:29: <energy_> has 'three "),
        (spoiled("<count>7</count>", "<count>8</count>"), "f.xml:6: <levels_> says 8 items and has 7"),
        (spoiled('object_id="_1"', 'object_id_reference="_99"'), "f.xml:41: no object '_99' in this archive"),
        (spoiled("model::BufferLevel", "model::Cache"), "f.xml:41: a level of Timeloop's class 'model::C"),
        (spoiled("model::LegacyNetwork", "model::Mesh"), "f.xml:3611: a network of Timeloop's class"),
        (
            spoiled('class_name="model::BufferLevel" tracking_level="1" version="0"',
                    'class_name="model::BufferLevel" tracking_level="1" version="3"'),
            "f.xml:41: version 3 of Timeloop's model::BufferLevel is not known here, only version 0",
        ),
        (spoiled('<stats_ class_id="17" tracking_level="0" version="0">',
                 '<stats_ class_id="17" tracking_level="0" version="1">'),
            "f.xml:120: version 1 of Timeloop's storage statistics is not known here"),
        (spoiled("<reads>", "<Reads>").replace("</reads>", "</Reads>", 1), "f.xml:120: <stats_> has no"),
    ],
)  # fmt: skip
def test_broken_files(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_map_stats_xml(text, "f.xml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_no_damage_leads_to_anything_but_a_message() -> None:
    text, chance = xml_of("model_sparse"), random.Random(6)
    refused = 0
    for _ in range(60):
        at = chance.randrange(len(text))
        damaged = text[:at]
        if chance.random() < 0.7:
            damaged += chance.choice(["<", ">", "-", "x", "9", "/", "\x00", "&"]) + text[at + 1 :]
        try:
            read_map_stats_xml(damaged, "f.xml")
        except SpecError as error:
            refused += 1
            assert str(error).startswith("f.xml:")
    assert refused > 30
