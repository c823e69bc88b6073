"""JSON Schema documents, drafts 4 to 2020-12: what was valid at the base must be valid at the head.

A definition that nothing in the document refers to is compared as well: other documents may refer to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent_agency.gates.contracts.documents import Node, read_document, shown
from agent_agency.gates.contracts.json_contract import JsonContract, Reporter
from agent_agency.gates.contracts.model import ContractComparison, Unreadable
from agent_agency.gates.contracts.references import References
from agent_agency.gates.contracts.schema_compare import Direction, SchemaComparison
from agent_agency.gates.contracts.schema_shape import malformed, told
from agent_agency.gates.contracts.schema_view import Dialect, OutOfStepsError, Views

_OLD_DRAFTS = ("draft-03", "draft-04", "draft-05", "draft-06", "draft-07")
_DEFINITIONS = ("definitions", "$defs")


def read_json_schema(data: bytes, path: str, read: Callable[[str], bytes | None] | None) -> JsonContract:
    """Read one document.

    Raises:
        Unreadable: when it is no JSON schema.
    """
    document = read_document(data, path)
    if not isinstance(document.value, dict | bool):
        raise Unreadable("a JSON schema must be an object", 1)
    dialect = document.value.get("$schema", "") if isinstance(document.value, dict) else ""
    if not isinstance(dialect, str):
        raise Unreadable("'$schema' must be a text", document.line(("$schema",)), "/$schema")
    references = References(document, read)
    references.check_all()
    siblings = not any(draft in dialect for draft in _OLD_DRAFTS)
    faults = told(malformed(Node(document.value, document)))
    return JsonContract(document, references, Views(references, Dialect(siblings)), tuple(faults))


def compare_json_schema(base: JsonContract | None, head: JsonContract, path: str) -> ContractComparison:
    """What the head's schema refuses, or leaves undefined, of what the base's allowed."""
    reporter = Reporter(head.document, path)
    reporter.of_state(base, head)
    if base is not None:
        comparison = SchemaComparison(base.views, head.views, Direction.DOCUMENT, reporter.difference)
        try:
            comparison.compare((base.root,), (head.root,), "the document")
            _definitions(base, head, comparison, reporter)
        except OutOfStepsError:
            reporter.out_of_steps()
    types = sum(1 for _ in _named(head.root))
    return ContractComparison(tuple(reporter.problems), types=1 + types, compared=base is not None)


def _definitions(base: JsonContract, head: JsonContract, comparison: SchemaComparison, reporter: Reporter) -> None:
    after = dict(_named(head.root))
    for name, node in _named(base.root):
        if name in after:
            comparison.compare((node,), (after[name],), shown(name))
        else:
            reporter.breaking("schema.definition_removed", f"the definition {shown(name)} was removed", node)


def _named(root: Node) -> Iterator[tuple[str, Node]]:
    for keyword in _DEFINITIONS:
        holder = root.get(keyword)
        if holder is not None:
            yield from holder.members()
