"""OpenAPI 2.0, 3.0 and 3.1: what the head breaks for the clients of the base.

The rules are those of the field's tools (oasdiff's breaking changes of the levels error and warning), the direction of
every schema respected: what clients send, and what they receive. What the server calls (webhooks, callbacks) is turned
around.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from agent_agency.gates.contracts.documents import Node, shown
from agent_agency.gates.contracts.json_contract import Reporter
from agent_agency.gates.contracts.model import RESPONSE_UNDOCUMENTED, ContractComparison
from agent_agency.gates.contracts.openapi_model import Api, Body, Content, Operation, Parameter, Response
from agent_agency.gates.contracts.openapi_reader import template
from agent_agency.gates.contracts.openapi_security import is_let_in
from agent_agency.gates.contracts.schema_compare import Direction, SchemaComparison
from agent_agency.gates.contracts.schema_view import OutOfStepsError, View

_RELIED_ON = ("1", "2", "3", "default")


def compare_openapi(base: Api | None, head: Api, path: str) -> ContractComparison:
    """What breaks, and what is wrong with the head by itself."""
    reporter = Reporter(head.contract.document, path)
    reporter.of_state(base.contract if base else None, head.contract)
    if base is not None:
        try:
            _ApiComparison(base, head, reporter).run()
        except OutOfStepsError:
            reporter.out_of_steps()
    operations = sum(map(len, head.paths.values())) + len(head.webhooks)
    return ContractComparison(tuple(reporter.problems), operations, head.schemas, base is not None)


class _ApiComparison:
    """Compares two APIs; a schema that both directions use is compared once for each."""

    def __init__(self, base: Api, head: Api, reporter: Reporter) -> None:
        self._base = base
        self._head = head
        self._reporter = reporter
        views = (base.contract.views, head.contract.views)
        self._sent = SchemaComparison(*views, Direction.REQUEST, reporter.difference)
        self._received = SchemaComparison(*views, Direction.RESPONSE, reporter.difference)

    def run(self) -> None:
        """Compare everything."""
        if self._base.prefix != self._head.prefix:
            told = f"the base path was {shown(self._base.prefix or '/')} and is {shown(self._head.prefix or '/')}"
            self._break("base_path_changed", told, self._head.contract.root.get("basePath"))
        before, after = _by_template(self._base, self._head), _by_template(self._head, self._base)
        for key, path in before.items():
            self._path(path, after.get(key))
        for name, operation in self._base.webhooks.items():
            self._called_by_server(operation, self._head.webhooks.get(name), f"the webhook {shown(name)}")

    def _path(self, path: str, now: str | None) -> None:
        operations = self._base.paths[path]
        if now is None:
            told = f"the path {shown(path)} was removed, with {', '.join(map(str.upper, operations)) or 'no operation'}"
            if operations:
                self._break("path_removed", told, self._base.places.get(path))
            return
        for method, operation in operations.items():
            remaining = self._head.paths[now].get(method)
            if remaining is None:
                self._break("operation_removed", f"{operation.shown} was removed", operation.node)
            else:
                self._operation(operation, remaining)

    def _operation(self, base: Operation, head: Operation) -> None:
        self._parameters(base, head)
        self._body(base.body, head, self._sent)
        self._responses(base, head, self._received)
        for client in base.security:
            if not is_let_in(client, head.security):
                told = f"{base.shown} asks for more than the base's clients send to be let in"
                self._break("security_added", told, head.node.get("security") or head.node)
                break
        for name, operation in base.callbacks.items():
            self._called_by_server(operation, head.callbacks.get(name), f"the callback {shown(name)} of {base.shown}")

    def _called_by_server(self, base: Operation, head: Operation | None, name: str) -> None:
        if head is None:
            self._break("operation_removed", f"{name} was removed", base.node)
            return
        self._body(base.body, head, self._received)
        self._responses(base, head, self._sent)

    def _parameters(self, base: Operation, head: Operation) -> None:
        places = {parameter.name: parameter.place for parameter in head.parameters.values()}
        for key, before in base.parameters.items():
            after = head.parameters.get(key)
            name = f"{base.shown}: the {before.place} parameter {shown(before.name)}"
            if after is not None:
                self._parameter(before, after, name)
            elif before.name in places and (places[before.name], before.name) not in base.parameters:
                self._break("parameter_moved", f"{name} moved to the {places[before.name]}", before.node)
            else:
                self._break("parameter_removed", f"{name} was removed", before.node)
        for key, after in head.parameters.items():
            if key not in base.parameters and after.required:
                told = f"{base.shown}: the {after.place} parameter {shown(after.name)} is new and required"
                self._break("parameter_required", told, after.node)

    def _parameter(self, before: Parameter, after: Parameter, name: str) -> None:
        if after.required and not before.required:
            self._break("parameter_required", f"{name} became required", after.node)
        if after.style != before.style and not (before.content or after.content):
            told = f"{name} was written as '{shown(before.style)}' and is as '{shown(after.style)}'"
            self._break("parameter_style_changed", told, after.node)
        self._values(before.schema, after.schema, name, self._sent)
        if before.content or after.content:
            self._content(before.content, after.content, name, after.node, self._sent)

    def _body(self, base: Body | None, head: Operation, direction: SchemaComparison) -> None:
        after, name = head.body, f"{head.shown}: the request body"
        if base is None:
            if after is not None and after.required and direction is self._sent:
                self._break("body_required", f"{name} is new and required", after.node)
            return
        if after is None:
            self._break("body_removed", f"{name} was removed", base.node)
            return
        if after.required and not base.required and direction is self._sent:
            self._break("body_required", f"{name} became required", after.node)
        self._content(base.content, after.content, name, after.node, direction)

    def _responses(self, base: Operation, head: Operation, direction: SchemaComparison) -> None:
        for status, before in base.responses.items():
            after = head.responses.get(status) or head.responses.get(f"{status[0]}XX")
            name = f"{base.shown}: the response {status}"
            if after is not None:
                self._response(before, after, name, direction)
            elif status.startswith(_RELIED_ON):
                self._break("response_removed", f"{name} was removed", before.node)
            else:
                self._reporter.told(RESPONSE_UNDOCUMENTED, f"{name} is no longer described", before.node)

    def _response(self, before: Response, after: Response, name: str, direction: SchemaComparison) -> None:
        self._content(before.content, after.content, name, after.node, direction)
        for key, header in before.headers.items():
            remaining = after.headers.get(key)
            where = f"{name}: the header {shown(header.name)}"
            if remaining is None:
                self._break("header_removed", f"{where} was removed", header.node)
                continue
            if header.required and not remaining.required:
                self._break("header_removed", f"{where} may now be missing", remaining.node)
            self._values(header.schema, remaining.schema, where, direction)

    def _content(self, base: Content, head: Content, name: str, node: Node, direction: SchemaComparison) -> None:
        for media, schema in base.items():
            taken = head[media] if media in head else _by_range(media, head)
            if taken is None:
                self._break("media_type_removed", f"{name}: the media type {shown(media)} was removed", node)
            else:
                self._values(schema, taken, f"{name} ({shown(media)})", direction)

    @staticmethod
    def _values(base: View, head: View, name: str, direction: SchemaComparison) -> None:
        direction.compare(base, head, name)

    def _break(self, rule: str, message: str, node: Node | None) -> None:
        self._reporter.breaking(f"openapi.{rule}", message, node)


def _by_template(api: Api, other: Api) -> dict[str, str]:
    """Paths by their form without parameter names, except where two of one document have the same form."""
    forms = [Counter(map(template, each.paths)) for each in (api, other)]
    return {path if any(form[template(path)] > 1 for form in forms) else template(path): path for path in api.paths}


def _by_range(media: str, content: Mapping[str, View]) -> View | None:
    ranges: Iterator[str] = iter((f"{media.partition('/')[0]}/*", "*/*"))
    return next((content[each] for each in ranges if each in content), None)
