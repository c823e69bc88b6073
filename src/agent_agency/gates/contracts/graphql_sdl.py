"""GraphQL schemas (SDL), compared by graphql-core: ``find_breaking_changes`` is the reference's own answer.

Directives that no definition stands for are accepted, as in the parts of a federated graph; everything else of the
specification's validation holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agent_agency.gates.contracts.model import DANGEROUS, ContractComparison, ContractProblem, Unreadable

if TYPE_CHECKING:
    from graphql import GraphQLSchema

MAX_TOKENS = 400_000
_ROOTS = ("query", "mutation", "subscription")
_WITHOUT_DEFINITIONS = frozenset({"KnownDirectivesRule", "KnownArgumentNamesOnDirectivesRule"})
_ADDITIONS = frozenset({"OPTIONAL_INPUT_FIELD_ADDED", "OPTIONAL_ARG_ADDED"})
_UNUSED_SCALAR = "Standard scalar "  # it is part of the language, used or not
_NOT_A_FRAGMENT = "Query root type must be provided."


class _FirstProblemError(Exception):
    """Ends a validation at its first problem, so that no number of them costs anything."""


def read_schema(data: bytes) -> GraphQLSchema:
    """Read one SDL document.

    Raises:
        Unreadable: when it is no valid schema.
    """
    from graphql import GraphQLError, build_ast_schema, parse, validate_schema

    try:
        document = parse(data.decode("utf-8").removeprefix("\ufeff"), max_tokens=MAX_TOKENS)
        _validate(document)
        schema = build_ast_schema(document, assume_valid_sdl=True)
        problems = [item for item in validate_schema(schema) if item.message != _NOT_A_FRAGMENT]
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None
    except GraphQLError as error:
        raise _unreadable(error) from None
    except _FirstProblemError as error:
        raise _unreadable(error.args[0]) from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except (TypeError, ValueError, KeyError) as error:
        raise Unreadable(f"it is no valid schema: {_one_line(str(error))}") from None
    if problems:
        raise _unreadable(problems[0])
    return schema


def compare_graphql(base: GraphQLSchema | None, head: GraphQLSchema, path: str) -> ContractComparison:
    """What the head's schema breaks for the clients of the base's."""
    problems = () if base is None else tuple(_problems(base, head, path))
    roots = [getattr(head, f"{root}_type") for root in _ROOTS]
    return ContractComparison(
        problems,
        operations=sum(len(root.fields) for root in roots if root),
        types=sum(named.ast_node is not None for named in head.type_map.values()),
        compared=base is not None,
    )


def _validate(document: Any) -> None:
    from graphql import is_type_system_definition_node, is_type_system_extension_node
    from graphql.language import visit
    from graphql.language.visitor import ParallelVisitor
    from graphql.validation import SDLValidationContext
    from graphql.validation.specified_rules import specified_sdl_rules

    for node in document.definitions:
        if not (is_type_system_definition_node(node) or is_type_system_extension_node(node)):
            raise Unreadable("it holds a query, which is no part of a schema", node.loc.start_token.line)

    def stop(problem: Any) -> None:
        raise _FirstProblemError(problem)

    context = SDLValidationContext(document, None, stop)
    rules = [rule(context) for rule in specified_sdl_rules if rule.__name__ not in _WITHOUT_DEFINITIONS]
    visit(document, ParallelVisitor(rules))


def _problems(base: GraphQLSchema, head: GraphQLSchema, path: str) -> Iterator[ContractProblem]:
    from graphql.utilities import find_breaking_changes, find_dangerous_changes

    for root in _ROOTS:
        before, after = getattr(base, f"{root}_type"), getattr(head, f"{root}_type")
        if before and (after is None or after.name != before.name):
            now = "gone" if after is None else after.name
            message = f"the root type of {root} was {before.name} and is {now}"
            yield ContractProblem(
                "graphql.root_type_changed", message, path, _line(head, before.name), root, breaking=True
            )
    for change in find_breaking_changes(base, head):
        if change.description.startswith(_UNUSED_SCALAR):
            continue
        told, where = _one_line(change.description), _coordinate(change.description, base, head)
        rule = f"graphql.{change.type.name.lower()}"
        yield ContractProblem(rule, told, path, _line(head, where), where, breaking=True)
    for danger in find_dangerous_changes(base, head):
        if danger.type.name not in _ADDITIONS:
            told, where = _one_line(danger.description), _coordinate(danger.description, base, head)
            yield ContractProblem(DANGEROUS, told, path, _line(head, where), where, breaking=False)


def _coordinate(description: str, *schemas: GraphQLSchema) -> str:
    """The first type, or type and field, that a description names."""
    for found in re.finditer(r"@?[_A-Za-z][_0-9A-Za-z]*(?:\.[_A-Za-z][_0-9A-Za-z]*)?", description[:500]):
        name = found[0].partition(".")[0]
        if any(name in schema.type_map for schema in schemas) or name.startswith("@"):
            return found[0]
    return ""


def _line(head: GraphQLSchema, coordinate: str) -> int | None:
    name, _, member = coordinate.partition(".")
    named = head.type_map.get(name)
    children = getattr(named, "fields", None) or getattr(named, "values", None) or {}
    node = getattr(children.get(member), "ast_node", None) or getattr(named, "ast_node", None)
    if node is None or node.loc is None:
        return None
    line: int = node.loc.start_token.line
    return line


def _unreadable(error: Any) -> Unreadable:
    line = error.locations[0].line if error.locations else None
    return Unreadable(f"it is no valid schema: {_one_line(error.message)}", line)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
