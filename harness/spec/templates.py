"""Architectures as Jinja templates: finding them, their parameters, and rendering them to Timeloop v4 trees.

A template is ``<name>.yaml.jinja``. Its leading comment declares what it is (``template_header``), the rest
is a Timeloop v4 file in which the parameters, the problem and a few functions are known
(``template_functions``). See ``docs/architectures.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.errors import Location, SpecError, did_you_mean, unknown_name
from harness.spec.located import LocatedDict, LocatedList, where
from harness.spec.problem import Problem
from harness.spec.shipped import shipped_folder
from harness.spec.template_functions import ProblemFit
from harness.spec.template_header import Check, ComponentFile, Header, read_header, with_default
from harness.spec.template_parameters import Parameter, ParameterValue

SUFFIX = ".yaml.jinja"
MACROS = "macros"
"""The folder of single published macros: known by name, but no architectures for whole models."""

__all__ = [
    "ArchitectureTemplate",
    "Parameter",
    "ParameterValue",
    "list_architectures",
    "load_architecture_template",
]

_RESERVED = ("problem", "operator", *ProblemFit(Problem("", (), (), ())).functions())
_MAX_INHERITANCE = 8


@dataclass(frozen=True)
class ArchitectureTemplate:
    """An architecture with everything that it declares, inheritance resolved.

    ``path`` is the file that was asked for, ``body`` the file that is rendered. ``operators`` are the
    classes that the body itself runs; operators of ``norm_variant`` come on top. ``unused`` are (parameter,
    reason) pairs of parameters that this body accepts but does not need, so that an architecture and its
    norm-op variant take the same ones. ``notes`` are remarks on choices of parameters that are allowed.
    """

    name: str
    description: str
    path: Path
    body: Path
    source: str
    technology: str
    operators: tuple[str, ...]
    refuses: tuple[tuple[str, str], ...]
    norm_variant: str | None
    variant_of: str | None
    fusion_levels: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    unused: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    components: tuple[ComponentFile, ...]
    notes: tuple[Check, ...] = ()

    @cached_property
    def parameter(self) -> dict[str, Parameter]:
        """The parameters by name."""
        return {p.name: p for p in self.parameters}

    @property
    def all_operators(self) -> tuple[str, ...]:
        """The operator classes that it runs, its norm-op variant included."""
        extra = ("norm",) if self.norm_variant and "norm" not in self.operators else ()
        return self.operators + extra

    def resolve(self, given: Mapping[str, Any]) -> dict[str, ParameterValue]:
        """All parameters with their values: those given (strings or Python values), else the defaults.

        Raises one :class:`SpecError` that names everything that is wrong with ``given``.
        """
        problems: list[str] = []
        values = {p.name: p.default for p in self.parameters}
        for name, value in given.items():
            parameter = self.parameter.get(name)
            if parameter is None:
                hint = did_you_mean(name, values)
                problems.append(f"unknown parameter '{name}'" + (f" ({hint})" if hint else ""))
                continue
            try:
                values[name] = parameter.read(value)
            except ValueError as error:
                problems.append(str(error))
        if not problems:
            problems = [c.message for c in self.checks if not _holds(c.expression, values, c.location)]
        if problems:
            what = problems[0] if len(problems) == 1 else f"{len(problems)} mistakes: " + "; ".join(problems)
            raise SpecError(f"architecture '{self.name}': {what}")
        return values

    def remarks(self, given: Mapping[str, Any], operator: str) -> tuple[str, ...]:
        """What is to be said of these parameters where they are used: choices that reach no figure."""
        values = self.resolve(given)
        notes = self.for_operator(operator).notes
        return tuple(n.message for n in notes if _holds(n.expression, values, n.location))

    def for_operator(self, operator: str) -> ArchitectureTemplate:
        """The template that runs ``operator``: this one or its norm-op variant, with this one's defaults.

        Raises :class:`SpecError` with the reason when neither does.
        """
        if operator in self.operators:
            return self
        if operator == "norm" and self.norm_variant:
            variant = _load(_find(self.norm_variant, self.path.parent))
            own = self.parameter
            return replace(variant, parameters=tuple(own.get(p.name, p) for p in variant.parameters))
        for refused, reason in self.refuses:
            if refused == operator:
                raise SpecError(f"architecture '{self.name}' does not run {operator} operators: {reason}")
        raise SpecError(
            f"architecture '{self.name}' does not run {operator} operators",
            hint=f"it runs: {', '.join(self.all_operators)}",
        )

    def render(self, parameters: Mapping[str, Any], problem: Problem, operator: str) -> LocatedDict:
        """The Timeloop v4 tree (architecture, variables, components, constraints; no problem).

        A norm operator goes to the norm-op variant, with the same parameters. The tree is a fresh one.
        Raises :class:`SpecError` for wrong parameters, refused operators, and problems whose dimensions the
        architecture does not know.
        """
        template = self.for_operator(operator)
        return template._render(template.resolve(self.resolve(parameters)), problem, operator)

    def _render(self, values: Mapping[str, ParameterValue], problem: Problem, operator: str) -> LocatedDict:
        from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415

        fit = ProblemFit(problem, strict=values.get("strict_utilization") is True)
        data = {**values, "problem": problem, "operator": operator, **fit.functions()}
        tree = load_yaml_file(self.body, data, roots=[shipped_folder("arches")])
        classes = LocatedList()
        for entry in self.components:
            if entry.when is None or _holds(entry.when, values, entry.location):
                classes.extend(_component_classes(self._component_path(entry)))
        if classes:
            own = tree.setdefault("components", LocatedDict({"version": 0.4, "classes": LocatedList()}))
            own["classes"].extend(classes)
        return tree

    def _component_path(self, entry: ComponentFile) -> Path:
        for folder in (self.body.parent / "components", shipped_folder("arches") / "components"):
            file = (folder / entry.file).resolve()
            if file.is_file() and file.is_relative_to(folder.resolve()):
                return file
        shipped = (p.name for p in (shipped_folder("arches") / "components").glob("*.yaml"))
        raise unknown_name("component file", entry.file, shipped, entry.location)


def list_architectures() -> tuple[ArchitectureTemplate, ...]:
    """The shipped architectures by name, without the macros; norm-op variants have ``variant_of`` set."""
    files = sorted(shipped_folder("arches").glob(f"*{SUFFIX}"))
    return tuple(_load(file) for file in files)


def load_architecture_template(name: str) -> ArchitectureTemplate:
    """The shipped architecture of that name, or the template in the file ``name`` if it is a path.

    Raises :class:`SpecError` for unknown names and templates with broken declarations.
    """
    if "/" in name or name.endswith((".jinja", ".jinja2", ".j2", ".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise SpecError("no such architecture template", Location(name))
        return _load(path)
    return _load(_find(name, shipped_folder("arches")))


def _find(name: str, folder: Path) -> Path:
    """The file of the template ``name`` in ``folder`` or among the shipped ones."""
    places = (folder, shipped_folder("arches"), shipped_folder("arches") / MACROS)
    if name.isidentifier():
        for place in places:
            if (place / f"{name}{SUFFIX}").is_file():
                return place / f"{name}{SUFFIX}"
    names = {p.name.removesuffix(SUFFIX) for place in places for p in place.glob(f"*{SUFFIX}")}
    raise unknown_name("architecture", name, names)


def _load(path: Path) -> ArchitectureTemplate:
    stamp = path.stat()
    return _load_version(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=128)
def _load_version(path: Path, _mtime: int, _size: int) -> ArchitectureTemplate:
    return _resolved(path, depth=0)


def _resolved(path: Path, depth: int) -> ArchitectureTemplate:
    header = read_header(path)
    if depth > _MAX_INHERITANCE:
        raise SpecError("templates that extend each other without end", header.location)
    base = _resolved(_find(header.extends, path.parent), depth + 1) if header.extends else None
    shared = base
    if header.parameters_from:
        shared = _resolved(_find(header.parameters_from, path.parent), depth + 1)
    parameters = _with_defaults(header, _all_parameters(header, shared))
    names = [p.name for p in parameters]
    for name, _ in header.unused:
        if name not in names:
            raise unknown_name("parameter", name, names, header.location)
    if base is None:
        return ArchitectureTemplate(
            name=header.name,
            description=header.description,
            path=path,
            body=path,
            source=header.source,
            technology=header.technology,
            operators=header.operators,
            refuses=header.refuses,
            norm_variant=header.norm_variant,
            variant_of=header.variant_of,
            fusion_levels=header.fusion_levels,
            parameters=parameters,
            unused=header.unused,
            checks=(shared.checks if shared else ()) + header.checks,
            components=header.components,
            notes=header.notes,
        )
    inherited = {
        key: getattr(header, key)
        for key in ("source", "technology", "operators", "refuses", "norm_variant", "fusion_levels", "unused")
        if key in header.given
    }
    return replace(
        base,
        name=header.name,
        description=header.description,
        path=path,
        parameters=parameters,
        checks=base.checks + header.checks,
        components=base.components + header.components,
        notes=base.notes + header.notes,
        **inherited,
    )


def _all_parameters(header: Header, shared: ArchitectureTemplate | None) -> tuple[Parameter, ...]:
    parameters = (shared.parameters if shared else ()) + header.parameters
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in _RESERVED:
            raise SpecError(f"'{parameter.name}' cannot be the name of a parameter", header.location)
        if parameter.name in seen:
            raise SpecError(f"parameter '{parameter.name}' is declared twice", header.location)
        seen.add(parameter.name)
    return parameters


def _with_defaults(header: Header, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    by_name = {p.name: p for p in parameters}
    for name, value in header.defaults.items():
        place = where(header.defaults, name)
        if name not in by_name:
            raise unknown_name("parameter", name, by_name, place)
        by_name[name] = with_default(by_name[name], value, place)
    return tuple(by_name.values())


def _component_classes(path: Path) -> list[Any]:
    from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415

    tree = load_yaml_file(path)
    components = tree.get("components") or tree.get("compound_components")
    classes = components.get("classes") if isinstance(components, dict) else None
    if not isinstance(classes, list):
        raise SpecError("a component file must hold components: {classes: [...]}", Location(str(path)))
    return classes


def _holds(expression: str, values: Mapping[str, Any], place: Location | None) -> bool:
    from harness.spec.expressions import evaluate_expression  # noqa: PLC0415

    return bool(evaluate_expression(expression, values, place))
