"""What the arbiter itself signs (rulings, heads of the ledger), and how far its key is known.

The predicate of such an act names the public key under ``key``. That makes a signature checkable by whoever has nothing
but the act; it says nothing of whose key it is. That is what the list at the base says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent_agency.attestation.envelope import read_envelope
from agent_agency.attestation.keys import BadKeyError, PublicKey, parse_public_line
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.signer import Ed25519Signer, sign_statement
from agent_agency.attestation.statement import Statement, Subject, make_statement, read_statement
from agent_agency.attestation.verify import verify_envelope
from agent_agency.errors import NotSignedError

ARBITER_ROLE = "arbiter"


class Standing(StrEnum):
    """How far the key of an arbiter's act is known."""

    LISTED = "listed"
    OWN = "own"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class ArbiterAct:
    """An act whose signature verified.

    ``standing`` is ``listed`` where the base lists the key as an arbiter's (``name`` is whose), ``own`` where it is
    only this user's own arbiter key, ``unlisted`` where the base lists no arbiter at all.
    """

    statement: Statement
    key_id: str
    standing: Standing
    name: str | None = None

    @property
    def told(self) -> str:
        """Who signed it, as a clause."""
        if self.standing is Standing.LISTED:
            return f"signed by {self.name}, listed as an arbiter at the base ({self.key_id})"
        if self.standing is Standing.OWN:
            return f"signed by your own arbiter's key, which the base does not list ({self.key_id})"
        return f"signed by a key that no base lists, so it tells nobody ({self.key_id})"


def sign_arbiter_act(
    kind: str, subjects: Collection[Subject], predicate: Mapping[str, Any], signer: Ed25519Signer
) -> dict[str, Any]:
    """Sign an act of the arbiter; the answer is a JSON-ready envelope.

    Raises:
        ValueError: as `make_statement`.
    """
    named = {**predicate, "key": signer.public_key.line()}
    return sign_statement(make_statement(kind, tuple(subjects), named), signer)


def read_arbiter_act(
    envelope: Mapping[str, Any], kind: str, principals: Principals, own: Collection[PublicKey] = ()
) -> ArbiterAct:
    """Tell which act of the arbiter was signed, and how far its key is known.

    Args:
        envelope: as it stands in the ledger, an export or a git commit.
        kind: the kind of act that it has to be.
        principals: those at the base; where they list an arbiter, no other key counts but this user's own.
        own: this user's own arbiter key, where there is one.

    Raises:
        NotSignedError: it is no such act, its signature does not verify, or its key may not count.
    """
    try:
        read = read_envelope(envelope)
        statement = read_statement(read.payload)
    except ValueError as error:
        raise NotSignedError(str(error)) from error
    key_id = read.signature.key_id
    key = _named_key(statement, key_id)
    standing, name = _standing(key, principals, own)
    verify_envelope(envelope, Principals((Principal(ARBITER_ROLE, "", frozenset({ARBITER_ROLE}), (key,)),)))
    _refuse_other_kind(statement, kind)
    return ArbiterAct(statement, key_id, standing, name)


def _refuse_other_kind(statement: Statement, kind: str) -> None:
    if statement.kind != kind:
        raise NotSignedError(f"the signature is over a {statement.kind}, not over a {kind}")


def _named_key(statement: Statement, key_id: str) -> PublicKey:
    """The key that the act names, which has to be the one that its signature names."""
    line = statement.predicate.get("key")
    try:
        key = parse_public_line(line if isinstance(line, str) else "")
    except BadKeyError as error:
        raise NotSignedError("the act does not name the arbiter's key") from error
    if key.key_id != key_id or key.line() != line:
        raise NotSignedError("the act names another key than its signature does")
    return key


def _standing(key: PublicKey, principals: Principals, own: Collection[PublicKey]) -> tuple[Standing, str | None]:
    principal = principals.by_key(key.key_id)
    if principal is not None and ARBITER_ROLE in principal.roles:
        return Standing.LISTED, principal.name
    if principal is not None:
        raise NotSignedError(f"the key {key.key_id} is {principal.name}'s, who is no arbiter")
    if key in own:
        return Standing.OWN, None
    if principals.with_role(ARBITER_ROLE):
        raise NotSignedError(f"the base lists arbiters, and the key {key.key_id} is none of theirs")
    return Standing.UNLISTED, None
