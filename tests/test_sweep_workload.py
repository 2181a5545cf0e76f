"""Which layers a sweep maps, and how often each counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.fusion import FusionOptions
from harness.sweep.workload import Workload, choose_layers
from harness.workloads import load_model

LEVELS = ("DRAM", "Accumulator", "Registers")


def choose(*words: str, options: FusionOptions | None = None, ignore_heads: bool = False) -> Workload:
    return choose_layers(words, load_model("bert-large"), LEVELS, options or FusionOptions(), ignore_heads)


def times(workload: Workload) -> dict[str, int]:
    return {share.layer.name: share.times for share in workload.shares}


def test_all_layers_come_in_the_order_of_the_model_with_their_repetitions() -> None:
    heads, blocks = 16, 24
    found = times(choose("all"))
    assert list(found.items()) == [
        ("KQV", blocks),
        ("KTQ", heads * blocks),
        ("softmax", heads * blocks),
        ("VScores", heads * blocks),
        ("Out", blocks),
        ("layernorm", 2 * blocks),
        ("FF1", blocks),
        ("FF2", blocks),
    ]


def test_heads_can_be_ignored() -> None:
    found = times(choose("all", ignore_heads=True))
    assert found == {**dict.fromkeys(found, 24), "layernorm": 48}
    assert {s.reason for s in choose("KTQ", ignore_heads=True).shares} == {"24 blocks"}


def test_named_layers_keep_the_order_of_the_command_line() -> None:
    assert list(times(choose("ff1", "KQV"))) == ["FF1", "KQV"]
    assert times(choose("Square")) == {"Square": 1}


def test_with_a_level_the_layers_of_pairs_are_fused() -> None:
    workload = choose("all", "accumulator", options=FusionOptions(no_e_fusion=True))
    assert workload.fusion_level == "Accumulator"
    fused = {s.layer.name: s.fusion for s in workload.shares if s.fusion is not None}
    assert set(fused) == {"KTQ", "softmax", "Out", "layernorm", "FF2"}
    assert all(f.level == "Accumulator" and f.options.no_e_fusion for f in fused.values())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["KQX"], "unknown layer 'KQX' (did you mean 'KTQ'?)"),
        (["KTQ", "Acumulator"], "unknown layer or fusion level 'Acumulator' (did you mean 'Accumulator'?)"),
        (["KQV", "Accumulator"], "KQV cannot be fused"),
        (["all", "KQV"], "'all' already names every layer"),
        (["KQV", "kqv"], "KQV is named twice"),
    ],
)
def test_what_cannot_be_mapped_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        choose(*words)
    assert message in str(caught.value)


def test_options_of_fusion_need_a_level() -> None:
    with pytest.raises(HarnessError, match="need a fusion level"):
        choose("KTQ", options=FusionOptions(l_fusion=True))


def test_layers_of_a_file_count_as_often_as_it_says(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(
        "layers: {A: {D: 8, E: 4, L: 2}, B: {D: 8, E: 4, L: 2, repeat: 3}, C: {D: 4, E: 8, L: 2}}"
    )
    workload = choose_layers(["all"], load_model(file), LEVELS, FusionOptions())
    assert times(workload) == {"A": 1, "B": 3, "C": 1}
