"""Who may call an operation: security requirements, told apart by what a client must send and not by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_agency.gates.contracts.documents import Node, canonical
from agent_agency.gates.contracts.openapi_model import Requirement

if TYPE_CHECKING:
    from agent_agency.gates.contracts.openapi_content import Reader

_TELLING = ("type", "in", "scheme", "openIdConnectUrl")
_NO_SCHEME: Requirement = {}


def requirements_of(reader: Reader, operation: Node) -> tuple[Requirement, ...]:
    """The alternatives of an operation; without any written everybody may call it."""
    listed = operation.get("security") or reader.root.get("security")
    if listed is None:
        return (_NO_SCHEME,)
    if not isinstance(listed.value, list):
        reader.fault("'security' is no list", listed)
    schemes = _schemes(reader)
    found = [_requirement(entry, schemes) for entry in listed.items() if isinstance(entry.value, dict)]
    return tuple(found) or (_NO_SCHEME,)


def is_let_in(client: Requirement, alternatives: tuple[Requirement, ...]) -> bool:
    """Whether whoever fulfils one requirement also fulfils one of these."""
    return any(
        all(scheme in client and scopes <= client[scheme] for scheme, scopes in wanted.items())
        for wanted in alternatives
    )


def _requirement(entry: Node, schemes: Mapping[str, str]) -> Requirement:
    found: dict[str, frozenset[str]] = {}
    for name, scopes in entry.value.items():
        asked = frozenset(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else ()
        found[schemes.get(name, name)] = frozenset(asked)
    return found


def _schemes(reader: Reader) -> dict[str, str]:
    components = reader.root.get("components")
    holder = reader.root.get("securityDefinitions") if reader.swagger else None
    if not reader.swagger and components is not None:
        holder = components.get("securitySchemes")
    found: dict[str, str] = {}
    for name, node in reader.members(holder, "the security schemes"):
        found[name] = _identity(reader.resolved(node))
    return found


def _identity(node: Node) -> str:
    """What a client must know of a scheme. HTTP basic of version 2.0 is the scheme ``basic`` of version 3."""
    if not isinstance(node.value, dict):
        return canonical(node.value)
    told = {key: str(node.value[key]).lower() for key in _TELLING if key in node.value}
    if told.get("type") == "apikey":
        told["name"] = str(node.value.get("name"))
    if told.get("type") == "basic":
        told = {"type": "http", "scheme": "basic"}
    return canonical(told)
