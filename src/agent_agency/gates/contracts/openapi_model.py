"""What an OpenAPI document offers, whatever version it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_agency.gates.contracts.documents import Node
from agent_agency.gates.contracts.json_contract import JsonContract
from agent_agency.gates.contracts.schema_view import View

Content = Mapping[str, View]
"""Schemas by media type, in small letters and without parameters."""
Requirement = Mapping[str, frozenset[str]]
"""Security schemes that are all needed, with the scopes of each."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter or header. ``place`` is ``path``, ``query``, ``header`` or ``cookie``.

    ``style`` is how its value is written, as one text; ``content`` is given for a parameter that has a media type.
    """

    name: str
    place: str
    required: bool
    schema: View
    style: str
    content: Content
    node: Node


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries."""

    required: bool
    content: Content
    node: Node


@dataclass(frozen=True, slots=True)
class Response:
    """One response; header names in small letters."""

    content: Content
    headers: Mapping[str, Parameter]
    node: Node


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``shown`` names it: ``GET /pets/{id}``.

    ``parameters`` are by place and name; those in the path by their position, since their names are nobody's concern.
    ``security`` are the alternatives, any of which is enough; one without schemes lets everybody in.
    ``callbacks`` are the operations that the server calls, by name, expression and method.
    """

    shown: str
    parameters: Mapping[tuple[str, str], Parameter]
    body: Body | None
    responses: Mapping[str, Response]
    security: tuple[Requirement, ...]
    callbacks: Mapping[str, Operation]
    node: Node


@dataclass(frozen=True, slots=True)
class Api:
    """Everything that a document offers: ``paths`` by path as written and method, ``webhooks`` by name and method."""

    contract: JsonContract
    prefix: str
    paths: Mapping[str, Mapping[str, Operation]]
    webhooks: Mapping[str, Operation]
    schemas: int
    places: Mapping[str, Node] = field(default_factory=dict)
