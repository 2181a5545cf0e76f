"""The reader of ``map.txt``: mappings of the golden evaluations and of recorded runs, and broken texts."""

from __future__ import annotations

import pytest
from model_golden import load_cases
from timeloop_recordings import names, recording

from harness.engines.loop_nest import map_text
from harness.errors import SpecError
from harness.model import evaluate
from harness.spec.flattened import read_architecture, read_mapping, read_problem
from harness.spec.mapping import Mapping
from harness.spec.yaml_loader import load_yaml_text
from harness.timeloop_outputs import mapping_of, read_map_text

MODELS = [name for name in names() if recording(name).files and name.startswith("model_")]
TEXT = """\
DRAM [ Weights:72 (64) Inputs:24 (24) ]
-------------------------------------
| for C in [0:8,3)
|   for M in [0:2) (Spatial-Y)

Buffer [ ]
MAC [ Outputs:1 (1) ]
---------------------
|     for C in [0:4) (Spatial-X)
|       << Compute >>
"""


def loops_and_tensors(mapping: Mapping) -> list[object]:
    return [(level.level, level.temporal, level.spatial, level.keep) for level in mapping.levels]


def test_a_nest_in_detail() -> None:
    nest = read_map_text(TEXT)
    assert [level.name for level in nest.levels] == ["DRAM", "Buffer", "MAC"]
    dram, buffer, _ = nest.levels
    assert [(t.data_space, t.tile_size, t.utilized_capacity) for t in dram.tiles] == [
        ("Weights", 72, 64),
        ("Inputs", 24, 24),
    ]
    assert [(p.dimension, p.factor, p.residual, p.axis, p.line) for p in dram.loops] == [
        ("C", 8, 3, "", 3),
        ("M", 2, 2, "Y", 4),
    ]
    assert (buffer.tiles, buffer.loops) == ((), ())
    assert nest.level("none") is None


def test_our_own_texts_are_the_mapping_again() -> None:
    """Perfect and imperfect loops in time and space, convolutions, norms, 4 operands."""
    compared = imperfect = 0
    for name, architecture, problem, mapping, _, refusal in load_cases():
        if refusal is not None:
            continue
        text = map_text(problem, mapping, evaluate(architecture, problem, mapping))
        again = mapping_of(read_map_text(text), architecture, problem)
        assert loops_and_tensors(again) == loops_and_tensors(mapping), name
        compared += 1
        imperfect += "," in text
    assert compared > 300
    assert imperfect > 10


@pytest.mark.parametrize("name", MODELS)
def test_texts_of_the_real_program_are_the_mapping_that_it_was_given(name: str) -> None:
    trees = [load_yaml_text(text, file) for file, text in recording(name).inputs.items()]
    tree = {key: value for one in trees for key, value in one.items()}
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    given = read_mapping({"mapping": tree["mapping"]}, architecture, problem)
    nest = read_map_text(recording(name).output("map.txt"))
    assert loops_and_tensors(mapping_of(nest, architecture, problem)) == loops_and_tensors(given)


def test_residual_loops_of_the_real_mapper() -> None:
    nest = read_map_text(recording("mapper_imperfect").output("map.txt"))
    outer = next(loop for loop in nest.levels[0].loops if loop.dimension == "L")
    assert (outer.factor, outer.residual) == (7, 7)
    assert any(loop.factor != loop.residual for level in nest.levels for loop in level.loops)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (TEXT, "", "f.txt: the file is empty: Timeloop has written no mapping"),
        ("<< Compute >>", "", "f.txt:10: '|' is neither a level nor a loop"),
        ("|       << Compute >>\n", "", "f.txt:9: the loop nest is cut off: no '<< Compute >>' at its end"),
        ("in [0:8", "in [2:8", "f.txt:3: a loop that begins at 2, not at 0"),
        ("0:8,3)", "0:8,9)", "f.txt:3: a loop of 8 steps with 9 in the last visit"),
        ("0:2)", "0:0)", "f.txt:4: a loop of 0 steps with 0 in the last visit"),
        ("for M in", "for M of", "f.txt:4: '|   for M of [0:2) (Spatial-Y)' is neither a level nor a loop"),
        (">>\n", ">>\n| for C in [0:4)\n", "f.txt:11: more text after the end of the loop nest"),
        ("DRAM [ Weights:72 (64) Inputs:24 (24) ]\n", "", "f.txt:2: a loop before the first level"),
    ],
)
def test_broken_texts(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(SpecError) as caught:
        read_map_text(TEXT.replace(old, new, 1), "f.txt")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("DRAM [", "DRUM [", "f.txt:1: unknown level 'DRUM' (did you mean 'DRAM'?)"),
        ("for D in", "for d2 in", "f.txt:3: unknown dimension 'd2' (did you mean 'D'?)"),
        ("Weights:", "Waits:", "f.txt:1: unknown data space 'Waits' (did you mean 'Weights'?)"),
        ("Registers [ Weights:1 (1) ]", "", "f.txt: the loop nest has no level 'Registers'"),
    ],
)
def test_a_nest_of_another_architecture_or_problem(old: str, new: str, message: str) -> None:
    made = recording("mapper_gemmini")
    tree = load_yaml_text(made.inputs["parsed-processed-input.yaml"])
    text = made.output("map.txt")
    assert old in text
    nest = read_map_text(text.replace(old, new, 1), "f.txt")
    with pytest.raises(SpecError) as caught:
        mapping_of(nest, read_architecture(tree), read_problem(tree["problem"]))
    assert str(caught.value) == message
