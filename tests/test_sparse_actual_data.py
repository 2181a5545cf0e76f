"""Densities from actual data: files, axes, and statistics of tiles against brute force and other models."""

from __future__ import annotations

import itertools
import math
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sparse_search_cases import SMALL, at, fixed, saving, tree

from harness.engines.content_hash import content_hash
from harness.errors import HarnessError
from harness.model import evaluate
from harness.model.sparse.actual_data import ActualData, actual_data
from harness.model.sparse.banded import Banded
from harness.model.sparse.densities import DensityModel, FixedStructured, Hypergeometric, Tile
from harness.model.sparse.density_models import density_model
from harness.search import search
from harness.spec.density import Density
from harness.spec.flattened import read_problem, write_problem
from harness.spec.loading import load_specification, read_specification
from harness.spec.tensor_file import read_tensor_file
from harness.spec.writing import dump_processed_input
from harness.spec.zero_pattern import ZeroPattern


def pattern_of(data: npt.NDArray[Any]) -> ZeroPattern:
    return ZeroPattern(data.shape, np.flatnonzero(data).astype(np.int64))


def model_of(data: npt.NDArray[Any]) -> ActualData:
    whole = (0,) * data.ndim, data.shape
    return actual_data(pattern_of(data), tuple(range(data.ndim)), whole)


def tile(*sizes: int) -> Tile:
    return Tile(((0,) * len(sizes), sizes))


def parts(data: npt.NDArray[Any], sizes: tuple[int, ...]) -> list[npt.NDArray[Any]]:
    """The tiles of ``data``, those at the edges cut off."""
    steps = [range(0, extent, size) for extent, size in zip(data.shape, sizes, strict=True)]
    corners = itertools.product(*steps)
    return [data[tuple(slice(c, c + s) for c, s in zip(corner, sizes, strict=True))] for corner in corners]


SHAPES = [
    ((12, 8), (4, 2), (2, 1)),
    ((12, 8), (6, 8), (3, 4)),
    ((10, 7), (4, 3), (3, 2)),
    ((6, 4, 5), (3, 2, 5), (1, 2, 5)),
]


@pytest.mark.parametrize(("shape", "outer", "inner"), SHAPES)
@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 1.0])
def test_tiles_are_counted(
    shape: tuple[int, ...], outer: tuple[int, ...], inner: tuple[int, ...], density: float
) -> None:
    data = np.random.default_rng(7).random(shape) < density
    model = model_of(data)
    tiles = parts(data, outer)
    counts = sorted(int(t.sum()) for t in tiles)
    asked = tile(*outer)
    assert model.most_occupancy(asked) == counts[-1]
    assert model.least_occupancy(asked, asked.words) == counts[0]
    assert model.expected_occupancy(asked) == pytest.approx(sum(counts) / len(counts))
    for confidence in (0.0, 0.3, 0.5, 0.9):
        enough = max(1, math.ceil(len(counts) * confidence - 1e-9))
        assert model.most_occupancy(asked, confidence) == counts[enough - 1]
    often = Counter(counts)
    found = model.occupancies(asked, 0, asked.words)
    assert dict(found) == pytest.approx({n: c / len(counts) for n, c in often.items()})
    assert model.probability(asked, 0) == pytest.approx(often[0] / len(counts))
    within = {n: [p for t in tiles if t.sum() == n for p in parts(t, inner)] for n in often}
    shares = model.empty_given(tile(*inner), asked, asked.words, sorted(often))
    assert shares == pytest.approx(
        [sum(not p.any() for p in within[n]) / len(within[n]) for n in sorted(often)]
    )
    if asked.words % tile(*inner).words == 0:
        most = max(sum(bool(p.any()) for p in parts(t, inner)) for t in tiles)
        assert model.most_elements(asked, tile(*inner)) == most


def test_nothing_is_asked_of_a_tile_that_does_not_occur() -> None:
    model = model_of(np.eye(4))
    with pytest.raises(HarnessError, match="2 x 2 words of the actual data has 3 non-zeros"):
        model.empty_given(tile(1, 1), tile(2, 2), 4, [3])
    assert model.occupancies(tile(0, 0), 0, 0) == [(0, 1.0)]


def same_answers(one: DensityModel, other: DensityModel, tiles: list[Tile]) -> None:
    for asked in tiles:
        assert one.most_occupancy(asked) == other.most_occupancy(asked)
        assert one.expected_occupancy(asked) == pytest.approx(other.expected_occupancy(asked))
        for n in range(asked.words + 1):
            assert one.probability(asked, n) == pytest.approx(other.probability(asked, n), abs=1e-12), (
                asked,
                n,
            )


def test_structured_data_are_as_the_structured_model_says() -> None:
    data = np.tile([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], (3, 4))
    same_answers(
        model_of(data), FixedStructured(0.25), [tile(1, 4), tile(4, 4), tile(4, 1), tile(12, 16), tile(4, 8)]
    )


def test_a_band_is_as_the_banded_model_says() -> None:
    near = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) <= 2
    banded = Banded(12, 2, slips=False)
    same_answers(
        model_of(near), banded, [tile(2, 2), tile(3, 3), tile(12, 12), tile(4, 4), tile(1, 12), tile(3, 12)]
    )
    assert model_of(near).probability(tile(1, 1), 1) == pytest.approx(banded.density)


def test_all_patterns_together_are_as_the_hypergeometric_model_says() -> None:
    """Of six words three are not zero: over all 20 placings the occupancies of a tile follow the model."""
    model = Hypergeometric(0.5, 6)
    placings = list(itertools.combinations(range(6), 3))
    for asked in (tile(1, 1), tile(1, 3), tile(2, 1)):
        mean = [0.0] * 4
        for placing in placings:
            data = np.zeros(6)
            data[list(placing)] = 1
            for n, p in model_of(data.reshape(2, 3)).occupancies(asked, 0, 6):
                mean[n] += p / len(placings)
        assert mean == pytest.approx([model.probability(asked, n) for n in range(4)])


def matrix(tmp_path: Path, text: str, name: str = "a.mtx") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    data = np.array([[0.0, 2.5, 0.0], [1e-300, 0.0, np.nan]])
    np.save(tmp_path / "a.npy", data)
    np.save(tmp_path / "f.npy", np.asfortranarray(data))
    np.save(tmp_path / "b.npy", data != 0)
    texts = [
        "%%MatrixMarket matrix coordinate real general\n% words\n\n2 3 4\n1 2 2.5\n2 1 1\n2 3 7\n1 1 0\n",
        "%%MatrixMarket matrix coordinate pattern general\n2 3 3\n1 2\n2 3\n2 1\n",
        "%%matrixmarket MATRIX array integer general\n2 3\n0\n1\n4\n0\n0\n-1\n",
        "%%MatrixMarket matrix coordinate complex general\n2 3 4\n1 2 0 1\n2 1 1 0\n2 3 1 1\n2 2 0 0\n",
    ]
    files = [tmp_path / n for n in ("a.npy", "f.npy", "b.npy")]
    files += [matrix(tmp_path, text, f"{n}.mtx") for n, text in enumerate(texts)]
    patterns = [read_tensor_file(file) for file in files]
    assert {p.digest for p in patterns} == {pattern_of(np.array([[0, 1, 0], [1, 0, 1]])).digest}
    assert patterns[0].density == 0.5
    assert len(set(patterns)) == 1


def test_symmetric_matrices_have_both_halves(tmp_path: Path) -> None:
    lower = matrix(tmp_path, "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n")
    assert read_tensor_file(lower) == pattern_of(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    array = matrix(tmp_path, "%%MatrixMarket matrix array real symmetric\n2 2\n0\n1\n0\n", "s.mtx")
    assert read_tensor_file(array) == pattern_of(np.array([[0, 1], [1, 0]]))
    skew = matrix(tmp_path, "%%MatrixMarket matrix array real skew-symmetric\n2 2\n3\n", "k.mtx")
    assert read_tensor_file(skew) == pattern_of(np.array([[0, 1], [1, 0]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.mtx:1: a MatrixMarket file begins with"),
        ("%%MatrixMarket matrix coordinate quaternion general\n", "'coordinate quaternion general' is no"),
        (
            "%%MatrixMarket matrix coordinate pattern general\n2 x 3\n",
            "a.mtx:2: 3 whole numbers are expected",
        ),
        ("%%MatrixMarket matrix coordinate pattern general\n", "3 whole numbers are expected"),
        ("%%MatrixMarket matrix coordinate pattern general\n0 3 0\n", "a tensor of 0 x 3 words"),
        ("%%MatrixMarket matrix coordinate pattern general\n99999999 99999999 0\n", "a tensor of 99999999 x"),
        ("%%MatrixMarket matrix coordinate pattern general\n1 1 1\n" + "0" * 22 + "1 1\n", "of 23 digits"),
        ("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n3 1\n", "a.mtx:3: entry 3, 1 is outside"),
        ("%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 1\n", "1 entries, but 2 are announced"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1\n", "an entry has 0 values, not 1"),
        ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 one\n", "'one' is no number"),
        ("%%MatrixMarket matrix array pattern general\n2 2\n", "an array has values, no pattern"),
        ("%%MatrixMarket matrix array real general\n2 2\n1\n", "the array of 2 x 2 ends early"),
        ("%%MatrixMarket matrix array real general\n1 1\n1\n1\n", "more entries than 1 x 1"),
        ("%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n", "a symmetric matrix of 2 x 3"),
    ],
)
def test_malformed_matrices_have_a_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        read_tensor_file(matrix(tmp_path, text))
    assert message in str(caught.value)


def test_arrays_that_are_none_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a"]))
    (tmp_path / "pickled.npy").write_bytes(pickle.dumps([1]))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "words.npy").read_bytes()[:20])
    (tmp_path / "empty.npy").write_bytes(b"")
    for name in ("objects", "words", "pickled", "cut", "empty"):
        with pytest.raises(HarnessError, match=rf"{name}\.npy: (not an array of numbers|an array of <U1)"):
            read_tensor_file(tmp_path / f"{name}.npy")
    with pytest.raises(HarnessError, match="no such file of actual data"):
        read_tensor_file(tmp_path / "none.npy")
    with pytest.raises(HarnessError, match=r"read from .mtx and .npy files, not from 'a.csv'"):
        read_tensor_file(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 8)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000000000000, 8)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1 + 1, 8)}",
        "{'descr': '<f8, 'fortran_order': False, 'shape': (2, 8)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': " + "(" * 300 + "2, 8)}",
        "{'descr': '''<f8",
        "\xff\xfe\x00",
    ],
)
def test_damaged_headers_are_refused(tmp_path: Path, header: str) -> None:
    written = header.encode("latin-1")
    length = len(written).to_bytes(2, "little")
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + length + written + bytes(128))
    with pytest.raises(HarnessError, match=r"a\.npy: not an array of numbers"):
        read_tensor_file(tmp_path / "a.npy")


def test_archives_and_folders_are_no_arrays(tmp_path: Path) -> None:
    with (tmp_path / "z.npy").open("wb") as file:
        np.savez(file, a=np.ones(4))
    (tmp_path / "p.npy").write_bytes(b"PK\x03\x04nothing")
    (tmp_path / "d.npy").mkdir()
    for name, message in (("z", "not an array"), ("p", "not an array"), ("d", "is no file")):
        with pytest.raises(HarnessError, match=message):
            read_tensor_file(tmp_path / f"{name}.npy")


def test_a_home_of_nobody_is_refused() -> None:
    with pytest.raises(HarnessError, match="in the home of nobody known here"):
        read_problem(product(data(Path("~no such user/a.npy"))))


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_a_matrix_with_a_byte_order_mark_is_told(tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "a.mtx").write_bytes(mark + b"%%MatrixMarket matrix coordinate pattern general\n1 1 0\n")
    with pytest.raises(HarnessError, match=r"a\.mtx:1: .*without the mark of UTF-8"):
        read_tensor_file(tmp_path / "a.mtx")


def test_axes_are_written_by_dimensions_that_name_one_rank_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((7, 4)))
    node = product({})
    node["shape"]["data_spaces"][0]["projection"] = [[["M"], ["K"]], [["M"]]]
    node["instance"].update(M=4, K=4, densities={"A": data(tmp_path / "a.npy")})
    problem = read_problem(node)
    written = write_problem(problem)
    assert written["instance"]["densities"]["A"]["axes"] == ["K", 1]
    assert read_problem(written) == problem
    written["instance"]["densities"]["A"]["axes"] = ["K", 2]
    with pytest.raises(HarnessError, match="unknown dimension in the 'axes' of A: '2'"):
        read_problem(written)


def product(density: Any, m: int = 4, k: int = 6) -> dict[str, Any]:
    node: dict[str, Any] = tree({"M": m, "N": 2, "K": k}, {"A": density}, [], depth=8)["problem"]
    return node


def data(file: Path, **more: Any) -> dict[str, Any]:
    return {"distribution": "actual_data", "file": str(file), **more}


def test_axes_are_ranks(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 6)))
    np.save(tmp_path / "t.npy", np.ones((6, 4)))
    np.save(tmp_path / "v.npy", np.ones(6))
    straight = read_problem(product(data(tmp_path / "a.npy"))).density_of("A")
    assert (straight.distribution, straight.density, straight.axes) == ("actual_data", 1.0, (0, 1))
    turned = read_problem(product(data(tmp_path / "t.npy", axes=["K", "M"]))).density_of("A")
    assert turned.axes == (1, 0)
    assert read_problem(product(data(tmp_path / "v.npy"), m=1)).density_of("A").axes == (1,)
    for density, message in (
        (data(tmp_path / "t.npy"), "are 6 .M. x 4 .K. words, the tensor is 4 .M. x 6 .K."),
        (data(tmp_path / "v.npy"), "have 1 axes, the tensor has 2 of more than one word .M, K."),
        (data(tmp_path / "v.npy", axes=["K"]), "are 6 .K. words, the tensor is 4"),
        (data(tmp_path / "a.npy", axes=["M"]), "must be a list of 2 dimensions"),
        (data(tmp_path / "a.npy", axes=["M", "N"]), "unknown dimension in the 'axes' of A: 'N'"),
        (data(tmp_path / "a.npy", axes=["M", "M"]), "M does not name one rank alone"),
        ({"distribution": "actual_data"}, "the actual data of A need a 'file'"),
        (data(tmp_path / "a.npy", digest="sha256:0"), "holds other data than when its digest was written"),
    ):
        with pytest.raises(HarnessError, match=message):
            read_problem(product(density))


def test_a_problem_with_data_is_written_and_read_again(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.eye(6, 4))
    problem = read_problem(product(data(tmp_path / "t.npy", axes=["K", "M"])))
    assert read_problem(write_problem(problem)) == problem
    assert pickle.loads(pickle.dumps(problem)) == problem
    np.save(tmp_path / "t.npy", np.ones((6, 4)))
    with pytest.raises(HarnessError, match="other data"):
        read_problem(write_problem(problem))


def test_content_and_nothing_else_is_the_identity(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.eye(4, 6))
    np.save(tmp_path / "b.npy", np.eye(4, 6) * 3)
    np.save(tmp_path / "c.npy", np.eye(4, 6)[::-1])
    a, b, c = (content_hash(read_problem(product(data(tmp_path / f"{n}.npy")))) for n in "abc")
    assert a == b
    assert a != c


def test_files_are_looked_for_beside_the_one_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "inputs"
    folder.mkdir()
    np.save(folder / "a.npy", np.eye(4, 6))
    whole = tree(
        SMALL,
        {"A": {"distribution": "actual_data", "file": "a.npy"}},
        [at("Buffer", saving("gating", "B", "A"))],
        depth=20,
    )
    (folder / "in.yaml").write_text(dump_processed_input(whole))
    monkeypatch.chdir(tmp_path)
    density = load_specification([str(folder / "in.yaml")]).problem.density_of("A")
    assert density == Density("actual_data", 4 / 24, pattern=pattern_of(np.eye(4, 6)), axes=(0, 1))


SAVING = [
    at("Buffer", saving("skipping", "B", "A"), A=["UOP", "CP"]),
    at("DRAM", saving("gating", "Z", "A"), A=["UOP", "CP"]),
]


def test_mappings_cost_what_the_structured_model_says_of_structured_data(tmp_path: Path) -> None:
    """Each column and each row of 2 x 4 blocks has its share, so every tile that occurs is as full."""
    np.save(tmp_path / "a.npy", np.tile([[1, 0, 1, 0], [0, 1, 0, 1]], (2, 2)))
    bounds = {"M": 4, "N": 2, "K": 8}
    known = read_specification(tree(bounds, {"A": data(tmp_path / "a.npy")}, SAVING, depth=40))
    said = read_specification(tree(bounds, {"A": fixed(0.5)}, SAVING, depth=40))
    settings = replace(known.settings, algorithm="linear_pruned")
    found = search(known.architecture, known.problem, known.constraints, settings)
    other = search(said.architecture, said.problem, said.constraints, settings)
    assert found.stats is not None
    assert other.mapping is not None
    on_known = evaluate(known.architecture, known.problem, other.mapping)
    assert other.stats is not None
    assert on_known.cycles == other.stats.cycles
    assert on_known.energy_pj == pytest.approx(other.stats.energy_pj)
    assert found.stats.edp_j_cycles <= on_known.edp_j_cycles


def test_empty_rows_are_saved_that_an_average_does_not_know(tmp_path: Path) -> None:
    half = np.zeros((4, 8))
    half[:2] = 1
    np.save(tmp_path / "rows.npy", half)
    rows = read_specification(
        tree({"M": 4, "N": 2, "K": 8}, {"A": data(tmp_path / "rows.npy")}, SAVING, depth=40)
    )
    even = read_specification(tree({"M": 4, "N": 2, "K": 8}, {"A": fixed(0.5)}, SAVING, depth=40))
    best = [
        search(s.architecture, s.problem, s.constraints, replace(s.settings, algorithm="linear_pruned")).stats
        for s in (rows, even)
    ]
    assert best[0] is not None
    assert best[1] is not None
    assert best[0].cycles == best[1].cycles == 32
    space = next(ds for ds in best[0].levels[0].data_spaces if ds.name == "A")
    assert space.sparse is not None
    assert space.sparse.density_distribution == "actual_data"


def test_what_is_kept_of_a_tensor_is_small_and_kept_once(tmp_path: Path) -> None:
    """A search remembers the models that it asks: 4 bytes for each word and rank of several words."""
    np.save(tmp_path / "a.npy", np.ones((40, 50)))
    problem = read_problem(product(data(tmp_path / "a.npy"), m=40, k=50))
    density = problem.density_of("A")
    whole = (0, 0, 0), (40, 50, 1)
    model = density_model(density, whole, "A", True)
    assert isinstance(model, ActualData)
    assert model is density_model(density, whole, "other", False)
    assert [of_rank.dtype.itemsize for of_rank in model.places[:2]] == [4, 4]
    assert model.places[2].strides == (0,)
    assert model.expected_occupancy(Tile(((0, 0, 0), (8, 10, 1)))) == 80


@pytest.mark.parametrize(
    ("shape", "places", "most"),
    [
        ((64, 64), range(0, 4096, 2), 512 + 400),
        ((64, 64), (5, 17, 4000), 12 + 400),
        ((64, 64), (), 400),
        ((2**20, 2**15), (0, 2**35 - 1), 16 + 400),
    ],
)
def test_patterns_travel_packed(shape: tuple[int, int], places: Sequence[int], most: int) -> None:
    pattern = ZeroPattern(shape, np.array(places, dtype=np.int64), "a.npy")
    packed = pickle.dumps(pattern)
    again = pickle.loads(packed)
    assert len(packed) < most
    assert (again.shape, again.file, again.digest) == (shape, "a.npy", pattern.digest)
    assert again.nonzeros.tolist() == list(places)
    assert ZeroPattern(shape, again.nonzeros).digest == pattern.digest
