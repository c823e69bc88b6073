"""The statements that concern waivers: written for signing, and read back strictly.

Every predicate is an object with exactly its known members. ``subject`` repeats ``waiver:<id>``; ``base`` is the commit
whose law the signer looked at, ``chain`` the ledger that they had before them, so that an act of one repository counts
in no other. A request holds the terms; an approval, denial or revocation holds the digest of what it is about: SHA-256
over the request's payload, or over the waiver's file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent_agency.arbitration.waivers.model import ActKind, Terms
from agent_agency.attestation.statement import Statement, make_statement
from agent_agency.clock import rfc3339
from agent_agency.spec.model import Budget

SUBJECT_PREFIX = "waiver:"
MOST_NAMED = 50
MOST_TEXT = 10_000
MOST_ID = 100

_ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+[a-z]?")
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})")
_CHAIN = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_DECISIONS: Mapping[ActKind, str] = {
    ActKind.APPROVAL: "approve",
    ActKind.DENIAL: "deny",
    ActKind.REVOCATION: "revoke",
}
_REQUEST_MEMBERS = frozenset(
    {
        "subject",
        "base",
        "chain",
        "gates",
        "rules",
        "spec",
        "paths",
        "reason",
        "requester",
        "created_at",
        "expires_at",
        "max_uses",
        "delta",
    }
)
_DECISION_MEMBERS = frozenset({"subject", "base", "chain", "digest", "decision", "note", "at"})


@dataclass(frozen=True, slots=True)
class Decided:
    """What an approval, denial or revocation says."""

    waiver_id: str
    digest: str
    at: datetime
    base: str
    chain: str
    note: str


def is_waiver_id(text: str) -> bool:
    """Whether a text has the form of a waiver's id, so that it can be told without forging a line."""
    return len(text) <= MOST_ID and _ID.fullmatch(text) is not None


def subject_of(waiver_id: str) -> str:
    """How entries of the ledger name a waiver."""
    return f"{SUBJECT_PREFIX}{waiver_id}"


def request_statement(terms: Terms, chain: str) -> bytes:
    """Write a request as the bytes that its requester signs; their digest is what approvals sign.

    Raises:
        ValueError: when it could not be read back (``read_terms``).
    """
    delta = {"files": terms.delta.max_files, "lines": terms.delta.max_loc} if terms.delta else None
    predicate = {
        "subject": subject_of(terms.id),
        "base": terms.base,
        "chain": chain,
        "gates": list(terms.gates),
        "rules": list(terms.rules),
        "spec": terms.spec_id,
        "paths": list(terms.paths),
        "reason": terms.reason,
        "requester": terms.requester,
        "created_at": rfc3339(terms.created_at),
        "expires_at": rfc3339(terms.expires_at),
        "max_uses": terms.max_uses,
        "delta": delta,
    }
    subject = (subject_of(terms.id), {"gitCommit": terms.base})
    data = make_statement(ActKind.REQUEST, [subject], predicate)
    read_terms(Statement(ActKind.REQUEST, (subject,), predicate))
    return data


def decision_statement(kind: ActKind, decided: Decided) -> bytes:
    """Write an approval, denial or revocation as the bytes that are signed.

    Raises:
        ValueError: when it could not be read back (``read_decided``).
    """
    predicate = {
        "subject": subject_of(decided.waiver_id),
        "base": decided.base,
        "chain": decided.chain,
        "digest": decided.digest,
        "decision": _DECISIONS[kind],
        "note": decided.note,
        "at": rfc3339(decided.at),
    }
    subject = (subject_of(decided.waiver_id), {"sha256": decided.digest.removeprefix("sha256:")})
    data = make_statement(kind, [subject], predicate)
    read_decided(Statement(kind, (subject,), predicate))
    return data


def read_terms(statement: Statement) -> tuple[Terms, str]:
    """Read what a request asks for, and the chain that it is bound to.

    Raises:
        ValueError: it is no request that ``request_statement`` could have written; the message is a clause.
    """
    value = _predicate(statement, {ActKind.REQUEST}, _REQUEST_MEMBERS)
    waiver_id = _subject(statement, value, {"gitCommit": value["base"]})
    terms = Terms(
        id=waiver_id,
        gates=_names(value["gates"], "gates"),
        rules=_names(value["rules"], "rules"),
        spec_id=None if value["spec"] is None else _text(value["spec"], "spec"),
        paths=_names(value["paths"], "paths"),
        reason=_text(value["reason"], "reason"),
        requester=_text(value["requester"], "requester"),
        created_at=_moment(value["created_at"], "created_at"),
        expires_at=_moment(value["expires_at"], "expires_at"),
        base=_matching(_COMMIT, value["base"], "base"),
        max_uses=None if value["max_uses"] is None else _count(value["max_uses"], "max_uses", least=1),
        delta=_delta(value["delta"]),
    )
    return terms, _matching(_CHAIN, value["chain"], "chain")


def read_decided(statement: Statement) -> Decided:
    """Read an approval, denial or revocation.

    Raises:
        ValueError: it is none that ``decision_statement`` could have written; the message is a clause.
    """
    value = _predicate(statement, set(_DECISIONS), _DECISION_MEMBERS)
    digest = _matching(_DIGEST, value["digest"], "digest")
    waiver_id = _subject(statement, value, {"sha256": digest.removeprefix("sha256:")})
    if value["decision"] != _DECISIONS[ActKind(statement.kind)]:
        raise ValueError("its decision is not the one of its kind")
    if not isinstance(value["note"], str) or len(value["note"]) > MOST_TEXT:
        raise ValueError("its note is no text, or too long a one")
    return Decided(
        waiver_id=waiver_id,
        digest=digest,
        at=_moment(value["at"], "at"),
        base=_matching(_COMMIT, value["base"], "base"),
        chain=_matching(_CHAIN, value["chain"], "chain"),
        note=value["note"],
    )


def _predicate(statement: Statement, kinds: set[ActKind], members: frozenset[str]) -> Mapping[str, Any]:
    if statement.kind not in kinds:
        raise ValueError(f"it is a statement of another kind ({statement.kind})")
    if set(statement.predicate) != members:
        raise ValueError("its predicate has not exactly the known members")
    return statement.predicate


def _subject(statement: Statement, value: Mapping[str, Any], digests: Mapping[str, Any]) -> str:
    """The waiver's id, told once in the predicate and once, with the digest, as the statement's subject."""
    named = value["subject"]
    waiver_id = named.removeprefix(SUBJECT_PREFIX) if isinstance(named, str) else ""
    if not is_waiver_id(waiver_id) or named != subject_of(waiver_id):
        raise ValueError("it names no waiver as its subject")
    if [(name, dict(found)) for name, found in statement.subjects] != [(named, dict(digests))]:
        raise ValueError("the subject of the statement is not that of its predicate")
    return waiver_id


def _names(value: Any, member: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_NAMED:
        raise ValueError(f"its '{member}' is no list of at most {MOST_NAMED} names")
    names = tuple(_text(name, member) for name in value)
    if len(set(names)) != len(names):
        raise ValueError(f"its '{member}' names one twice")
    return names


def _text(value: Any, member: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        raise ValueError(f"its '{member}' is no text, or too long a one")
    return value


def _matching(pattern: re.Pattern[str], value: Any, member: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"its '{member}' has not the form that it must have")
    return value


def _moment(value: Any, member: str) -> datetime:
    text = _matching(_MOMENT, value, member)
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"its '{member}' is no moment of the calendar") from error


def _count(value: Any, member: str, *, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"its '{member}' is no whole number of at least {least}")
    return value


def _delta(value: Any) -> Budget | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"files", "lines"}:
        raise ValueError("its 'delta' has not exactly files and lines")
    files, lines = (_count(value[key], f"delta.{key}", least=0) for key in ("files", "lines"))
    return Budget(files, lines)
