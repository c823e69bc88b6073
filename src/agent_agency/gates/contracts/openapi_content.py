"""The parts of an operation that carry values: parameters, bodies and responses, of every version of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.gates.contracts.documents import Node
from agent_agency.gates.contracts.openapi_model import Body, Content, Parameter
from agent_agency.gates.contracts.schema_view import Views

_PLACES = frozenset({"path", "query", "header", "cookie"})
_MAX_HOPS = 50
_DEFAULT_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_DEFAULT_MEDIA = "application/json"
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class Reader:
    """A document being read, and the faults found in it."""

    root: Node
    views: Views
    swagger: bool
    faults: list[tuple[str, Node]]

    @property
    def responses_required(self) -> bool:
        """Whether an operation must have responses, which 3.1 no longer asks for."""
        return self.swagger or str(self.root.value.get("openapi")).startswith("3.0")

    def fault(self, message: str, node: Node) -> None:
        """Remember what is malformed."""
        self.faults.append((message, node))

    def resolved(self, node: Node) -> Node:
        """What a node's reference leads to; the node itself where it has none, or one that leads nowhere."""
        for _ in range(_MAX_HOPS):
            reference = node.value.get("$ref") if isinstance(node.value, dict) else None
            target = self.views.references.follow(node, reference) if isinstance(reference, str) else None
            if target is None:
                return node
            node = target
        return node

    def members(self, node: Node | None, name: str) -> Iterator[tuple[str, Node]]:
        """The members of an object; anything else there is a fault."""
        if node is None:
            return
        node = self.resolved(node)
        if not isinstance(node.value, dict):
            self.fault(f"{name} is no object", node)
        yield from node.members()


def parameter_of(reader: Reader, node: Node, name: str = "", place: str = "") -> Parameter | None:
    """Read a parameter, or with ``name`` and ``place`` given a header; ``None`` for what is neither."""
    if not isinstance(node.value, dict):
        return None
    name, place = name or _text(node, "name"), place or _text(node, "in")
    if not name or place not in _PLACES:
        return None
    schema = node.get("schema")
    view = (node,) if reader.swagger and schema is None else ((schema,) if schema else ())
    required = node.value.get("required") is True or place == "path"
    return Parameter(name, place, required, view, _style(node, place), content_of(reader, node), node)


def _style(node: Node, place: str) -> str:
    default = _DEFAULT_STYLES[place]
    style = node.value.get("style", default)
    explode = node.value.get("explode", style == "form")
    ways = node.value.get("collectionFormat", "")
    return f"{style} {'exploded' if explode is True else 'joined'} {ways}".strip()


def content_of(reader: Reader, node: Node) -> Content:
    """The schemas under ``content``, by media type."""
    found: dict[str, tuple[Node, ...]] = {}
    for media, child in reader.members(node.get("content"), "'content'"):
        schema = reader.resolved(child).get("schema")
        found[_media(media)] = () if schema is None else (schema,)
    return found


def swagger_body(reader: Reader, operation: Node) -> Body | None:
    """The body of version 2.0: a parameter in the body, or those of a form put together to one object."""
    entries = [reader.resolved(entry) for entry in _listed(operation, "parameters")]
    entries = [entry for entry in entries if isinstance(entry.value, dict)]
    form = [entry for entry in entries if entry.value.get("in") == "formData"]
    media = _media_types(reader, operation, "consumes")
    for entry in entries:
        if entry.value.get("in") == "body":
            schema = entry.get("schema")
            view = () if schema is None else (schema,)
            return Body(entry.value.get("required") is True, dict.fromkeys(media, view), entry)
    if not form:
        return None
    named = {_text(entry, "name"): entry for entry in form}
    value = {
        "type": "object",
        "properties": {name: entry.value for name, entry in named.items()},
        "required": [name for name, entry in named.items() if entry.value.get("required") is True],
    }
    node = Node(value, operation.document, operation.pointer)
    media = [name for name in media if name in _FORMS] or ["application/x-www-form-urlencoded"]
    return Body(bool(value["required"]), dict.fromkeys(media, (node,)), form[0])


def swagger_response(reader: Reader, operation: Node, node: Node) -> Content:
    """The schemas of a response of version 2.0, by the media types that the operation produces."""
    schema = node.get("schema")
    if schema is None:
        return {}
    return dict.fromkeys(_media_types(reader, operation, "produces"), (schema,))


def _media_types(reader: Reader, operation: Node, keyword: str) -> list[str]:
    listed: Any = operation.value.get(keyword, reader.root.value.get(keyword))
    names = [_media(name) for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return names or [_DEFAULT_MEDIA]


def _listed(node: Node, keyword: str) -> Sequence[Node]:
    child = node.get(keyword)
    return list(child.items()) if child is not None else []


def _media(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _text(node: Node, key: str) -> str:
    value = node.value.get(key)
    return value if isinstance(value, str) else ""
