"""Arithmetic expressions in specifications: ``ceil(log2(depth))``, ``spec.problem.instance.C * 8``.

The text is parsed with Python's grammar and interpreted node by node; only what is listed here exists.
There are no attributes but the keys of mappings, no calls but of the functions below and of the
expression's own lambdas, and bounds on steps and sizes, so an expression can neither reach the machine nor
hang it. Function names are those that Timeloop's front end offers.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from harness.errors import Location, SpecError, did_you_mean
from harness.spec.weight import weight

MAX_STEPS = 1_000_000
MAX_BITS = 4096
MAX_ITEMS = 100_000
MAX_DEPTH = 50
MAX_LENGTH = 10_000


class _Refused(Exception):
    """Something that an expression may not do; the message says what."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def evaluate_expression(text: str, names: Mapping[str, Any], location: Location | None = None) -> Any:
    """The value of ``text``, with ``names`` bound.

    Values of names may be numbers, text, lists and mappings (whose keys are reached with a dot or in
    brackets), or lambdas from earlier expressions. Raises :class:`SpecError` with the expression, the reason
    and the nearest name.
    """
    shown = _shorten(text)
    try:
        return _Evaluator(names).run(_parse(text))
    except _Refused as error:
        raise SpecError(f"in expression '{shown}': {error}", location, error.hint) from None
    except SpecError:
        raise
    except ZeroDivisionError:
        raise SpecError(f"in expression '{shown}': division by zero", location) from None
    except (OverflowError, MemoryError):
        raise SpecError(f"in expression '{shown}': the result is too large", location) from None
    except RecursionError:
        raise SpecError(f"in expression '{shown}': nested too deep", location) from None
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        reason = str(error) or type(error).__name__
        raise SpecError(f"in expression '{shown}': {reason}", location) from None


@lru_cache(maxsize=1024)
def _parse(text: str) -> ast.expr:
    """The tree is shared by all evaluations of the same text, and never changed."""
    if len(text) > MAX_LENGTH:
        raise _Refused(f"longer than {MAX_LENGTH} characters")
    try:
        return ast.parse(" ".join(text.split("\n")).strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _Refused("not an expression", f'text must stand in quotes: "{_shorten(text)}"') from None


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


class _Lambda:
    """A function written in a specification. It is called only by the evaluator, which counts its steps."""

    def __init__(self, node: ast.Lambda, names: Mapping[str, Any]) -> None:
        self.parameters = [a.arg for a in node.args.args]
        self.body = node.body
        self.names = names


def is_function(value: Any) -> bool:
    """True for what an expression may call: a lambda of an expression, or a function of this module."""
    return isinstance(value, (_Lambda, _Function))


class _Evaluator:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._steps = 0
        self._depth = 0

    def run(self, node: ast.expr) -> Any:
        return self._value(node, self._names)

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise _Refused("too many steps")

    def _value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        self._spend(1)
        method = _METHODS.get(type(node))
        if method is None:
            raise _Refused(f"{_describe(node)} is not allowed")
        self._depth += 1
        if self._depth > 4 * MAX_DEPTH:
            raise _Refused("nested too deep")
        try:
            value = _bounded(method(self, node, names))
            if isinstance(value, (list, tuple, dict, str)) and isinstance(node, _CONSTRUCTIONS):
                self._spend(weight(value, MAX_STEPS))
            return value
        finally:
            self._depth -= 1

    def _constant(self, node: ast.Constant, names: Mapping[str, Any]) -> Any:
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return node.value
        raise _Refused(f"{node.value!r} is not allowed")

    def _name(self, node: ast.Name, names: Mapping[str, Any]) -> Any:
        if node.id in names:
            return names[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in FUNCTIONS:
            return FUNCTIONS[node.id]
        if node.id.startswith("__"):
            raise _Refused(f"the name '{node.id}' is not allowed")
        known = [n for n in (*names, *FUNCTIONS, *CONSTANTS) if not n.startswith("_")]
        raise _Refused(f"undefined name '{node.id}'", did_you_mean(node.id, known))

    def _attribute(self, node: ast.Attribute, names: Mapping[str, Any]) -> Any:
        owner = self._value(node.value, names)
        if not isinstance(owner, Mapping):
            raise _Refused(f"'.{node.attr}' is only for entries of the specification")
        return _entry(owner, node.attr)

    def _subscript(self, node: ast.Subscript, names: Mapping[str, Any]) -> Any:
        owner = self._value(node.value, names)
        if isinstance(node.slice, ast.Slice):
            if not isinstance(owner, (str, list, tuple)):
                raise _Refused("only text and lists can be sliced")
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            return owner[slice(*(None if p is None else self._value(p, names) for p in parts))]
        key = self._value(node.slice, names)
        if isinstance(owner, Mapping):
            return _entry(owner, key)
        if not isinstance(owner, (str, list, tuple)):
            raise _Refused("only text, lists and mappings have entries")
        return owner[key]

    def _binary(self, node: ast.BinOp, names: Mapping[str, Any]) -> Any:
        left, right = self._value(node.left, names), self._value(node.right, names)
        return _BINARY[type(node.op)](left, right)

    def _unary(self, node: ast.UnaryOp, names: Mapping[str, Any]) -> Any:
        return _UNARY[type(node.op)](self._value(node.operand, names))

    def _boolean(self, node: ast.BoolOp, names: Mapping[str, Any]) -> Any:
        stop = isinstance(node.op, ast.Or)
        value: Any = None
        for part in node.values:
            value = self._value(part, names)
            if bool(value) is stop:
                return value
        return value

    def _compare(self, node: ast.Compare, names: Mapping[str, Any]) -> bool:
        left = self._value(node.left, names)
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self._value(part, names)
            if isinstance(right, (list, tuple, dict, str)):
                self._spend(weight(right, MAX_STEPS))
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def _choice(self, node: ast.IfExp, names: Mapping[str, Any]) -> Any:
        return self._value(node.body if self._value(node.test, names) else node.orelse, names)

    def _call(self, node: ast.Call, names: Mapping[str, Any]) -> Any:
        if not isinstance(node.func, (ast.Name, ast.Lambda)):
            raise _Refused("only functions that are called by their name are allowed")
        if isinstance(node.func, ast.Name):
            name = node.func.id
            if name not in names and name not in FUNCTIONS and not name.startswith("__"):
                raise _Refused(f"unknown function '{name}'", did_you_mean(name, FUNCTIONS))
        function = self._value(node.func, names)
        arguments: list[Any] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                arguments.extend(_items(self._value(argument.value, names)))
            else:
                arguments.append(self._value(argument, names))
        if node.keywords:
            raise _Refused("named arguments are not allowed")
        return self._apply(function, arguments)

    def _apply(self, function: Any, arguments: list[Any]) -> Any:
        if isinstance(function, _Lambda):
            if len(arguments) != len(function.parameters):
                raise _Refused(f"the function takes {len(function.parameters)} arguments")
            return self._value(
                function.body, {**function.names, **dict(zip(function.parameters, arguments, strict=True))}
            )
        if isinstance(function, _Function):
            if function is _MAP:
                return [self._apply(arguments[0], [item]) for item in _items(arguments[1])]
            self._spend(sum(len(a) for a in arguments if isinstance(a, (list, tuple, str))))
            return function.call(*arguments)
        raise _Refused(f"{function!r} is not a function")

    def _lambda(self, node: ast.Lambda, names: Mapping[str, Any]) -> _Lambda:
        a = node.args
        if a.vararg or a.kwarg or a.kwonlyargs or a.posonlyargs or a.defaults:
            raise _Refused("a lambda takes plain arguments only")
        return _Lambda(node, names)

    def _list(self, node: ast.List | ast.Tuple | ast.Set, names: Mapping[str, Any]) -> list[Any]:
        return [self._value(item, names) for item in node.elts]

    def _dict(self, node: ast.Dict, names: Mapping[str, Any]) -> dict[Any, Any]:
        if any(key is None for key in node.keys):
            raise _Refused("'**' is not allowed")
        pairs = zip(node.keys, node.values, strict=True)
        return {self._value(k, names): self._value(v, names) for k, v in pairs if k is not None}

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, names: Mapping[str, Any]) -> list[Any]:
        results: list[Any] = []
        self._generate(node.elt, node.generators, dict(names), results)
        return results

    def _generate(
        self, element: ast.expr, loops: list[ast.comprehension], names: dict[str, Any], results: list[Any]
    ) -> None:
        if not loops:
            results.append(self._value(element, names))
            return
        for item in _items(self._value(loops[0].iter, names)):
            self._spend(1)
            inner = {**names, **_bind(loops[0].target, item)}
            if all(self._value(test, inner) for test in loops[0].ifs):
                self._generate(element, loops[1:], inner, results)

    def _text(self, node: ast.JoinedStr, names: Mapping[str, Any]) -> str:
        parts: list[str] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None:
                    raise _Refused("a format in braces is not allowed")
                parts.append(_str(self._value(part.value, names)))
            else:
                parts.append(str(self._value(part, names)))
        return "".join(parts)


def _entry(owner: Mapping[Any, Any], key: Any) -> Any:
    if key in owner:
        return owner[key]
    hint = did_you_mean(str(key), [str(k) for k in owner])
    raise _Refused(f"no entry '{key}'", hint)


def _bind(target: ast.expr, item: Any) -> dict[str, Any]:
    if isinstance(target, ast.Name):
        return {target.id: item}
    if isinstance(target, ast.Tuple):
        values = _items(item)
        if len(values) != len(target.elts):
            raise _Refused("cannot be unpacked")
        return {name: v for t, x in zip(target.elts, values, strict=True) for name, v in _bind(t, x).items()}
    raise _Refused("only names can be loop variables")


def _items(value: Any) -> list[Any]:
    if not isinstance(value, Iterable):
        raise _Refused(f"{value!r} is not a list")
    return list(value)


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _Refused("the result is too large")
    if isinstance(value, complex):
        raise _Refused("the result is not a real number")
    if isinstance(value, (list, tuple, str, dict)) and len(value) > MAX_ITEMS:
        raise _Refused(f"more than {MAX_ITEMS} items")
    return value


def _power(base: Any, exponent: Any) -> Any:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and base.bit_length() * abs(exponent) > 2 * MAX_BITS:
        raise _Refused("the result is too large")
    return base**exponent


def _shift(value: Any, by: Any) -> Any:
    if not isinstance(by, int) or not 0 <= by <= MAX_BITS:
        raise _Refused("shifted too far")
    return operator.lshift(value, by)


def _times(left: Any, right: Any) -> Any:
    for repeated, count in ((left, right), (right, left)):
        if isinstance(repeated, (str, list, tuple)) and isinstance(count, int):
            _check_size(len(repeated) * count)
    return left * right


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise _Refused("formatting with '%' is not allowed")
    return left % right


def _check_size(size: int) -> None:
    if size > MAX_ITEMS:
        raise _Refused(f"more than {MAX_ITEMS} items")


def _range(*bounds: Any) -> list[int]:
    result = range(*bounds)
    _check_size(len(result))
    return list(result)


def _limited(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if any(abs(a) > 500 for a in arguments):
            raise _Refused("the argument is too large")
        return function(*arguments)

    return call


def _int(value: Any, base: Any = None) -> int:
    if isinstance(value, str):
        _check_size(len(value) * 25)
    return int(value) if base is None else int(value, base)


def _str(value: Any = "") -> str:
    if isinstance(value, (list, tuple, dict)):
        raise _Refused("a list cannot become text")
    return str(value)


def _sum(items: Any, start: Any = 0) -> Any:
    total = start
    for item in [start, *_items(items)]:
        if not isinstance(item, (int, float)):
            raise _Refused("only numbers can be added up")
    for item in _items(items):
        total = _bounded(total + item)
    return total


def _product(items: Any) -> Any:
    total: Any = 1
    for item in _items(items):
        if not isinstance(item, (int, float)):
            raise _Refused("only numbers can be multiplied")
        total = _bounded(total * item)
    return total


def _distinct(items: Any) -> list[Any]:
    return list(dict.fromkeys(_items(items)))


def _join_lists(*lists: Any) -> list[tuple[Any, ...]]:
    return list(zip(*lists, strict=False))


class _Function:
    """A function that expressions may call."""

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self.name = name
        self.call = call

    def __repr__(self) -> str:
        return f"function {self.name}"


_PLAIN_MATH = (
    "ceil", "copysign", "fabs", "floor", "fmod", "frexp", "fsum", "gcd", "lcm", "isclose", "isfinite",
    "isinf", "isnan", "isqrt", "modf", "remainder", "trunc", "exp", "expm1", "log", "log1p", "log2",
    "log10", "sqrt", "acos", "asin", "atan", "atan2", "cos", "dist", "hypot", "sin", "tan", "degrees",
    "radians", "acosh", "asinh", "atanh", "cosh", "sinh", "tanh", "erf", "erfc", "gamma", "lgamma",
)  # fmt: skip
_CALLS: dict[str, Callable[..., Any]] = {name: getattr(math, name) for name in _PLAIN_MATH}
_CALLS |= {name: _limited(getattr(math, name)) for name in ("comb", "factorial", "ldexp", "perm")}
_CALLS |= {
    "abs": abs, "all": all, "any": any, "bool": bool, "enumerate": lambda items: list(enumerate(items)),
    "float": float, "int": _int, "len": len, "list": list, "map": list, "max": max, "min": min,
    "pow": _power, "prod": _product, "range": _range, "round": round, "set": _distinct,
    "sorted": sorted, "str": _str, "sum": _sum, "tuple": list, "zip": _join_lists,
}  # fmt: skip
FUNCTIONS: Mapping[str, _Function] = {name: _Function(name, call) for name, call in _CALLS.items()}
_MAP = FUNCTIONS["map"]
CONSTANTS: Mapping[str, Any] = {
    "pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan,
    "true": True, "false": False,
}  # fmt: skip

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: _times, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: _modulo, ast.Pow: _power, ast.LShift: _shift,
    ast.RShift: operator.rshift, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.MatMult: lambda left, right: _not_offered("@"),
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_, ast.Invert: operator.invert,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip

_CONSTRUCTIONS = (
    ast.BinOp, ast.Call, ast.Dict, ast.GeneratorExp, ast.JoinedStr, ast.List, ast.ListComp, ast.Set,
    ast.Subscript, ast.Tuple,
)  # fmt: skip
"""What makes new values. Their weight counts as steps, so that no value grows beyond what steps allow."""

_METHODS: dict[type[ast.expr], Callable[..., Any]] = {
    ast.Constant: _Evaluator._constant, ast.Name: _Evaluator._name, ast.Attribute: _Evaluator._attribute,
    ast.Subscript: _Evaluator._subscript, ast.BinOp: _Evaluator._binary, ast.UnaryOp: _Evaluator._unary,
    ast.BoolOp: _Evaluator._boolean, ast.Compare: _Evaluator._compare, ast.IfExp: _Evaluator._choice,
    ast.Call: _Evaluator._call, ast.Lambda: _Evaluator._lambda, ast.List: _Evaluator._list,
    ast.Tuple: _Evaluator._list, ast.Set: _Evaluator._list, ast.Dict: _Evaluator._dict,
    ast.ListComp: _Evaluator._comprehension, ast.GeneratorExp: _Evaluator._comprehension,
    ast.JoinedStr: _Evaluator._text,
}  # fmt: skip


def _not_offered(symbol: str) -> Any:
    raise _Refused(f"'{symbol}' is not allowed")


def _describe(node: ast.expr) -> str:
    names = {ast.NamedExpr: "an assignment", ast.Await: "'await'", ast.Yield: "'yield'", ast.Starred: "'*'"}
    return names.get(type(node), f"'{type(node).__name__}'")
