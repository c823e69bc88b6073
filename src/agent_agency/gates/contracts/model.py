"""What comparing two states of a contract gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent_agency.facts import Severity

MAX_BYTES = 8 * 1024 * 1024
"""The largest contract document that is read."""


class Form(StrEnum):
    """The languages of contracts that are compared."""

    OPENAPI = "openapi"
    GRAPHQL = "graphql"
    PROTOBUF = "protobuf"
    JSON_SCHEMA = "json-schema"


BASE_UNPARSEABLE = "base_unparseable"
NO_BASE = "no_base"
REMOTE_REFERENCE = "remote_reference"
UNPARSEABLE = "unparseable"
INVALID = "invalid"
UNRESOLVED_REFERENCE = "unresolved_reference"
STILL_INVALID = "still_invalid"
TOO_COMPLEX = "too_complex"
RESPONSE_UNDOCUMENTED = "openapi.response_undocumented"
DANGEROUS = "graphql.dangerous"
NAME_NOT_RESERVED = "protobuf.name_not_reserved"
MISSING = "missing"
NOT_THERE = "not_there"
NOT_COMPARED = "not_compared"
MOVED = "moved"
TOLD = frozenset(
    {
        NOT_THERE,
        NOT_COMPARED,
        MOVED,
        BASE_UNPARSEABLE,
        NO_BASE,
        REMOTE_REFERENCE,
        STILL_INVALID,
        RESPONSE_UNDOCUMENTED,
        DANGEROUS,
        NAME_NOT_RESERVED,
    }
)
"""Rules whose problems are told and fail nothing."""


@dataclass(frozen=True, slots=True)
class ContractProblem:
    """One thing that is wrong with a contract, or that its users must know.

    ``rule`` is the rule id without the leading name of the gate. ``pointer`` is where in the document: a JSON pointer,
    or a dotted name in GraphQL and protobuf. ``line`` counts from 1 in the head's document, ``None`` where it is not
    known. ``breaking`` says that somebody who kept to the base's contract is let down by the head's.
    """

    rule: str
    message: str
    path: str
    line: int | None
    pointer: str
    breaking: bool

    @property
    def severity(self) -> Severity:
        """``advice`` for what is only told."""
        return Severity.ADVICE if self.rule in TOLD else Severity.MAJOR


@dataclass(frozen=True, slots=True)
class ContractComparison:
    """What was found, and how much of the head was looked at.

    ``operations`` are operations, fields of root types or rpcs; ``types`` are named schemas, types, messages and enums.
    ``compared`` says whether there was a base that could be compared with.
    """

    problems: tuple[ContractProblem, ...] = ()
    operations: int = 0
    types: int = 0
    compared: bool = False

    @property
    def breaking(self) -> int:
        """The number of breaking changes."""
        return sum(problem.breaking for problem in self.problems)

    @property
    def unusable(self) -> tuple[ContractProblem, ...]:
        """What keeps the head from being a contract at all, or from being compared."""
        return tuple(item for item in self.problems if not item.breaking and item.severity is not Severity.ADVICE)


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):  # noqa: N818  an outcome of reading, which every reader turns into a problem
    """Why a document is no contract of its form; ``line`` from 1."""

    message: str
    line: int | None = None
    pointer: str = ""
