"""The shipped models: sizes as published, layers as counted by hand, the graph of a block."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.spec.flattened import read_problem
from harness.spec.shipped import shipped_folder
from harness.spec.yaml_loader import load_yaml_file
from harness.workloads import Repeat, find_layer, list_collections, list_models, load_model

# name: (hidden, heads, blocks, feed-forward, tokens)
PUBLISHED = {
    "bert-base": (768, 12, 12, 3072, 512),
    "bert-large": (1024, 16, 24, 4096, 4096),
    "gpt2-small": (768, 12, 12, 3072, 1024),
    "gpt2-medium": (1024, 16, 24, 4096, 1024),
    "gpt2-large": (1280, 20, 36, 5120, 1024),
    "gpt2-xl": (1600, 25, 48, 6400, 1024),
    "vit-s": (384, 6, 12, 1536, 197),
    "vit-b": (768, 12, 12, 3072, 197),
    "vit-l": (1024, 16, 24, 4096, 197),
}

# (D, E, L) and MACs of one instance, figures of the earlier harness.
BERT_MATMULS = {
    ("bert-large", "KQV"): ((3072, 1024, 4096), 12884901888),
    ("bert-large", "KTQ"): ((4096, 64, 4096), 1073741824),
    ("bert-large", "VScores"): ((64, 4096, 4096), 1073741824),
    ("bert-large", "Out"): ((1024, 1024, 4096), 4294967296),
    ("bert-large", "FF1"): ((4096, 1024, 4096), 17179869184),
    ("bert-large", "FF2"): ((1024, 4096, 4096), 17179869184),
    ("bert-base", "KQV"): ((2304, 768, 512), 905969664),
    ("bert-base", "KTQ"): ((512, 64, 512), 16777216),
    ("bert-base", "VScores"): ((64, 512, 512), 16777216),
    ("bert-base", "Out"): ((768, 768, 512), 301989888),
    ("bert-base", "FF1"): ((3072, 768, 512), 1207959552),
    ("bert-base", "FF2"): ((768, 3072, 512), 1207959552),
}


def test_the_shipped_models_are_the_published_ones():
    assert {model.name for model in list_models()} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_the_published_ones(name):
    shape = load_model(name).shape
    sizes = (shape.hidden, shape.heads, shape.blocks, shape.feed_forward, shape.sequence_length)
    assert sizes == PUBLISHED[name]
    assert load_model(name).source


@pytest.mark.parametrize(("model", "layer"), BERT_MATMULS)
def test_matmuls_have_the_sizes_of_the_earlier_harness(model, layer):
    problem = load_model(model).layer(layer).problem
    sizes, macs = BERT_MATMULS[model, layer]
    assert tuple(problem.bound[d] for d in "DEL") == sizes
    assert problem.macs == macs
    assert {problem.bound[d] for d in "RSNQG"} == {1}
    assert problem.dimensions == tuple("EDRSNLQG")
    assert not problem.has_sliding_windows


def test_normalisations_are_three_dimensional_nests_of_sweeps():
    model = load_model("bert-large")
    softmax, layernorm = model.layer("softmax").problem, model.layer("layernorm").problem
    assert softmax.dimensions == layernorm.dimensions == ("L", "E", "D")
    assert softmax.bounds == (4096, 4096, 2)
    assert layernorm.bounds == (4096, 1024, 3)
    assert softmax.macs == 33554432
    assert layernorm.macs == 12582912
    assert {s.name: s.dimensions for s in softmax.data_spaces} == {
        "Weights": {"D"},
        "Inputs": {"E", "L"},
        "Outputs": {"E", "L"},
    }


def test_three_sweeps_model_the_subtraction_of_the_maximum():
    assert load_model("bert-base", {"softmax_sweeps": 3}).layer("softmax").problem.bound["D"] == 3


def test_repetitions_stay_beside_the_problem():
    model = load_model("bert-large")
    assert {layer.name: layer.repeat for layer in model.layers} == {
        "KQV": 24,
        "KTQ": 16 * 24,
        "softmax": 16 * 24,
        "VScores": 16 * 24,
        "Out": 24,
        "layernorm": 2 * 24,
        "FF1": 24,
        "FF2": 24,
    }
    ktq = model.layer("KTQ")
    assert ktq.repeat_reason == "16 heads x 24 blocks"
    assert ktq.repeat_per("head") == 16
    assert ktq.repeat_per("block", "place") == 24
    assert model.layer("layernorm").repeat_per("place") == 2


def test_more_blocks_change_no_problem():
    one, many = load_model("vit-b", {"blocks": 1}), load_model("vit-b")
    assert [layer.problem for layer in one.layers] == [layer.problem for layer in many.layers]
    assert many.macs == 12 * one.macs


def test_batch_is_a_dimension_where_samples_share_a_weight_and_a_repetition_elsewhere():
    model = load_model("bert-base", {"batch": 8})
    for name in ("KQV", "Out", "FF1", "FF2"):
        assert model.layer(name).problem.bound["N"] == 8
        assert model.layer(name).repeat == 12
    for name in ("KTQ", "VScores", "softmax"):
        assert Repeat(8, "sample") in model.layer(name).repeats
        assert model.layer(name).repeat == 12 * 12 * 8
    assert model.macs == 8 * load_model("bert-base").macs


def test_weights_are_parameters_only_where_they_are_trained():
    parameters = {layer.name: layer.parameters for layer in load_model("gpt2-small").layers}
    assert {name for name, spaces in parameters.items() if spaces} == {"KQV", "Out", "FF1", "FF2"}


@pytest.mark.parametrize("short", ["seq", "sequence_length"])
def test_sequence_length_is_overridden_under_both_names(short):
    assert load_model("bert-large", {short: 512}).layer("KTQ").problem.bound["L"] == 512
    assert load_model("bert-large", {short: "512"}).layer("KTQ").problem.bound["D"] == 512
    assert load_model("bert-large").layer("KTQ").problem.bound["L"] == 4096


def test_models_are_found_whatever_case_dash_or_alias():
    assert load_model("BERT_Large") == load_model("bert-large")
    assert load_model("gpt2").name == "gpt2-small"
    assert load_model("ViT-B16").name == "vit-b"


def test_after_attention_comes_layernorm_in_bert_and_before_it_in_gpt2():
    assert [o.name for o in load_model("bert-base")] == [
        "KQV", "KTQ", "softmax", "VScores", "Out", "layernorm_1", "FF1", "FF2", "layernorm_2",
    ]  # fmt: skip
    assert [o.name for o in load_model("gpt2")] == [
        "layernorm_1", "KQV", "KTQ", "softmax", "VScores", "Out", "layernorm_2", "FF1", "FF2",
    ]  # fmt: skip


def test_a_block_is_one_chain_of_shared_tensors():
    edges = {(e.producer, e.consumer) for e in load_model("bert-large").edges}
    assert edges == {
        ("KQV", "KTQ"),
        ("KQV", "VScores"),
        ("KTQ", "softmax"),
        ("softmax", "VScores"),
        ("VScores", "Out"),
        ("Out", "layernorm_1"),
        ("layernorm_1", "FF1"),
        ("FF1", "FF2"),
        ("FF2", "layernorm_2"),
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_tensor_has_the_size_that_its_producer_writes(name):
    model = load_model(name, {"batch": 2})
    words = {tensor.name: tensor.words for tensor in model.tensors}
    used = {tensor for operator in model for _, tensor in operator.tensors}
    assert used == set(words)
    for operator in model:
        problem, layer = operator.problem, operator.layer
        written = problem.data_space("Outputs").dimensions
        made = math.prod(problem.bound[dimension] for dimension in written)
        made *= layer.repeat_per("head", "sample")
        assert words[operator.writes[0]] == made, operator.name


def test_layers_of_the_chosen_model_come_first():
    assert find_layer("ktq", "bert-base").problem.bound["L"] == 512
    assert find_layer("KTQ").problem.bound["L"] == 4096
    assert find_layer("KTQ", load_model("vit-s")).problem.bound["L"] == 197


def test_a_model_file_of_the_users_is_read_by_path(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text("hidden: 128\nheads: 2\nfeed_forward: 512\nsequence_length: 64\nblocks: 2\n")
    model = load_model(path, {"seq": 32})
    assert model.name == "tiny"
    assert model.layer("KQV").problem.bound["D"] == 384
    assert model.layer("KTQ").problem.bound["L"] == 32
    assert load_model(str(path)).layer("KTQ").problem.bound["L"] == 64


GOLDEN = Path(__file__).resolve().parents[1].parent / "shared" / "golden" / "mapper_inputs"


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the reference's own inputs are not here")
@pytest.mark.parametrize("layer", ["KQV", "KTQ", "Out", "FF1", "softmax", "layernorm"])
def test_problems_equal_those_that_the_reference_was_run_on(layer):
    folder = GOLDEN / f"gemmini_{layer}"
    given = read_problem(load_yaml_file(folder / "input.yaml")["problem"])
    ours = load_model("bert-large").layer(layer).problem
    assert (ours.dimensions, ours.bounds) == (given.dimensions, given.bounds)
    assert ours.data_spaces == given.data_spaces


def test_the_name_of_a_shipped_model_is_that_of_its_file() -> None:
    for model in (*list_models(), *list_collections()):
        assert load_model(model.name.upper()).name == model.name
        assert (shipped_folder("workloads") / f"{model.name}.yaml").is_file()


def test_no_alias_is_the_name_of_another_model() -> None:
    models = (*list_models(), *list_collections())
    words = [word.lower().replace("_", "-") for model in models for word in (model.name, *model.aliases)]
    assert len(set(words)) == len(words)
