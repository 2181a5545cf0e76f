"""What a user can get wrong in models, layers and GEMMs: one line each, with place and nearest name."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.workloads import find_layer, gemm_layer, load_model

RIGHT = {
    "name": "tiny",
    "hidden": "128",
    "heads": "2",
    "feed_forward": "512",
    "sequence_length": "64",
    "blocks": "2",
}


def _model_text(**changes):
    fields = {key: value for key, value in {**RIGHT, **changes}.items() if value is not None}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _message(call):
    with pytest.raises(HarnessError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


BAD_MODEL_FILES = {
    "unknown key": (
        _model_text(head="2"),
        "bad.yaml:7: unknown key of a model file 'head' (did you mean 'heads'?)",
    ),
    "misspelt key": (
        _model_text(hidden=None, hiden="128"),
        "bad.yaml:6: unknown key of a model file 'hiden' (did you mean 'hidden'?)",
    ),
    "missing": (_model_text(heads=None), "bad.yaml:1: tiny has no 'heads'"),
    "word for a number": (
        _model_text(heads="two"),
        "bad.yaml:3: 'heads' of tiny must be a positive whole number, not 'two'",
    ),
    "fraction": (
        _model_text(blocks="2.5"),
        "bad.yaml:6: 'blocks' of tiny must be a positive whole number, not 2.5",
    ),
    "zero": (
        _model_text(hidden="0"),
        "bad.yaml:2: 'hidden' of tiny must be a positive whole number, not 0",
    ),
    "truth for a number": (
        _model_text(batch="true"),
        "bad.yaml:7: 'batch' of tiny must be a positive whole number, not True",
    ),
    "list for a number": (
        _model_text(heads="[1, 2]"),
        "bad.yaml:3: 'heads' of tiny must be a positive whole number, not a list",
    ),
    "heads do not divide": (
        _model_text(heads="3"),
        "bad.yaml:3: tiny: hidden 128 is not divisible by heads 3 (heads 2 would fit)",
    ),
    "sweeps": (
        _model_text(softmax_sweeps="4"),
        "bad.yaml:7: tiny: softmax_sweeps must be 2, or 3 with max subtraction, not 4",
    ),
    "normalisation": (
        _model_text(normalisation="before"),
        "bad.yaml:7: unknown 'normalisation' of tiny: 'before'",
    ),
    "not a mapping": ("- hidden\n- heads\n", "bad.yaml:1: a specification must be a mapping of keys"),
    "no layers": ("layers: {}\n", "bad.yaml:1: bad has no layers"),
    "layers are a list": ("layers: [a]\n", "bad.yaml:1: 'layers' of bad must be a mapping of keys to values"),
    "unknown operator": (
        "layers:\n  a: {operator: gemm, D: 1, E: 1, L: 1}\n",
        "bad.yaml:2: unknown 'operator' of layer a: 'gemm'",
    ),
    "key of another operator": (
        "layers:\n  a: {D: 1, E: 1, L: 1, stride: 2}\n",
        "bad.yaml:2: unknown key of layer a (matmul) 'stride'",
    ),
    "layer without a size": ("layers:\n  a: {D: 1, L: 1}\n", "bad.yaml:2: layer a has no 'E'"),
    "layer is a number": (
        "layers:\n  a: 7\n",
        "bad.yaml:2: layer a must be a mapping of keys to values, not 7",
    ),
    "transposed is no truth": (
        "operator: conv\nlayers:\n  a: {D: 1, E: 1, L: 1, transposed: maybe}\n",
        "bad.yaml:3: 'transposed' of layer a must be true or false, not 'maybe'",
    ),
    "transposed with groups": (
        "operator: conv\nlayers:\n  a: {D: 1, E: 1, L: 1, G: 2, transposed: true}\n",
        "bad.yaml:3: layer a: a transposed convolution has no groups",
    ),
    "source is a number": (_model_text(source="7"), "bad.yaml:7: 'source' of tiny must be a text, not 7"),
    "aliases are a text": (
        _model_text(aliases="small"),
        "bad.yaml:7: 'aliases' of tiny must be a list of names, not 'small'",
    ),
}


@pytest.mark.parametrize("case", BAD_MODEL_FILES)
def test_a_bad_file_is_named_with_its_line(case, tmp_path):
    text, expected = BAD_MODEL_FILES[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert expected in _message(lambda: load_model(path))


BAD_CALLS = {
    "unknown model": (lambda: load_model("bert-huge"), "unknown model 'bert-huge' (did you mean 'bert-"),
    "missing file": (lambda: load_model("nowhere.yaml"), "nowhere.yaml: no such model file"),
    "unknown layer": (lambda: find_layer("KQVs"), "unknown layer 'KQVs' (did you mean 'KQV'?)"),
    "missing vgg layer": (lambda: find_layer("vggL6"), "unknown layer 'vggL6' (did you mean 'vggL"),
    "layer of a model": (
        lambda: load_model("vit-s").layer("FF3"),
        "unknown layer of vit-s 'FF3' (did you mean 'FF",
    ),
    "unknown override": (
        lambda: load_model("bert-base", {"sequence": 64}),
        "command line: unknown size of bert-base 'sequence' (did you mean",
    ),
    "override is no number": (
        lambda: load_model("bert-base", {"seq": "long"}),
        "command line: 'sequence_length' of bert-base must be a positive whole number, not 'long'",
    ),
    "negative override": (
        lambda: load_model("bert-base", {"seq": -4}),
        "command line: 'sequence_length' of bert-base must be a positive whole number, not -4",
    ),
    "overridden heads do not divide": (
        lambda: load_model("bert-large", {"heads": 15}),
        "command line: bert-large: hidden 1024 is not divisible by heads 15 (heads 16 would fit)",
    ),
    "override of a collection": (
        lambda: load_model("vgg", {"seq": 64}),
        "command line: vgg is a collection of layers with sizes of their own: seq cannot be set",
    ),
    "two sizes": (lambda: gemm_layer("64,64"), "--gemm: '64,64' has 2 sizes, a GEMM has three"),
    "four sizes": (lambda: gemm_layer("1,2,3,4"), "--gemm: '1,2,3,4' has 4 sizes, a GEMM has three"),
    "no number": (lambda: gemm_layer("64,a,64"), "'a' is not a whole number from 1 to"),
    "empty place": (lambda: gemm_layer("64,,64"), "an empty place is not a whole number from 1 to"),
    "zero size": (lambda: gemm_layer("0,1,1"), "'0' is not a whole number from 1 to"),
    "huge size": (lambda: gemm_layer("1,1,99999999999"), "'99999999999' is not a whole number from 1 to"),
    "negative size": (lambda: gemm_layer(4, -4, 4), "'-4' is not a whole number from 1 to"),
    "other digits": (lambda: gemm_layer("٣,4,4"), "'٣' is not a whole number from 1 to"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_a_bad_name_or_size_is_refused_in_one_line(case):
    call, expected = BAD_CALLS[case]
    assert expected in _message(call)
