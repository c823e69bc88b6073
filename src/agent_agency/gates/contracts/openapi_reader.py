"""Read an OpenAPI document of version 2.0, 3.0 or 3.1 into what it offers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from agent_agency.gates.contracts.documents import Document, Node, read_document, shown
from agent_agency.gates.contracts.json_contract import JsonContract
from agent_agency.gates.contracts.model import Unreadable
from agent_agency.gates.contracts.openapi_content import (
    Reader,
    content_of,
    parameter_of,
    swagger_body,
    swagger_response,
)
from agent_agency.gates.contracts.openapi_model import Api, Body, Operation, Parameter, Response
from agent_agency.gates.contracts.openapi_security import requirements_of
from agent_agency.gates.contracts.references import References, walk
from agent_agency.gates.contracts.schema_shape import MOST_TOLD, malformed, told
from agent_agency.gates.contracts.schema_view import Dialect, Views

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_VERSION = re.compile(r"3\.[0-9](?:\.[0-9]{1,4})?(?:-[0-9A-Za-z.]{1,20})?")
_STATUS = re.compile(r"[1-5](?:[0-9][0-9]|XX|xx)|default")
_TEMPLATE = re.compile(r"\{([^{}/]{1,200})\}")
MAX_CALLBACK_DEPTH = 3
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


def read_openapi(data: bytes, path: str, read: Callable[[str], bytes | None] | None) -> Api:
    """Read one document.

    Raises:
        Unreadable: when it is no OpenAPI document.
    """
    document = read_document(data, path)
    swagger = _version(document)
    references = References(document, read)
    references.check_all()
    siblings = not swagger and not str(document.value["openapi"]).startswith("3.0")
    views = Views(references, Dialect(siblings))
    reader = Reader(Node(document.value, document), views, swagger, [])
    paths, places = _paths(reader)
    webhooks = dict(_hooks(reader, reader.root.get("webhooks"), 0))
    faults = [*reader.faults, *_malformed_schemas(document)]
    contract = JsonContract(document, references, views, tuple(faults[:MOST_TOLD]))
    prefix = document.value.get("basePath", "") if swagger else ""
    return Api(contract, str(prefix).rstrip("/"), paths, webhooks, _count_schemas(reader.root), places)


def template(path: str) -> str:
    """A path without the names of its parameters."""
    return _TEMPLATE.sub("{}", path)


def _version(document: Document) -> bool:
    """Whether the document is of version 2.0."""
    if not isinstance(document.value, dict):
        raise Unreadable("an OpenAPI document must be an object", 1)
    swagger, openapi = document.value.get("swagger"), document.value.get("openapi")
    if str(swagger) in {"2.0", "2"}:
        return True
    if not isinstance(openapi, str | float) or not _VERSION.fullmatch(str(openapi)):
        raise Unreadable("neither 'swagger: \"2.0\"' nor 'openapi: 3.x.y' says its version", 1)
    document.value["openapi"] = str(openapi)
    if not any(key in document.value for key in ("paths", "webhooks", "components")):
        raise Unreadable("it has neither 'paths' nor 'webhooks' nor 'components'", 1)
    return False


def _paths(reader: Reader) -> tuple[dict[str, dict[str, Operation]], dict[str, Node]]:
    found: dict[str, dict[str, Operation]] = {}
    places: dict[str, Node] = {}
    holder = reader.root.get("paths")
    if holder is None and reader.swagger:
        reader.fault("'paths' is missing", reader.root)
    for path, node in reader.members(holder, "'paths'"):
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            reader.fault(f"the path {shown(path)} does not begin with '/'", node)
        places[path] = node
        found[path] = dict(_operations(reader, node, path, 0))
    return found, places


def _hooks(reader: Reader, holder: Node | None, depth: int) -> Iterator[tuple[str, Operation]]:
    for name, node in reader.members(holder, "'webhooks'"):
        for method, operation in _operations(reader, node, name, depth):
            yield f"{method.upper()} {name}", operation


def _operations(reader: Reader, item: Node, path: str, depth: int) -> Iterator[tuple[str, Operation]]:
    item = reader.resolved(item)
    shared = _parameters(reader, item, path)
    for method, node in reader.members(item, f"the path {shown(path)}"):
        if method in METHODS:
            if not isinstance(node.value, dict):
                reader.fault(f"{method.upper()} {shown(path)} is no object", node)
                continue
            yield method, _operation(reader, node, f"{method.upper()} {shown(path)}", path, shared, depth)


def _operation(
    reader: Reader, node: Node, name: str, path: str, shared: Mapping[tuple[str, str], Parameter], depth: int
) -> Operation:
    listed = node.get("responses")
    responses: dict[str, Response] = {}
    for status, child in reader.members(listed, f"'responses' of {name}"):
        if _STATUS.fullmatch(status):
            responses[status.upper() if status != "default" else status] = _response(reader, node, child)
        elif not status.startswith("x-"):
            reader.fault(f"{name}: {shown(status)} is no status", child)
    if listed is None and reader.responses_required:
        reader.fault(f"{name} has no 'responses'", node)
    return Operation(
        name,
        {**shared, **_parameters(reader, node, path)},
        _body(reader, node, name),
        responses,
        requirements_of(reader, node),
        dict(_callbacks(reader, node, depth)),
        node,
    )


def _callbacks(reader: Reader, node: Node, depth: int) -> Iterator[tuple[str, Operation]]:
    if depth >= MAX_CALLBACK_DEPTH or reader.swagger:
        return
    for name, child in reader.members(node.get("callbacks"), "'callbacks'"):
        for key, operation in _hooks(reader, reader.resolved(child), depth + 1):
            yield f"{name} {key}", operation


def _parameters(reader: Reader, holder: Node, path: str) -> dict[tuple[str, str], Parameter]:
    listed = holder.get("parameters")
    if listed is not None and not isinstance(listed.value, list):
        reader.fault("'parameters' is no list", listed)
    positions = {name: str(index) for index, name in enumerate(_TEMPLATE.findall(path))}
    found: dict[tuple[str, str], Parameter] = {}
    for entry in listed.items() if listed is not None else ():
        node = reader.resolved(entry)
        parameter = parameter_of(reader, node)
        if parameter is None:
            if node.value.get("in") not in {"body", "formData"} if isinstance(node.value, dict) else True:
                reader.fault("a parameter needs 'name' and 'in'", node)
            continue
        key = parameter.name
        if parameter.place == "header":
            key = key.lower()
            if key in _IGNORED_HEADERS and not reader.swagger:
                continue
        found[parameter.place, positions.get(key, key) if parameter.place == "path" else key] = parameter
    return found


def _body(reader: Reader, node: Node, name: str) -> Body | None:
    if reader.swagger:
        return swagger_body(reader, node)
    holder = node.get("requestBody")
    if holder is None:
        return None
    holder = reader.resolved(holder)
    if not isinstance(holder.value, dict) or not isinstance(holder.value.get("content", {}), dict):
        reader.fault(f"'requestBody' of {name} is malformed", holder)
        return None
    return Body(holder.value.get("required") is True, content_of(reader, holder), holder)


def _response(reader: Reader, operation: Node, node: Node) -> Response:
    node = reader.resolved(node)
    if not isinstance(node.value, dict):
        reader.fault("a response is no object", node)
    headers: dict[str, Parameter] = {}
    for name, child in reader.members(node.get("headers"), "'headers'"):
        header = parameter_of(reader, reader.resolved(child), name=name, place="header")
        if header is not None:
            headers[name.lower()] = header
    content = swagger_response(reader, operation, node) if reader.swagger else content_of(reader, node)
    return Response(content, headers, node)


def _malformed_schemas(document: Document) -> list[tuple[str, Node]]:
    found: list[tuple[str, Node]] = []
    for node in walk(document):
        above = node.pointer[-2] if len(node.pointer) > 1 else None
        here = node.pointer[-1] if node.pointer else None
        is_schema = (here == "schema" and above != "properties") or (
            above in {"schemas", "definitions"} and len(node.pointer) in {2, 3}
        )
        if is_schema:
            found += told(malformed(node, frozenset({"file"})))
        if len(found) >= MOST_TOLD:
            break
    return found


def _count_schemas(root: Node) -> int:
    components = root.get("components")
    holder = root.get("definitions") or (components.get("schemas") if components else None)
    return len(holder.value) if holder is not None and isinstance(holder.value, dict) else 0
