"""Follow the references of a JSON or YAML contract, within the document and to the files beside it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urljoin

from agent_agency.gates.contracts.documents import Document, Node, read_document
from agent_agency.gates.contracts.model import MAX_BYTES, Unreadable

MAX_FILES = 200
_IDENTIFIERS = ("$id", "id", "$anchor", "$dynamicAnchor")
_HOLD_NAMES = frozenset(
    {
        "properties",
        "patternProperties",
        "definitions",
        "$defs",
        "dependentSchemas",
        "schemas",
        "responses",
        "parameters",
        "requestBodies",
        "headers",
        "callbacks",
        "paths",
        "pathItems",
        "webhooks",
        "content",
        "links",
    }
)
_HOLD_VALUES = frozenset({"example", "examples", "default", "enum", "const"})


class References:
    """Resolves references. ``remote`` and ``broken`` map the references that were not followed to where they stand."""

    def __init__(self, root: Document, read: Callable[[str], bytes | None] | None) -> None:
        self.root = root
        self.remote: dict[str, Node] = {}
        self.broken: dict[str, Node] = {}
        self._read = read
        self._documents: dict[str, Document | None] = {root.path: root}
        self._bytes_left = 2 * MAX_BYTES
        self._names: dict[str, dict[str, Node]] = {}
        self._followed: dict[tuple[str, str], Node | None] = {}

    def follow(self, node: Node, reference: str) -> Node | None:
        """What a reference in a node leads to; ``None``, and remembered, where it leads nowhere that is known here."""
        known = (node.document.path, reference)
        if known not in self._followed:
            self._followed[known] = self._follow(node, reference)
        return self._followed[known]

    def _follow(self, node: Node, reference: str) -> Node | None:
        address, _, fragment = reference.partition("#")
        start = self._start(node, address)
        if isinstance(start, str):
            (self.remote if start == "remote" else self.broken).setdefault(reference, node)
            return None
        found = self._inside(start, unquote(fragment))
        if found is None:
            self.broken.setdefault(reference, node)
        return found

    def check_all(self) -> None:
        """Follow every reference of the root document, so that the broken ones are known."""
        for node in walk(self.root):
            reference = node.value.get("$ref") if isinstance(node.value, dict) else None
            if isinstance(reference, str):
                self.follow(node, reference)

    def _start(self, node: Node, address: str) -> Node | str:
        if not address:
            return Node(node.document.value, node.document)
        names = self._names_of(node.document)
        base = str(node.document.value.get("$id", "")) if isinstance(node.document.value, dict) else ""
        for name in (address, _joined(base, address)):
            if name in names:
                return names[name]
        if ":" in address or address.startswith("/") or self._read is None:
            return "remote"
        path = posixpath.normpath(posixpath.join(posixpath.dirname(node.document.path), unquote(address)))
        if path.startswith("../"):
            return "remote"
        document = self._load(path)
        return Node(document.value, document) if document else "broken"

    def _load(self, path: str) -> Document | None:
        if path in self._documents:
            return self._documents[path]
        document = None
        data = self._read(path) if self._read and len(self._documents) < MAX_FILES else None
        if data is not None and len(data) <= self._bytes_left:
            self._bytes_left -= len(data)
            try:
                document = read_document(data, path)
            except Unreadable:
                document = None
        self._documents[path] = document
        return document

    def _inside(self, start: Node, fragment: str) -> Node | None:
        if fragment and not fragment.startswith("/"):
            return self._names_of(start.document).get(f"#{fragment}")
        node: Node | None = start
        for step in fragment.split("/")[1:]:
            if node is None:
                return None
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(node.value, list):
                node = list(node.items())[int(key)] if key.isdecimal() and int(key[:9]) < len(node.value) else None
            else:
                node = node.get(key)
        return node

    def _names_of(self, document: Document) -> dict[str, Node]:
        if document.path not in self._names:
            self._names[document.path] = _names(document)
        return self._names[document.path]


def walk(document: Document) -> Iterator[Node]:
    """Every object and list of a document that is not part of an example or another value."""
    stack = [(Node(document.value, document), False)]
    while stack:
        node, holds_names = stack.pop()
        yield node
        for name, child in node.members():
            if holds_names or not (name in _HOLD_VALUES or name.startswith("x-")):
                stack.append((child, not holds_names and name in _HOLD_NAMES))
        stack.extend((child, False) for child in node.items())


def _names(document: Document) -> dict[str, Node]:
    found: dict[str, Node] = {}
    base = ""
    for node in walk(document):
        for key in _IDENTIFIERS:
            name = node.value.get(key) if isinstance(node.value, dict) else None
            if not isinstance(name, str):
                continue
            if key in {"$anchor", "$dynamicAnchor"} or name.startswith("#"):
                found.setdefault(f"#{name.removeprefix('#')}", node)
                continue
            base = base or name
            for spelling in (name, name.rstrip("#"), _joined(base, name)):
                found.setdefault(spelling, node)
    return found


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address
