"""GEMM suites, GEMMs of the command line, and the 47 convolutions with their corrected shapes."""

from __future__ import annotations

import pytest

from harness.workloads import find_layer, gemm_layer, list_collections, list_layers, load_model

SUITES = {
    "MB1": (8192, 8192, 8192),
    "MB2": (1024, 8192, 1024),
    "MB3": (8, 8192, 8),
    "MB4": (8, 1024, 8192),
    "MB5": (8192, 1024, 8),
    "MB6": (512, 256, 256),
    "Harsh1": (4000, 6032, 12000),
    "Harsh2": (7000, 1440, 4224),
    "Square": (1024, 1024, 1024),
}

# MACs of every convolution, figures of the earlier harness; the five corrected shapes are tested apart.
CONVOLUTION_MACS = {
    "I": 924844032, "II": 1849688064, "III": 118013952, "IV": 115605504, "V": 115605504, "VI": 115605504,
    "VII": 57802752, "VIII": 51380224, "IX": 21676032, "X": 36578304, "XI": 406425600, "XII": 1655808,
    "XIII": 115605504, "XIV": 16647192576, "XV": 1849688064, "XVI": 536870912, "XVII": 406425600,
    "XVIII": 7398752256, "XIX": 4682022912, "XX": 164416716800,
    "vggL0": 86704128, "vggL1": 1849688064, "vggL2": 924844032, "vggL3": 1849688064, "vggL4": 924844032,
    "vggL5": 1849688064, "vggL7": 924844032, "vggL8": 1849688064, "vggL10": 462422016, "vggL14": 16777216,
    "vggL15": 4096000, "vggL3+": 16647192576,
    "resnetL0": 118013952, "resnetL1": 115605504, "resnetL6": 115605504, "resnetL7": 6422528,
    "resnetL11": 115605504, "resnetL12": 6422528, "resnetL15": 57802752, "resnetL16": 115605504,
    "resnetL17": 6422528, "resnetL20": 512000, "resnetL1+": 1849688064, "resnetL3+": 16647192576,
    "legacy/vggL13": 1024360448, "legacy/resnetL5": 1849688064, "legacy/resnetL10": 28901376,
    "legacy/resnetL3+": 16647192576, "legacy/vggL3+": 16647192576,
}  # fmt: skip
TRANSPOSED = {"XVI", "XVII", "XVIII", "XIX", "XX"}


def _coefficients(layer, data_space):
    """Per rank of two terms: {dimension: coefficient}."""
    ranks = layer.problem.data_space(data_space).ranks
    return [{t.dimension: t.coefficient for t in rank} for rank in ranks if len(rank) == 2]


def test_there_are_20_benchmark_13_vgg_and_14_resnet_convolutions():
    counts = {c.name: len(c.layers) for c in list_collections()}
    assert counts == {"conv-benchmarks": 20, "vgg": 13, "resnet": 14, "gemm-suites": 9, "legacy": 5}
    assert len({layer.name.lower() for layer in list_layers()}) == 61


@pytest.mark.parametrize("name", SUITES)
def test_gemm_suites(name):
    layer = find_layer(name)
    assert tuple(layer.problem.bound[d] for d in "DEL") == SUITES[name]
    assert layer.operator == "matmul"
    assert layer.repeat == 1
    assert layer.repeat_reason == "once"


@pytest.mark.parametrize("name", CONVOLUTION_MACS)
def test_convolutions_have_the_macs_of_the_earlier_harness(name):
    layer = find_layer(name)
    assert layer.problem.macs == CONVOLUTION_MACS[name]
    assert layer.operator == "conv"
    assert layer.name == name


@pytest.mark.parametrize("name", sorted(n for n in CONVOLUTION_MACS if not n.startswith("legacy")))
def test_only_the_transposed_convolutions_slide_over_their_outputs(name):
    layer = find_layer(name)
    assert layer.problem.dimensions == tuple("RSLQEDN")
    slides, rests = ("Outputs", "Inputs") if name in TRANSPOSED else ("Inputs", "Outputs")
    assert [set(rank) for rank in _coefficients(layer, slides)] == [{"R", "L"}, {"S", "Q"}]
    assert _coefficients(layer, rests) == []
    assert "E" in layer.problem.data_space("Inputs").dimensions
    assert "D" in layer.problem.data_space("Outputs").dimensions


@pytest.mark.parametrize(
    ("name", "stride", "dilation"),
    [("I", 1, 1), ("III", 2, 1), ("XIII", 3, 4), ("XIV", 4, 3), ("XX", 2, 3), ("resnetL3+", 4, 3)],
)
def test_stride_moves_the_position_and_dilation_the_kernel(name, stride, dilation):
    layer = find_layer(name)
    space = "Outputs" if name in TRANSPOSED else "Inputs"
    assert _coefficients(layer, space) == [{"R": dilation, "L": stride}, {"S": dilation, "Q": stride}]


@pytest.mark.parametrize(
    ("name", "right", "legacy"),
    [
        ("vggL13", {"E": 25088, "D": 4096}, {"E": 250088, "D": 4096}),
        ("resnetL5", {"E": 64, "D": 128, "L": 28, "Q": 28, "R": 3}, {"E": 256, "D": 256, "L": 56, "R": 3}),
        ("resnetL10", {"E": 128, "D": 256, "L": 14}, {"E": 128, "D": 128, "L": 14}),
    ],
)
def test_corrected_shapes_keep_the_original_under_a_legacy_name(name, right, legacy):
    assert {d: find_layer(name).problem.bound[d] for d in right} == right
    assert {d: find_layer(f"legacy/{name}").problem.bound[d] for d in legacy} == legacy


def test_legacy_resnet_l3_plus_slides_on_one_axis_only():
    layer = find_layer("legacy/resnetL3+")
    assert layer.problem.dimensions == tuple("EDRSNLQG")
    assert _coefficients(layer, "Inputs") == [{"R": 1, "L": 1}, {"S": 3, "Q": 4}]
    assert find_layer("resnetL5").problem.macs == 28 * 28 * 9 * 64 * 128


def test_layers_are_found_in_any_case():
    assert find_layer("VGGl3+").name == "vggL3+"
    assert find_layer(" xvi ").name == "XVI"
    assert find_layer("mb3").name == "MB3"


@pytest.mark.parametrize("given", [("96,64,128",), ("96x64x128",), (" 96, 64 ,128 ",), (96, 64, 128)])
def test_a_gemm_of_the_command_line(given):
    layer = gemm_layer(*given)
    assert tuple(layer.problem.bound[d] for d in "DEL") == (96, 64, 128)
    assert layer.name == "gemm_96x64x128"
    assert layer.problem.macs == 96 * 64 * 128
    assert layer.problem == gemm_layer("96,64,128").problem


def test_a_collection_is_a_model_that_shares_nothing():
    vgg = load_model("vgg")
    assert [o.layer.name for o in vgg][:2] == ["vggL0", "vggL1"]
    assert vgg.edges == ()
    assert vgg.shape is None


def test_layers_of_the_users_from_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "operator: conv\n"
        "layers:\n"
        "  depthwise: {E: 1, D: 1, G: 32, R: 3, S: 3, L: 8, Q: 8, repeat: 4}\n"
        "  head: {operator: matmul, D: 10, E: 32, L: 1}\n"
        "  norm: {operator: norm, L: 8, E: 32, sweeps: 2}\n"
    )
    model = load_model(path)
    assert model.layer("depthwise").problem.bound["G"] == 32
    assert model.layer("depthwise").macs == 4 * 32 * 9 * 64
    assert model.layer("depthwise").repeat_reason == "4 times"
    assert model.layer("head").operator == "matmul"
    assert model.layer("norm").problem.bounds == (8, 32, 2)
    assert find_layer("HEAD", model).model == "mine"
