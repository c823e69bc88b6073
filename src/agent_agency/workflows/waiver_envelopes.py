"""From an envelope that claims to be an act about a waiver to a sound act, or to the reason why it is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.waivers.model import ENTRY_KINDS, Act, ActKind, Discarded, Terms
from agent_agency.arbitration.waivers.statements import read_decided, read_terms
from agent_agency.attestation.principals import Principals
from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import LawError, NotSignedError
from agent_agency.git import Repository

if TYPE_CHECKING:
    from agent_agency.attestation.verify import SignedStatement

ARBITER = "arbiter"
PUBLISHED = "published"
"""The kind of what was found in a published file, which does not say which kind of act it holds."""


@dataclass(frozen=True, slots=True)
class Found:
    """An envelope that claims to be an act: where it was found, and the chain that it was recorded in."""

    envelope: Any
    waiver_id: str
    kind: str
    where: str
    chain: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an envelope says, before anybody's signature was looked at; ``key_id`` names the key that it claims."""

    found: Found
    kind: ActKind
    waiver_id: str
    digest: str
    at: datetime
    base: str
    chain: str
    key_id: str
    note: str = ""
    terms: Terms | None = None


def claimed(found: Found) -> Claimed | Discarded:
    """Read what an envelope says, and hold it to where it was found: the same waiver, kind of act and record."""
    try:
        claim = _claimed(found)
        _check_place(claim)
    except ValueError as error:
        return _discarded(found, str(error))
    return claim


def _claimed(found: Found) -> Claimed:
    from agent_agency.attestation.envelope import read_envelope
    from agent_agency.attestation.statement import read_statement

    if not isinstance(found.envelope, Mapping):
        raise ValueError("it is no envelope")  # noqa: TRY004 - one way to tell of everything that is no act
    envelope = read_envelope(found.envelope)
    statement, key_id = read_statement(envelope.payload), envelope.signature.key_id
    if statement.kind not in set(ActKind):
        raise ValueError(f"it is no act about a waiver ({statement.kind})")
    kind = ActKind(statement.kind)
    if kind is ActKind.REQUEST:
        terms, chain = read_terms(statement)
        digest = digest_bytes(envelope.payload)
        return Claimed(found, kind, terms.id, digest, terms.created_at, terms.base, chain, key_id, terms=terms)
    said = read_decided(statement)
    return Claimed(found, kind, said.waiver_id, said.digest, said.at, said.base, said.chain, key_id, said.note)


def _check_place(claim: Claimed) -> None:
    found = claim.found
    if found.kind not in {ENTRY_KINDS[claim.kind], PUBLISHED}:
        raise ValueError(f"it is recorded as {found.kind}, and says {claim.kind}")
    if claim.waiver_id != found.waiver_id:
        raise ValueError(f"it is about {claim.waiver_id}")
    if found.chain is not None and claim.chain != found.chain:
        raise ValueError("it was made for another record than this one")


def _discarded(found: Found, why: str) -> Discarded:
    return Discarded(found.kind, found.waiver_id, found.where, why)


class Signatures:
    """Verifies claims against those whom one base lists.

    Args:
        repo: the repository.
        principals: whom the base lists.
        in_history: the commits, of those that claims name, that the base's history holds.
    """

    def __init__(self, repo: Repository, principals: Principals, in_history: Collection[str]) -> None:
        self._repo = repo
        self._principals = principals
        self._in_history = in_history
        self._listed_at: Callable[[str], Principals | None] = cache(self._principals_at)

    def verified(self, claim: Claimed) -> Act | Discarded:
        """The sound act, or why it counts for nothing."""
        from agent_agency.attestation.verify import verify_envelope

        if claim.base not in self._in_history:
            where = f"the commit {claim.base[:12]} that it was made for"
            return _discarded(claim.found, f"{where} is not part of the base's history")
        try:
            signed = verify_envelope(claim.found.envelope, self._whom_to_ask(claim))
        except NotSignedError as error:
            return _discarded(claim.found, error.reason)
        if why := _why_not_by_signer(claim, signed):
            return _discarded(claim.found, why)
        return Act(
            kind=claim.kind,
            waiver_id=claim.waiver_id,
            digest=claim.digest,
            at=claim.at,
            signer=signed.principal,
            key_id=signed.key_id,
            base=claim.base,
            chain=claim.chain,
            where=claim.found.where,
            note=claim.note,
            terms=claim.terms,
            envelope=claim.found.envelope,
        )

    def _whom_to_ask(self, claim: Claimed) -> Principals:
        """Those listed at the review's base; for an ending also those listed at the commit that the signer looked at.

        Who has left since must not leave a waiver alive that they ended.
        """
        ending = claim.kind in {ActKind.DENIAL, ActKind.REVOCATION}
        if not ending or self._principals.by_key(claim.key_id) is not None:
            return self._principals
        return self._listed_at(claim.base) or self._principals

    def _principals_at(self, commit: str) -> Principals | None:
        from agent_agency.workflows.principals_at import principals_at

        try:
            return principals_at(self._repo, commit)
        except LawError:
            return None


def _why_not_by_signer(claim: Claimed, signed: SignedStatement) -> str | None:
    who = signed.principal
    if claim.terms is not None and claim.terms.requester != who.name:
        return f"{who.name} signed it in the name of somebody else"
    if claim.terms is not None and ARBITER in who.roles:
        return f"{who.name} is an arbiter, who asks for nothing"
    return None
