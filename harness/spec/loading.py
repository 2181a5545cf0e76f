"""From files to a :class:`Specification`: load, combine, find the dialect, flatten, read.

Two dialects are read: v4 (``architecture: nodes``) and the flattened form that Timeloop's front end writes
for the core (``architecture: subtree``). Several files may carry one specification; keys met again are
combined as the front end does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, Location, SpecError, Unsupported, unknown_name
from harness.spec import known_keys as keys
from harness.spec.architecture import Architecture
from harness.spec.given_tables import check_given_tables
from harness.spec.includes import SUFFIXES
from harness.spec.located import LocatedDict, LocatedList, where
from harness.spec.specification import Specification
from harness.spec.v4 import process_v4
from harness.spec.v4.keys import is_empty, located
from harness.spec.yaml_loader import load_yaml_file

MAX_FILES = 200

_APPENDED = frozenset(
    {
        "nodes", "targets", "classes", "tables", "mapping", "constraints", "accelergy_plug_ins",
        "expression_custom_functions",
    }
)  # fmt: skip


def load_specification(
    files: Sequence[str | Path], jinja_data: Mapping[str, Any] | None = None
) -> Specification:
    """The specification in one or more files (patterns such as ``arch/*.yaml`` are expanded).

    ``jinja_data`` are the values that templates see. Raises :class:`~harness.errors.HarnessError` with file
    and line.
    """
    return load_with_source(files, jinja_data)[0]


def load_with_source(
    files: Sequence[str | Path], jinja_data: Mapping[str, Any] | None = None
) -> tuple[Specification, LocatedDict | None]:
    """:func:`load_specification` with the v4 tree that it was made from, None for the flattened form."""
    paths = expand_files(files)
    tree = load_tree(paths, jinja_data)
    flattened = to_flattened(tree)
    specification = read_specification(flattened, tuple(str(p) for p in paths))
    return specification, tree if flattened is not tree else None


def specification_from_v4_tree(tree: Mapping[str, Any]) -> Specification:
    """The specification in a v4 tree, for instance from a template. The tree is not changed."""
    return read_specification(process_v4(tree))


def read_specification(tree: Mapping[str, Any], files: Sequence[str] = ()) -> Specification:
    """The specification in a flattened tree. ``ERT``, ``ART`` and ``mapping`` are honoured when given."""
    # The readers are imported here: they are needed by few of those who import this package.
    from harness.spec import flattened as readers  # noqa: PLC0415
    from harness.spec.flattened.constraints import read_constraints  # noqa: PLC0415
    from harness.spec.flattened.settings import read_settings  # noqa: PLC0415
    from harness.spec.flattened.variables import with_variables  # noqa: PLC0415

    tree = located(dict(tree)) if not isinstance(tree, LocatedDict) else tree
    tree = with_variables(tree)
    _check_flattened(tree)
    with _placed(tree, "problem"):
        _check_problem_keys(tree["problem"])
        problem = readers.read_problem(_without_idle_sizes(tree["problem"]))
    with _placed(tree, "architecture"):
        architecture: Architecture = readers.read_architecture(tree)
    with _placed(tree, "ERT"):
        ert = readers.read_ert(tree) if not is_empty(_tables(tree, "ERT")) else architecture.ert
    with _placed(tree, "ART"):
        art = readers.read_art(tree) if not is_empty(_tables(tree, "ART")) else architecture.art
    check_given_tables(tree, architecture)
    if ert is not None:
        architecture = architecture.with_energy(ert, art)
    with _placed(tree, "mapspace", "mapspace_constraints", "architecture_constraints"):
        constraints = read_constraints(tree, architecture, problem)
    mapping = None
    if not is_empty(tree.get("mapping")):
        with _placed(tree, "mapping"):
            mapping = readers.read_mapping(tree["mapping"], architecture, problem)
    return Specification(
        architecture=architecture,
        problem=problem,
        constraints=constraints,
        settings=read_settings(tree),
        mapping=mapping,
        compound_components=_compound_components(tree),
        tree=tree,
        files=tuple(files),
    )


@contextmanager
def _placed(tree: Mapping[str, Any], *keys_: str) -> Iterator[None]:
    """Give errors that do not know their place the place of the part that is being read."""
    try:
        yield
    except HarnessError as error:
        place = next((where(tree, key) for key in keys_ if key in tree), None)
        if error.location is not None or place is None:
            raise
        raise type(error)(error.message, place, error.hint) from None


def expand_files(files: Sequence[str | Path]) -> list[Path]:
    """The files that the names and patterns stand for, each once, in the order given."""
    if not files:
        raise SpecError("no specification file is given")
    found: list[Path] = []
    for name in files:
        text = str(name)
        matches = [text] if Path(text).exists() else _matching(text)
        if not matches:
            raise SpecError("no such file", Location(text))
        for match in matches:
            path = Path(match)
            if not any(path.resolve() == other.resolve() for other in found):
                found.append(path)
        if len(found) > MAX_FILES:
            raise SpecError(f"more than {MAX_FILES} files", Location(text))
    return found


def _matching(pattern: str) -> list[str]:
    if not any(c in pattern for c in "*?["):
        return []
    parts = Path(pattern).parts
    plain = next(i for i, part in enumerate(parts) if any(c in part for c in "*?["))
    folder = Path(*parts[:plain])
    return sorted(str(m) for m in folder.glob(str(Path(*parts[plain:]))) if m.is_file())


def load_tree(paths: Sequence[Path], jinja_data: Mapping[str, Any] | None = None) -> LocatedDict:
    """One tree of all files. Files may include what lies below the folder of any of them, or beside it.

    A file that a value for templates names counts as given: who sets ``problem`` to a file wants it read.
    """
    roots = [path.parent for path in paths]
    roots += [path.parent for path in _named_files(jinja_data or {})]
    tree = LocatedDict(location=Location(str(paths[0])))
    for path in paths:
        part = load_yaml_file(path, jinja_data, roots, above=True)
        combine(tree, part)
    return tree


def _named_files(jinja_data: Mapping[str, Any]) -> Iterator[Path]:
    for value in jinja_data.values():
        if isinstance(value, str) and value.endswith(SUFFIXES) and Path(value).is_file():
            yield Path(value)


def combine(tree: LocatedDict, other: LocatedDict) -> None:
    """Take ``other`` into ``tree``: lists of nodes, targets and tables appended, mappings merged.

    Raises :class:`SpecError` where both give different values for the same key.
    """
    for key, value in other.items():
        place = where(other, key)
        if key not in tree or is_empty(tree[key]):
            tree[key] = value
            if place is not None:
                tree.key_locations[key] = place
            continue
        mine = tree[key]
        if isinstance(mine, LocatedDict) and isinstance(value, LocatedDict):
            combine(mine, value)
        elif isinstance(mine, LocatedList) and isinstance(value, LocatedList) and key in _APPENDED:
            mine.extend(value)
            mine.item_locations.extend(value.item_locations)
        elif not is_empty(value) and mine != value and not _same_version(key, mine, value):
            raise SpecError(f"'{key}' is given twice, differently", place, f"first in {where(tree, key)}")


def _same_version(key: str, mine: Any, value: Any) -> bool:
    return key == "version" and str(mine) == str(value)


def to_flattened(tree: LocatedDict) -> LocatedDict:
    """``tree`` itself when it is in the flattened form, the flattened tree of a v4 tree otherwise."""
    return process_v4(tree) if dialect_of(tree) == "v4" else tree


def dialect_of(tree: Mapping[str, Any]) -> str:
    """``"flattened"`` or ``"v4"``, by the content of ``architecture``."""
    architecture = tree.get("architecture", tree.get("arch"))
    if isinstance(architecture, Mapping):
        if "subtree" in architecture or "local" in architecture:
            return "flattened"
        if "nodes" in architecture:
            return "v4"
    elif "architecture" in tree:
        return "v4"
    if tree.get("dumped_by_timeloop_front_end"):
        return "flattened"
    if architecture is None:
        raise SpecError("the specification has no 'architecture'", where(tree))
    raise SpecError(
        "the architecture has neither 'nodes' (version 0.4) nor 'subtree' (flattened form)",
        where(tree, "architecture"),
    )


def _check_flattened(tree: LocatedDict) -> None:
    for key in tree:
        if "ignore" in key:
            continue
        if key not in keys.FLATTENED_TOP:
            raise unknown_name("top-level key", key, keys.FLATTENED_TOP, where(tree, key))
    if not is_empty(tree.get("layout")):
        raise Unsupported("'layout' is not modelled", where(tree, "layout"))
    for key in ("architecture", "problem"):
        if is_empty(tree.get(key, tree.get("arch") if key == "architecture" else None)):
            raise SpecError(f"the specification has no '{key}'", where(tree))


def _check_problem_keys(problem: Any) -> None:
    """A misspelt ``instance`` would make the sizes stand beside the shape, an older form that is read too."""
    if not isinstance(problem, Mapping):
        return
    for key in problem:
        if key not in keys.V4_PROBLEM and key not in _sizes(problem) and not keys.is_idle_size(key):
            raise unknown_name("key in the problem", key, keys.V4_PROBLEM, where(problem, key))


def _sizes(problem: Mapping[str, Any]) -> set[str]:
    """The dimensions and coefficients of a problem, as far as it is well formed."""
    shape = problem.get("shape")
    if not isinstance(shape, Mapping):
        return set()
    dimensions, coefficients = shape.get("dimensions"), shape.get("coefficients")
    names = {str(d) for d in dimensions} if isinstance(dimensions, list) else set()
    if isinstance(coefficients, list):
        names |= {str(c.get("name")) for c in coefficients if isinstance(c, Mapping)}
    return names


def _without_idle_sizes(problem: Any) -> Any:
    """The problem without sizes that no dimension or coefficient has (``Hpad``), as Timeloop ignores them."""
    instance = problem.get("instance") if isinstance(problem, Mapping) else None
    if not isinstance(instance, LocatedDict):
        return problem
    used = _sizes(problem)
    trimmed = LocatedDict(location=instance.location)
    trimmed.key_locations = instance.key_locations
    trimmed.update({k: v for k, v in instance.items() if k in used or not keys.is_idle_size(k)})
    result = LocatedDict({**problem, "instance": trimmed}, location=where(problem))
    result.key_locations = getattr(problem, "key_locations", {})
    return result


def _tables(tree: Mapping[str, Any], key: str) -> Any:
    node = tree.get(key, tree.get(f"{key}_summary"))
    return node.get("tables") if isinstance(node, Mapping) else node


def _compound_components(tree: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    for key in keys.COMPONENT_CLASSES:
        node = tree.get(key)
        if isinstance(node, Mapping):
            node = node.get("classes")
        if is_empty(node):
            continue
        if not isinstance(node, list):
            raise SpecError("'classes' of the compound components must be a list", where(tree, key))
        for index, item in enumerate(node):
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
                raise SpecError("a component class must be a mapping with a 'name'", where(node, index))
        found += node
    return tuple(found)
