"""The declarations at the top of an architecture template.

A template begins with one Jinja comment, ``{# ... #}``, that holds YAML: what the architecture is, which
operators it runs, its parameters. Rendering skips the comment, so the rest is an ordinary Timeloop v4 file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from harness.errors import Location, SpecError, unknown_name
from harness.spec.located import LocatedDict, where
from harness.spec.template_parameters import PARAMETER_TYPES, Parameter, ParameterType

OPERATORS = ("matmul", "conv", "norm")

_KEYS = (
    "name", "description", "source", "technology", "operators", "refuses", "norm_variant", "variant_of",
    "fusion_levels", "components", "parameters", "unused", "checks", "notes", "extends", "parameters_from",
    "defaults",
)  # fmt: skip
_PARAMETER_KEYS = (
    "type", "default", "unit", "meaning", "minimum", "maximum", "choices", "pattern", "refused",
)  # fmt: skip
_MAX_HEADER = 200_000


@dataclass(frozen=True, slots=True)
class Check:
    """An expression over the parameters and what to say: of a check when it is false, of a note when true."""

    expression: str
    message: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class ComponentFile:
    """A file with compound components, used always or while the expression ``when`` holds."""

    file: str
    when: str | None = None
    location: Location | None = None


@dataclass(frozen=True)
class Header:
    """The declarations of one template file, as written: nothing is inherited yet."""

    location: Location
    name: str
    description: str
    source: str
    technology: str
    operators: tuple[str, ...]
    refuses: tuple[tuple[str, str], ...]
    norm_variant: str | None
    variant_of: str | None
    fusion_levels: tuple[str, ...]
    components: tuple[ComponentFile, ...]
    parameters: tuple[Parameter, ...]
    unused: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    notes: tuple[Check, ...]
    extends: str | None
    parameters_from: str | None
    defaults: LocatedDict
    given: frozenset[str]


def read_header(path: Path) -> Header:
    """The declarations of the template in ``path``. Raises :class:`SpecError` with file and line."""
    # Imported late: Jinja and PyYAML cost start-up time that `run.py -h` must not pay.
    from harness.spec.yaml_loader import load_yaml_text  # noqa: PLC0415

    tree = load_yaml_text(_comment_text(path), str(path))
    reader = _HeaderReader(tree, Location(str(path), 1))
    return reader.header()


def _comment_text(path: Path) -> str:
    """The YAML of the leading comment, after as many empty lines as stand before it in the file."""
    place = Location(str(path))
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_HEADER)
    except OSError as error:
        raise SpecError(f"the template cannot be read: {error.strerror}", place) from None
    except UnicodeDecodeError:
        raise SpecError("the template is not a text file (not UTF-8)", place) from None
    hint = "the first thing in it must be a comment {# ... #} with name, operators, parameters, ..."
    if not text.lstrip().startswith("{#"):
        raise SpecError("the template has no declarations", Location(str(path), 1), hint)
    start = text.index("{#") + 2
    end = text.find("#}", start)
    if end < 0:
        raise SpecError("the declarations of the template do not end", Location(str(path), 1), hint)
    return "\n" * text.count("\n", 0, start) + text[start:end].lstrip("-+").rstrip("-+")


class _HeaderReader:
    """Reads one declaration tree; every complaint names its line."""

    def __init__(self, tree: LocatedDict, start: Location) -> None:
        self.tree = tree
        self.start = start

    def header(self) -> Header:
        tree = self.tree
        _known_keys(tree, _KEYS, "template declaration")
        for key in ("name", "description"):
            if key not in tree:
                raise SpecError(f"the template does not declare its {key}", self.start)
        extends = self._text("extends")
        operators = self._names("operators")
        for operator in operators:
            if operator not in OPERATORS:
                raise unknown_name("operator class", operator, OPERATORS, where(tree, "operators"))
        if not operators and not extends:
            raise SpecError("the template does not declare the operators that it runs", self.start)
        refuses = self._reasons("refuses")
        for operator, _ in refuses:
            if operator not in OPERATORS:
                raise unknown_name("operator class", operator, OPERATORS, where(tree, "refuses"))
        defaults = tree.get("defaults", LocatedDict())
        if not isinstance(defaults, LocatedDict):
            raise SpecError("'defaults' must map parameter names to values", where(tree, "defaults"))
        return Header(
            location=self.start,
            name=str(tree["name"]),
            description=" ".join(str(tree["description"]).split()),
            source=" ".join(self._text("source", "").split()),
            technology=self._text("technology", ""),
            operators=operators,
            refuses=refuses,
            norm_variant=self._text("norm_variant"),
            variant_of=self._text("variant_of"),
            fusion_levels=self._names("fusion_levels"),
            components=self._components(),
            parameters=self._parameters(),
            unused=self._reasons("unused"),
            checks=self._checks("checks"),
            notes=self._checks("notes"),
            extends=extends,
            parameters_from=self._text("parameters_from"),
            defaults=defaults,
            given=frozenset(tree),
        )

    def _text(self, key: str, default: Any = None) -> Any:
        value = self.tree.get(key, default)
        if value is not None and not isinstance(value, str):
            raise SpecError(f"'{key}' must be a text", where(self.tree, key))
        return value

    def _names(self, key: str) -> tuple[str, ...]:
        value = self.tree.get(key, ())
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise SpecError(f"'{key}' must be a list of names", where(self.tree, key))
        return tuple(value)

    def _reasons(self, key: str) -> tuple[tuple[str, str], ...]:
        value = self.tree.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) and v.strip() for v in value.values()):
            raise SpecError(f"'{key}' must map each name to the reason in words", where(self.tree, key))
        return tuple((str(k), " ".join(v.split())) for k, v in value.items())

    def _components(self) -> tuple[ComponentFile, ...]:
        value = self.tree.get("components", [])
        files = []
        for index, entry in enumerate(value if isinstance(value, list) else [None]):
            place = where(value, index) or where(self.tree, "components")
            if isinstance(entry, str):
                files.append(ComponentFile(entry, None, place))
            elif isinstance(entry, dict) and set(entry) == {"file", "when"}:
                files.append(ComponentFile(str(entry["file"]), str(entry["when"]), place))
            else:
                raise SpecError("each of 'components' must be a file name or {file: ..., when: ...}", place)
        return tuple(files)

    def _checks(self, key: str) -> tuple[Check, ...]:
        value = self.tree.get(key, [])
        checks = []
        for index, entry in enumerate(value if isinstance(value, list) else [None]):
            place = where(value, index) or where(self.tree, key)
            if not isinstance(entry, dict) or set(entry) != {"expression", "message"}:
                raise SpecError(f"each of '{key}' must be {{expression: ..., message: ...}}", place)
            checks.append(Check(str(entry["expression"]), " ".join(str(entry["message"]).split()), place))
        return tuple(checks)

    def _parameters(self) -> tuple[Parameter, ...]:
        declared = self.tree.get("parameters", {})
        if not isinstance(declared, dict):
            place = where(self.tree, "parameters")
            raise SpecError("'parameters' must map each name to its declaration", place)
        return tuple(_parameter(str(name), entry, where(declared, name)) for name, entry in declared.items())


def _parameter(name: str, entry: Any, place: Location | None) -> Parameter:
    if not name.isidentifier():
        raise SpecError(f"'{name}' cannot be the name of a parameter", place)
    if not isinstance(entry, dict):
        raise SpecError(f"the declaration of parameter '{name}' must be a mapping", place)
    _known_keys(entry, _PARAMETER_KEYS, f"key of parameter '{name}'")
    for key in ("type", "default", "meaning"):
        if key not in entry:
            raise SpecError(f"parameter '{name}' does not declare its {key}", place)
    kind: ParameterType = entry["type"]
    if kind not in get_args(ParameterType):
        raise unknown_name(f"type of parameter '{name}'", str(kind), PARAMETER_TYPES, where(entry, "type"))
    for bound in ("minimum", "maximum"):
        if not isinstance(entry.get(bound), int | float | None):
            raise SpecError(f"the {bound} of parameter '{name}' must be a number", where(entry, bound))
    choices = entry.get("choices", [])
    if not isinstance(choices, list) or (kind == "choice") != bool(choices):
        raise SpecError(f"'choices' of parameter '{name}' goes with the type choice", place)
    refused: Mapping[str, str] = entry.get("refused", {})
    parameter = Parameter(
        name=name,
        type=kind,
        default=None,
        meaning=" ".join(str(entry["meaning"]).split()),
        unit=str(entry.get("unit", "")),
        minimum=entry.get("minimum"),
        maximum=entry.get("maximum"),
        choices=tuple(str(c) for c in choices),
        pattern=entry.get("pattern"),
        refused=tuple((str(k), " ".join(str(v).split())) for k, v in refused.items()),
    )
    return with_default(parameter, entry["default"], where(entry, "default"))


def with_default(parameter: Parameter, default: Any, place: Location | None) -> Parameter:
    """``parameter`` with another default; :class:`SpecError` when the default is not allowed itself."""
    try:
        return replace(parameter, default=parameter.read(default))
    except ValueError as error:
        raise SpecError(f"the default is not allowed: {error}", place) from None


def _known_keys(node: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in node:
        if key not in known:
            raise unknown_name(what, str(key), known, where(node, key))
