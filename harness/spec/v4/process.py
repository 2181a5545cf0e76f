"""From a v4 tree to the flattened tree, step by step in the order of Timeloop's front end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec import known_keys as keys
from harness.spec.located import LocatedDict, LocatedList, copy_of, where
from harness.spec.v4.architecture import read_architecture
from harness.spec.v4.attach import attach_constraints, attach_list, check_places
from harness.spec.v4.branches import resolve_branches
from harness.spec.v4.evaluation import Names, evaluate_all, evaluate_text, is_expression, number
from harness.spec.v4.flatten import flatten
from harness.spec.v4.keys import check_version, is_empty, known, list_of, located, mapping_of
from harness.spec.v4.macros import expand_macros
from harness.spec.v4.nodes import Branch
from harness.spec.v4.permutation import complete_permutations
from harness.spec.v4.problem import Shape, read_problem
from harness.spec.v4.read_constraint import Context
from harness.spec.v4.sparse import sparse_targets
from harness.spec.yaml_nodes import QuotedStr

_TEXT_OF_MAPPER = ("out_prefix", "algorithm", "version", "optimization_metric", "optimization_metrics")


@dataclass(frozen=True)
class V4Parts:
    """A v4 tree read and evaluated, before anything in it is expanded.

    ``top`` has the sections under their v4 keys; ``root`` the nodes, with the constraints and sparse
    optimisations that stood apart from them; ``sparse`` the latter as targets of the flattened form.
    """

    top: LocatedDict
    variables: LocatedDict
    names: Names
    problem: LocatedDict
    shape: Shape
    root: Branch
    sparse: LocatedList


def read_v4(tree: Any) -> V4Parts:
    """The parts of a v4 tree, its expressions evaluated. The input is not changed. Raises SpecError with
    file and line for whatever does not fit.
    """
    top = _top_keys(located(copy_of(tree)))
    variables = _variables(top)
    names: dict[str, Any] = {**top, **variables, "variables": variables}
    names["spec"] = {**top, "variables": variables}
    if "problem" not in top:
        raise SpecError("the specification has no 'problem'", where(top))
    if "architecture" not in top:
        raise SpecError("the specification has no 'architecture'", where(top))
    problem, shape = read_problem(top["problem"], names, where(top, "problem"))
    names["problem"] = problem
    names["spec"]["problem"] = problem
    root = read_architecture(top["architecture"], shape, names, where(top, "architecture"))
    sparse = sparse_targets(root, top.get("sparse_optimizations"), where(top, "sparse_optimizations"))
    attach_constraints(root, top.get("constraints"), Context(shape, names), where(top, "constraints"))
    return V4Parts(top, variables, names, problem, shape, root, sparse)


def process_v4(tree: Any, for_model: bool | None = None) -> LocatedDict:
    """The flattened tree of a v4 tree (keys ``architecture``, ``problem``, ``variables``, ...).

    ``for_model`` True writes all constraints as the mapping to evaluate, False as constraints to search
    under; None decides by whether the tree gives a ``mapping``. The input is not changed. Raises
    :class:`~harness.errors.SpecError` with file and line for whatever does not fit, and
    :class:`~harness.errors.Unsupported` for what is understood but not modelled.
    """
    parts = read_v4(tree)
    top, names, shape, root = parts.top, parts.names, parts.shape, parts.root
    mapped = attach_list(root, top.get("mapping"), Context(shape, names), where(top, "mapping"))
    check_places(root)
    expand_macros(root, shape)
    resolve_branches(root, list(shape.data_spaces), shape)
    complete_permutations(root, shape)
    architecture, targets = flatten(root, parts.variables, shape)
    if for_model is None:
        for_model = mapped > 0
    result = LocatedDict(location=top.location)
    result["dumped_by_timeloop_front_end"] = True
    result["architecture"] = architecture
    result["architecture_constraints"] = LocatedDict({"targets": LocatedList() if for_model else targets})
    result["problem"] = parts.problem
    result["compound_components"] = _components(top)
    result["mapping"] = targets if for_model else LocatedList()
    if parts.sparse:
        result["sparse_optimizations"] = LocatedDict({"targets": parts.sparse})
    for key in ("architecture", "problem", "mapping", "sparse_optimizations"):
        place = where(top, key)
        if place is not None:
            result.key_locations[key] = place
    _forward(result, top, names)
    return result


def top_key(written: str) -> str | None:
    """The v4 key for which a top-level key stands, None for an unknown one."""
    if written in keys.V4_TOP:
        return written
    folded = written.replace("-", "_")
    if folded in keys.V4_TOP:
        return folded
    return next((part for part in keys.V4_TOP_PARTS if part in folded), None)


def _top_keys(tree: Any) -> LocatedDict:
    if not isinstance(tree, LocatedDict):
        raise SpecError("a specification must be a mapping of keys")
    result = LocatedDict(location=tree.location)
    for written, value in tree.items():
        place = where(tree, written)
        if "ignore" in written:
            continue
        if written == "layout" or "layout" in written:
            raise Unsupported("'layout' is not modelled", place)
        key = top_key(written)
        if key is None:
            raise unknown_name("top-level key", written, keys.V4_TOP, place)
        if key in result:
            result[key] = _joined(result[key], value, written, place)
        else:
            result[key] = value
        if place is not None:
            result.key_locations.setdefault(key, place)
    return result


def _joined(first: Any, second: Any, written: str, place: Location | None) -> Any:
    """Two keys that stand for the same thing (``components`` and ``compound_components``)."""
    if isinstance(first, LocatedList) and isinstance(second, LocatedList):
        joined = LocatedList([*first, *second], location=first.location)
        joined.item_locations = [*first.item_locations, *second.item_locations]
        return joined
    if isinstance(first, LocatedDict) and isinstance(second, LocatedDict):
        result = LocatedDict(first, location=first.location)
        result.key_locations = dict(first.key_locations)
        for key, value in second.items():
            result[key] = _joined(first[key], value, key, where(second, key)) if key in first else value
            result.key_locations.setdefault(key, where(second, key) or place)  # type: ignore[arg-type]
        return result
    if first is None or first == second:
        return second
    if second is None:
        return first
    raise SpecError(f"'{written}' is given twice, differently", place)


def _variables(top: LocatedDict) -> LocatedDict:
    written = mapping_of(_merged(top.get("variables")), "'variables'", where(top, "variables"))
    check_version(written, "'variables'")
    result = LocatedDict(location=written.location)
    result["version"] = QuotedStr("0.4")
    rest = LocatedDict(
        {k: v for k, v in written.items() if k != "version" and "ignore" not in k}, location=written.location
    )
    rest.key_locations = dict(written.key_locations)
    evaluated = evaluate_all(rest, {"spec": dict(top)})
    result.update(evaluated)
    result.key_locations = dict(written.key_locations)
    return result


def _merged(value: Any) -> Any:
    """A list of mappings as one, the later over the earlier: templates put variables together so."""
    if not isinstance(value, LocatedList) or not all(isinstance(part, LocatedDict) for part in value):
        return value
    result = LocatedDict(location=value.location)
    for part in value:
        result.update(part)
        result.key_locations.update(part.key_locations)
    return result


def _components(top: LocatedDict) -> LocatedDict:
    place = where(top, "components")
    value = top.get("components")
    if isinstance(value, LocatedList):
        value = LocatedDict({"classes": value}, location=place)
    node = known(mapping_of(value, "'components'", place), keys.V4_COMPONENTS, "'components'")
    check_version(node, "'components'")
    classes = list_of(node.get("classes"), "'classes'", where(node, "classes"))
    flat = LocatedList(location=classes.location)
    queue = list(classes)
    while queue:
        item = queue.pop(0)
        if isinstance(item, list):
            queue = [*item, *queue]
        elif not isinstance(item, LocatedDict) or not isinstance(item.get("name"), str):
            raise SpecError("a component class must be a mapping with a 'name'", where(item) or place)
        else:
            flat.append(item)
    result = LocatedDict({"version": QuotedStr("0.4"), "classes": flat}, location=place)
    if place is not None:
        result.key_locations["classes"] = place
    return result


def _forward(result: LocatedDict, top: LocatedDict, names: Names) -> None:
    """Parts that go into the flattened form as they are, their expressions evaluated."""
    for key in ("mapper", "mapspace", "globals", "ERT", "ART"):
        if is_empty(top.get(key)):
            continue
        place = where(top, key)
        node = mapping_of(top[key], f"'{key}'", place)
        check_version(node, f"'{key}'")
        if key == "mapper":
            node = _mapper(node, names)
        elif key == "mapspace":
            node = known(node, keys.V4_MAPSPACE, "'mapspace'")
        elif key == "globals":
            node = _globals(node)
        else:
            node = _tables(node, key, names)
        if "version" in node:
            node["version"] = QuotedStr("0.4")
        result[key] = node
        if place is not None:
            result.key_locations[key] = place


def _mapper(node: LocatedDict, names: Names) -> LocatedDict:
    result = LocatedDict(location=node.location)
    result.key_locations = dict(node.key_locations)
    for key, value in node.items():
        evaluated = key not in _TEXT_OF_MAPPER and is_expression(value)
        result[key] = evaluate_text(value, names, where(node, key)) if evaluated else value
    return result


def _globals(node: LocatedDict) -> LocatedDict:
    checked = known(node, keys.V4_GLOBALS, "'globals'")
    for key in ("expression_custom_functions", "accelergy_plug_ins"):
        if not is_empty(checked.get(key)):
            raise Unsupported(
                f"'{key}' would run code of the specification; it is not read", where(checked, key)
            )
    return checked


def _tables(node: LocatedDict, kind: str, names: Names) -> LocatedDict:
    """ERT or ART: energies and areas may be expressions; their form is checked by the readers."""
    checked = known(node, keys.V4_TABLES, f"the {kind}")
    for entry in list_of(checked.get("tables"), f"'tables' of the {kind}", where(checked, "tables")):
        if not isinstance(entry, LocatedDict):
            continue
        if kind == "ART" and isinstance(entry.get("area"), str):
            entry["area"] = number(entry["area"], names, "'area'", where(entry, "area"))
        actions = entry.get("actions")
        for action in actions if isinstance(actions, list) else ():
            if isinstance(action, LocatedDict) and isinstance(action.get("energy"), str):
                action["energy"] = number(action["energy"], names, "'energy'", where(action, "energy"))
    return checked


__all__ = ["V4Parts", "process_v4", "read_v4", "top_key"]
