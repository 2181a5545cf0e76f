"""Rendering of Jinja templates: sandboxed, bounded in work and output, with line numbers kept.

A template comes with a specification and is not trusted. It runs in Jinja's sandbox with undefined names as
errors; it sees the values given by the caller and the file functions of :mod:`harness.spec.includes`, and
no loader. Work is counted: every turn of a loop, every call, every character written. A template that goes
beyond the limit is stopped with an error, so none can hang or fill the memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

import jinja2
import jinja2.exceptions
import jinja2.nodes
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils

from harness.errors import Location, SpecError, did_you_mean
from harness.spec.weight import weight

MAX_WORK = 10_000_000
MAX_TEXT = 8_000_000
_PER_TURN = 10
_PER_CALL = 20
_PER_ENTRY = 4

_SAFE_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "join",
    "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse",
    "round", "select", "selectattr", "sort", "string", "sum", "title", "tojson", "trim", "unique", "upper",
)  # fmt: skip
_SAFE_STRING_METHODS = frozenset(
    {
        "upper", "lower", "strip", "lstrip", "rstrip", "split", "startswith", "endswith", "title",
        "capitalize", "find", "index", "count", "isdigit", "isalpha", "isnumeric", "removeprefix",
        "removesuffix", "join", "replace",
    }
)  # fmt: skip
_MARK_START = "\ue000"
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000([0-9]+)\ue001")
_MARKUP = ("{{", "{%", "{#", "\r")
_CAPTURING = (
    jinja2.nodes.AssignBlock,
    jinja2.nodes.Block,
    jinja2.nodes.CallBlock,
    jinja2.nodes.FilterBlock,
    jinja2.nodes.Macro,
)
"""What makes a value of text of the template: there the marks could change more than the lines they mark."""


class _Looping(Exception):
    """The work limit is passed."""


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_WORK

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise _Looping

    def spend_on(self, *values: Any) -> None:
        """Pay for values by what they would be when written out."""
        for value in values:
            if isinstance(value, (list, tuple, dict)):
                self.spend(_PER_ENTRY * weight(value, self.left // _PER_ENTRY))


class _Namespace(jinja2.utils.Namespace):
    """Jinja's writes all that is in it, which shared parts can make endless."""

    def __repr__(self) -> str:
        return "<namespace>"


class _Environment(jinja2.sandbox.SandboxedEnvironment):
    """``straight``: what stands in the template goes out as it is or not at all, and no value has a mark."""

    straight: bool
    intercepted_binops = frozenset({"*", "+", "**", "%", "-", "/", "//"})

    def __init__(self, budget: _Budget, finalize: Callable[[Any], Any]) -> None:
        def count_output(value: Any) -> Any:
            shown = finalize(value)
            if not isinstance(shown, jinja2.Undefined):
                text = str(shown)
                budget.spend(len(text))
                self.straight = self.straight and _MARK_START not in text
            return shown

        super().__init__(
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            finalize=count_output,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self._budget = budget
        self.source_length = 0
        self.straight = True
        self.filters = {name: self.filters[name] for name in _SAFE_FILTERS}
        self.filters["replace"] = _replace
        self.filters["round"] = _round
        self.filters["join"] = _join
        self.filters["indent"] = _indent
        self.globals = {"dict": dict, "namespace": _Namespace, "range": self._range}

    def _range(self, *bounds: int) -> range:
        result = range(*bounds)
        self._budget.spend(len(result))
        return result

    def count_turns(self, items: Iterable[Any], written: int) -> Iterator[Any]:
        for item in items:
            self._budget.spend(_PER_TURN + written)
            yield item

    def literal(self, value: Any) -> Any:
        self._budget.spend_on(value)
        return value

    def concatenate(self, *parts: Any) -> str:
        texts = [str(p) for p in parts]
        self._budget.spend(sum(map(len, texts)))
        return "".join(texts)

    def _parse(self, source: str, name: str | None, filename: str | None) -> jinja2.nodes.Template:
        self.source_length = len(source)
        tree = super()._parse(source, name, filename)
        self.straight = _is_straight(tree)
        for loop in list(tree.find_all(jinja2.nodes.For)):
            written = sum(len(data.data) for data in loop.find_all(jinja2.nodes.TemplateData))
            # A recursive loop is called with other items later: those calls are counted in ``call``.
            loop.iter = _call("count_turns", [loop.iter, jinja2.nodes.Const(written)], loop.lineno)
        _count_constructions(tree)
        return tree

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend(_PER_CALL)
        self._budget.spend_on(*args, *kwargs.values())
        if isinstance(obj, jinja2.runtime.Macro):
            self._budget.spend(self.source_length)
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str):
            if name == "join" and args:
                args = (list(args[0]), *args[1:])
                self._budget.spend(len(owner) * len(args[0]))
            if name == "replace" and len(args) > 1:
                self._budget.spend((len(owner) + 1) * (1 + len(str(args[1]))))
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise jinja2.exceptions.SecurityError("formatting with '%' is not offered")
        if operator == "**" and not (_small(left, 64) and _small(right, 16)):
            raise jinja2.exceptions.SecurityError("a power this large is not offered")
        if operator == "*":
            for repeated, times in ((left, right), (right, left)):
                if isinstance(repeated, (str, list, tuple)) and isinstance(times, int):
                    self._budget.spend(len(repeated) * max(times, 0))
        if operator == "+" and isinstance(left, (str, list, tuple)) and hasattr(right, "__len__"):
            self._budget.spend(len(left) + len(right))
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > 4096:
            raise jinja2.exceptions.SecurityError("a number this large is not offered")
        self._budget.spend_on(result)
        return result

    def wrap_str_format(self, value: Any) -> None:
        """No ``str.format``: its width field would fill the memory."""
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, (str, bytes)) and callable(value) and attr not in _SAFE_STRING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


def render(
    text: str,
    file: str,
    values: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    finalize: Callable[[Any], Any],
) -> tuple[str, list[int] | None]:
    """The rendered text, and for each of its lines (0-based) the line of the template (from 1).

    ``functions`` are callable from the template; ``finalize`` turns a value into what is written. The second
    part is None when the lines cannot be told. Raises :class:`SpecError` with file and line.
    """
    if len(text) <= MAX_TEXT and not any(markup in text for markup in _MARKUP):
        return text, list(range(1, text.count("\n") + 2))
    names = {**values, **functions}
    marked = _marked(text, file, names, finalize)
    if marked is None:
        return _render_once(text, file, names, finalize)[0], None
    lines, current, stripped = [], 1, []
    for line in marked[0].split("\n"):
        mark = _MARKED.search(line) if _MARK_START in line else None
        if mark is not None:
            current = int(mark[1])
        lines.append(current)
        stripped.append(line if mark is None else _MARKED.sub("", line))
    unmarked = "\n".join(stripped)
    if marked[1]:
        return unmarked, lines
    plain, _ = _render_once(text, file, names, finalize)
    return plain, (lines if unmarked == plain else None)


def _marked(
    text: str, file: str, names: Mapping[str, Any], finalize: Callable[[Any], Any]
) -> tuple[str, bool] | None:
    """The rendered text with marks, and whether it is the rendered text but for them; None without."""
    source = _mark_lines(text, file)
    if source is None:
        return None
    try:
        return _render_once(source, file, names, finalize)
    except SpecError:
        return None


def _render_once(
    text: str, file: str, names: Mapping[str, Any], finalize: Callable[[Any], Any]
) -> tuple[str, bool]:
    """The rendered text, and whether the template is straight, see :class:`_Environment`."""
    try:
        code, length, straight = _compiled(text, file, finalize)
        environment = _Environment(_Budget(), finalize)
        environment.source_length, environment.straight = length, straight
        template = jinja2.Template.from_code(environment, code, dict(environment.globals))
        chunks: list[str] = []
        size = 0
        for chunk in template.generate(dict(names)):
            size += len(chunk)
            if size > MAX_TEXT:
                raise _Looping
            chunks.append(chunk)
        return "".join(chunks), environment.straight
    except jinja2.TemplateSyntaxError as error:
        raise SpecError(f"broken template: {error.message}", Location(file, error.lineno)) from None
    except (_Looping, MemoryError) as error:
        raise SpecError(
            "a template that loops: it does too much work or writes too much", _place(file, error)
        ) from None
    except RecursionError as error:
        raise SpecError("a template that loops: it calls itself too deep", _place(file, error)) from None
    except jinja2.exceptions.SecurityError as error:
        raise SpecError(f"the template may not do this: {error}", _place(file, error)) from None
    except jinja2.UndefinedError as error:
        raise SpecError(
            f"undefined name in a template: {error.message}", _place(file, error), _near(error, names)
        ) from None
    except SpecError as error:
        if error.location is None:
            raise SpecError(error.message, _place(file, error), error.hint) from None
        raise
    except Exception as error:
        shown = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SpecError(f"the template fails: {shown}", _place(file, error)) from None


@lru_cache(maxsize=64)
def _compiled(text: str, file: str, finalize: Callable[[Any], Any]) -> tuple[CodeType, int, bool]:
    """The template's code, the length of its source and whether it is straight.

    A sweep renders the same text again and again.
    """
    environment = _Environment(_Budget(), finalize)
    code = environment.compile(text, name=file, filename=file)
    return code, environment.source_length, environment.straight


def _is_straight(tree: jinja2.nodes.Template) -> bool:
    """A recursive loop returns what it writes, a literal may spell a mark by its number."""
    return (
        not any(tree.find_all(_CAPTURING))
        and not any(loop.recursive for loop in tree.find_all(jinja2.nodes.For))
        and not any(_MARK_START in str(literal.value) for literal in tree.find_all(jinja2.nodes.Const))
    )


def _place(file: str, error: BaseException) -> Location:
    """The last line of the template in the traceback (Jinja rewrites its frames to the template's lines)."""
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            line = step.tb_lineno
        step = step.tb_next
    return Location(file, line)


def _near(error: jinja2.UndefinedError, names: Mapping[str, Any]) -> str | None:
    found = re.match(r"'(\w+)' is undefined", error.message or "")
    return did_you_mean(found[1], [n for n in names if not n.startswith("_")]) if found else None


@lru_cache(maxsize=64)
def _mark_lines(text: str, file: str) -> str | None:
    """The template with a mark at the start of every line of plain text, None where that cannot be done."""
    if "\ue000" in text or "\ue001" in text:
        return None
    environment = jinja2.sandbox.SandboxedEnvironment(keep_trailing_newline=True)
    parts: list[str] = [_MARK.format(1)]
    try:
        for line, token, value in environment.lexer.tokeniter(text, file):
            if token != "data":
                parts.append(value)
                continue
            pieces = value.split("\n")
            parts.append(pieces[0])
            for offset, piece in enumerate(pieces[1:], 1):
                parts.append("\n" + _MARK.format(line + offset) + piece)
    except jinja2.TemplateSyntaxError:
        return None
    return "".join(parts)


def _call(function: str, arguments: list[Any], line: int) -> jinja2.nodes.Call:
    """A call of a method of the environment, which no name in the template can hide."""
    method = jinja2.nodes.EnvironmentAttribute(function, lineno=line)
    return jinja2.nodes.Call(method, arguments, [], None, None, lineno=line)


def _count_constructions(node: jinja2.nodes.Node) -> None:
    """``a ~ b``, ``[a, b]`` and ``{'a': b}`` become counted calls, or they would double without end."""
    for field_name in node.fields:
        value = getattr(node, field_name)
        if isinstance(value, jinja2.nodes.Node):
            _count_constructions(value)
            setattr(node, field_name, _counted(value))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, jinja2.nodes.Node):
                    _count_constructions(item)
                    value[index] = _counted(item)


def _counted(node: jinja2.nodes.Node) -> jinja2.nodes.Node:
    if isinstance(node, jinja2.nodes.Concat):
        return _call("concatenate", node.nodes, node.lineno)
    built = isinstance(node, (jinja2.nodes.List, jinja2.nodes.Dict))
    if built or (isinstance(node, jinja2.nodes.Tuple) and node.ctx == "load"):
        return _call("literal", [node], node.lineno)
    return node


def _small(value: Any, bits: int) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() <= bits)


def _replace(text: Any, old: Any, new: Any) -> str:
    source, target = str(text), str(new)
    if (len(source) + 1) * (1 + len(target)) > MAX_TEXT:
        raise _Looping
    return source.replace(str(old), target)


def _round(value: Any, precision: int = 0) -> Any:
    return round(float(value), max(-20, min(20, int(precision))))


def _indent(text: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:
    """Jinja's, for a number of blanks; ``include_text`` below a key needs it."""
    source, margin = str(text), int(width)
    lines = source.split("\n")
    if len(source) + len(lines) * max(margin, 0) > MAX_TEXT:
        raise _Looping
    moved = [" " * margin + line if line or blank else line for line in lines[1:]]
    return "\n".join([" " * margin + lines[0] if first else lines[0], *moved])


def _join(items: Iterable[Any], separator: Any = "") -> str:
    texts = [str(item) for item in items]
    if sum(map(len, texts)) + len(texts) * len(str(separator)) > MAX_TEXT:
        raise _Looping
    return str(separator).join(texts)
