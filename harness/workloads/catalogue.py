"""Finding models and layers by name: the shipped ones and the user's files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from harness.errors import Location, SpecError, unknown_name
from harness.spec.shipped import shipped_folder
from harness.workloads.fields import Node
from harness.workloads.layer import Layer
from harness.workloads.layer_file import read_layer_collection
from harness.workloads.model import Model
from harness.workloads.transformer_file import Overrides, read_transformer

DEFAULT_MODEL = "bert-large"
SUFFIXES = (".yaml", ".yml")


def list_models() -> tuple[Model, ...]:
    """The shipped Transformers with their own sizes, by family and size."""
    return tuple(sorted((m for m in _shipped() if m.shape is not None), key=_by_family_and_size))


def list_collections() -> tuple[Model, ...]:
    """The shipped collections of single layers: GEMM suites and convolutions."""
    return tuple(m for m in _shipped() if m.shape is None)


def list_layers() -> tuple[Layer, ...]:
    """All layers of the collections. The layers of a Transformer are ``load_model(name).layers``."""
    return tuple(layer for collection in list_collections() for layer in collection.layers)


def load_model(name_or_path: str | Path = DEFAULT_MODEL, overrides: Overrides | None = None) -> Model:
    """A shipped model or collection by name (or alias, in any case), or a file of the user's by path.

    ``overrides`` lay sizes over those of the file: ``{"sequence_length": 512, "batch": 8}``, also by their
    short names (``seq``, ``ff``), as numbers or as the words of the command line. Raises SpecError.
    """
    given = str(name_or_path)
    path = Path(given)
    if path.suffix.lower() in SUFFIXES or isinstance(name_or_path, Path):
        return _read(path, overrides or {})
    model = _shipped_model(given)
    return _read(_path_of(model.name), overrides) if overrides else model


def _shipped_model(given: str) -> Model:
    """By its name, which is that of its file, or by an alias, for which all files must be read."""
    for path in _shipped_paths():
        if _folded(given) == _folded(path.stem):
            return _model_in(path)
    for model in _shipped():
        if _folded(given) in map(_folded, model.aliases):
            return model
    raise unknown_name("model", given, _names_and_aliases(_shipped()))


def find_layer(name: str, model: Model | str | None = None) -> Layer:
    """The layer called ``name``, in any case: of ``model`` if it has one, else of the collections.

    Without a ``model`` the default model's layers come first. Raises SpecError naming the nearest layer.
    """
    chosen = model if isinstance(model, Model) else load_model(model or DEFAULT_MODEL)
    for layer in chain(chosen.layers, _layers_of_collections()):
        if layer.name.lower() == name.strip().lower():
            return layer
    raise unknown_name("layer", name, [layer.name for layer in (*chosen.layers, *list_layers())])


def _layers_of_collections() -> Iterator[Layer]:
    """As :func:`list_layers`, but no file is read unless one is asked for."""
    yield from list_layers()


def _shipped() -> tuple[Model, ...]:
    return tuple(_model_in(path) for path in _shipped_paths())


@cache
def _shipped_paths() -> tuple[Path, ...]:
    return tuple(sorted(p for p in shipped_folder("workloads").iterdir() if p.suffix in SUFFIXES))


@cache
def _model_in(path: Path) -> Model:
    return _read(path, {})


def _path_of(name: str) -> Path:
    return shipped_folder("workloads") / f"{name}.yaml"


def _read(path: Path, overrides: Overrides) -> Model:
    tree = _tree(path)
    if "layers" not in tree:
        return read_transformer(tree, path.stem, overrides)
    if overrides:
        given = ", ".join(overrides)
        message = f"{path.stem} is a collection of layers with sizes of their own: {given} cannot be set"
        raise SpecError(message, Location("command line"))
    return read_layer_collection(tree, path.stem)


def _tree(path: Path) -> Node:
    from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415  PyYAML and Jinja only when needed

    if not path.is_file():
        raise SpecError("no such model file", Location(str(path)))
    return load_yaml_file(path)


def _names_and_aliases(models: Iterable[Model]) -> list[str]:
    return [name for model in models for name in (model.name, *model.aliases)]


def _folded(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _by_family_and_size(model: Model) -> tuple[str, int]:
    assert model.shape is not None
    return model.family, model.shape.hidden * model.shape.blocks
