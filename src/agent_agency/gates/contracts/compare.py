"""Hold one contract document at the head against the same at the base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent_agency.gates.contracts.model import (
    BASE_UNPARSEABLE,
    MAX_BYTES,
    UNPARSEABLE,
    ContractComparison,
    ContractProblem,
    Form,
    Unreadable,
)

ReadFile = Callable[[str], bytes | None]
"""A file's bytes by its path from the repository's root; ``None`` where there is none."""


def compare_contract(
    form: str,
    base: bytes | None,
    head: bytes,
    path: str,
    *,
    read_base: ReadFile | None = None,
    read_head: ReadFile | None = None,
) -> ContractComparison:
    """Tell what the head's contract breaks for those who keep to the base's.

    Args:
        form: one of ``Form``.
        base: the document at the base; ``None`` where there is none: then the head is only checked.
        head: the document at the head.
        path: the path that problems name, and from which relative references lead.
        read_base: gives the files beside the base's document; without it references to other files are only told.
        read_head: likewise for the head's.

    Returns:
        All problems; nothing is raised on account of the documents' content.

    Raises:
        ValueError: for a form that is not compared.
    """
    read, compare = _machinery(Form(form))
    try:
        after = _read(read, head, path, read_head)
    except Unreadable as problem:
        told = f"the {form} contract cannot be used: {problem.message}"
        return ContractComparison(
            (ContractProblem(UNPARSEABLE, told, path, problem.line, problem.pointer, breaking=False),)
        )
    if base is None:
        return _guarded(compare, None, after, path)
    try:
        before = _read(read, base, path, read_base)
    except Unreadable as problem:
        told = f"the base's {form} contract cannot be used, so nothing was compared with it: {problem.message}"
        advice = ContractProblem(BASE_UNPARSEABLE, told, path, None, problem.pointer, breaking=False)
        alone = _guarded(compare, None, after, path)
        return replace(alone, problems=(*alone.problems, advice))
    return _guarded(compare, before, after, path)


def _read(read: Callable[..., Any], data: bytes, path: str, files: ReadFile | None) -> Any:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"it has {len(data):,} bytes; a contract may have {MAX_BYTES:,}")
    return read(data, path, files)


def _guarded(compare: Callable[..., ContractComparison], base: Any, head: Any, path: str) -> ContractComparison:
    """A document whose nesting outgrows what can be walked ends as a problem of the document."""
    try:
        return compare(base, head, path)
    except RecursionError:
        told = "the document is nested too deeply to be compared"
        return ContractComparison((ContractProblem(UNPARSEABLE, told, path, None, "", breaking=False),))


def _machinery(form: Form) -> tuple[Callable[..., Any], Callable[..., ContractComparison]]:
    if form is Form.GRAPHQL:
        from agent_agency.gates.contracts.graphql_sdl import compare_graphql, read_schema

        return _alone(read_schema), compare_graphql
    if form is Form.PROTOBUF:
        from agent_agency.gates.contracts.protobuf import compare_protobuf
        from agent_agency.gates.contracts.protobuf_parser import parse_proto

        return _alone(parse_proto), compare_protobuf
    if form is Form.OPENAPI:
        from agent_agency.gates.contracts.openapi import compare_openapi
        from agent_agency.gates.contracts.openapi_reader import read_openapi

        return read_openapi, compare_openapi
    from agent_agency.gates.contracts.json_schema import compare_json_schema, read_json_schema

    return read_json_schema, compare_json_schema


def _alone(read: Callable[[bytes], Any]) -> Callable[..., Any]:
    """A reader of documents that stand alone."""
    return lambda data, _path, _files: read(data)
