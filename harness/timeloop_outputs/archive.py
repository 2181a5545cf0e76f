"""An archive of Boost.Serialization in XML as a tree: the form of Timeloop's ``map+stats.xml``.

Read by expat itself, which gives line numbers, and without anything that XML could reach beyond the file:
entities may not be declared and files beyond a size are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from harness.errors import Location, SpecError
from harness.timeloop_outputs.numbers import whole_number

MOST_CHARACTERS = 256 * 2**20
"""Of one file that Timeloop wrote; the largest of a deep hierarchy have some MB."""

_MAX_DEPTH = 200
_ROOT = "boost_serialization"


@dataclass(frozen=True, slots=True)
class Element:
    """One element. ``text`` is what stands before its first child, stripped."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[Element]:
        return [child for child in self.children if child.name == name]


class Archive:
    """A whole archive. Its accessors raise SpecError, with the line, for what is not as expected."""

    def __init__(self, text: str, file: str = "map+stats.xml") -> None:
        self.file = file
        self.root = _parsed(text, file)
        if self.root.name != _ROOT:
            self.fail(
                self.root, f"the root is <{self.root.name}>, not the <{_ROOT}> of an archive of Timeloop"
            )
        self._objects: dict[str, tuple[str, Element]] = {}
        self._find_objects()

    def child(self, element: Element, *path: str) -> Element:
        """The only child of that name, along ``path``."""
        for name in path:
            found = element.all(name)
            if len(found) != 1:
                self.fail(element, f"<{element.name}> has {len(found) or 'no'} <{name}>, expected one")
            element = found[0]
        return element

    def text(self, element: Element, *path: str) -> str:
        return self.child(element, *path).text

    def integer(self, element: Element, *path: str) -> int:
        leaf = self.child(element, *path)
        value = whole_number(leaf.text)
        if value is None:
            self.fail(leaf, f"<{leaf.name}> has '{leaf.text[:40]}', expected a whole number")
        return value

    def number(self, element: Element, *path: str) -> float:
        """A double; "nan" and "-nan", which Timeloop writes for 0/0, are as they are."""
        leaf = self.child(element, *path)
        try:
            return float(leaf.text)
        except ValueError:
            self.fail(leaf, f"<{leaf.name}> has '{leaf.text[:40]}', expected a number")

    def optional(self, element: Element, name: str) -> Element | None:
        """The value of an attribute of the model; None where it was not specified."""
        outer = self.child(element, name)
        return self.child(outer, "t_") if outer.children else None

    def items(self, element: Element) -> list[Element]:
        """The items of a collection, as many as it says."""
        items = element.all("item")
        counts = element.all("count")
        if counts and self.integer(counts[0]) != len(items):
            self.fail(element, f"<{element.name}> says {counts[0].text} items and has {len(items)}")
        return items

    def pointed(self, element: Element) -> tuple[str, Element]:
        """The class and the object behind a pointer: declared here, or elsewhere and referred to."""
        pointer = self.child(element, "px")
        key = pointer.attributes.get("object_id_reference") or pointer.attributes.get("object_id", "")
        found = self._objects.get(key)
        if found is None:
            self.fail(pointer, f"no object '{key}' in this archive")
        return found

    def known_version(self, element: Element, what: str) -> None:
        """Refuse a class of another version than 0: Timeloop writes no members then."""
        version = element.attributes.get("version", "0")
        if version != "0":
            self.fail(element, f"version {version} of Timeloop's {what} is not known here, only version 0")

    def fail(self, element: Element, message: str) -> NoReturn:
        raise SpecError(message, Location(self.file, element.line))

    def _find_objects(self) -> None:
        """Objects by their id. A class has its name where it occurs first and a number from there on."""
        classes: dict[str, str] = {}
        waiting = [self.root]
        while waiting:
            element = waiting.pop()
            waiting += reversed(element.children)
            attributes = element.attributes
            if element.name != "px" or "object_id" not in attributes:
                continue
            if "class_name" in attributes and "class_id" in attributes:
                classes[attributes["class_id"]] = attributes["class_name"]
                self.known_version(element, attributes["class_name"])
            number = attributes.get("class_id") or attributes.get("class_id_reference", "")
            self._objects[attributes["object_id"]] = (classes.get(number, ""), element)


def _parsed(text: str, file: str) -> Element:
    if not text.strip():
        raise SpecError("the file is empty", Location(file))
    if len(text) > MOST_CHARACTERS:
        raise SpecError(f"more than {MOST_CHARACTERS // 2**20} MiB are not read", Location(file))
    builder = _Builder(file)
    try:
        # The declared encoding does not matter: the text has been decoded.
        builder.parser.Parse(text.encode("utf-8", "surrogatepass"), False)
    except expat.ExpatError as error:
        message = expat.errors.messages[error.code]
        raise SpecError(f"not XML: {message}", Location(file, error.lineno)) from None
    if builder.root is None:
        raise SpecError("no XML, or cut off before its first element", Location(file))
    # Timeloop takes the text before the archive is closed, so that the end tag of the root is missing.
    if builder.depth > 1:
        raise SpecError("this XML is cut off", Location(file, builder.parser.CurrentLineNumber))
    return builder.root


class _Builder:
    """Makes the tree from expat's events."""

    def __init__(self, file: str) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity
        self.root: Element | None = None
        self._file = file
        self._open: list[Element] = []
        self._texts: list[str] = []

    @property
    def depth(self) -> int:
        """Elements that are open."""
        return len(self._open)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            self._refuse(f"elements are nested deeper than {_MAX_DEPTH}")
        element = Element(name, self.parser.CurrentLineNumber, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append("")

    def _end(self, name: str) -> None:
        element, text = self._open.pop(), self._texts.pop().strip()
        if text:
            object.__setattr__(element, "text", text)

    def _characters(self, data: str) -> None:
        if self._open and not self._open[-1].children:
            self._texts[-1] += data

    def _entity(self, *declared: object) -> None:
        self._refuse(f"XML that declares an entity ('{declared[0]}') is not read")

    def _refuse(self, message: str) -> NoReturn:
        raise SpecError(message, Location(self._file, self.parser.CurrentLineNumber))
