"""Asking for a waiver, and deciding on one: what would be signed, and whether it would count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.note_request import WaiverAnswer
from agent_agency.arbitration.waivers.fold import may_end, weigh_approvals
from agent_agency.arbitration.waivers.lawful import problems_of
from agent_agency.arbitration.waivers.model import Act, ActKind, Terms, WaiverRecord, WaiverState
from agent_agency.arbitration.waivers.statements import (
    MOST_TEXT,
    Decided,
    decision_statement,
    request_statement,
)
from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import UsageError
from agent_agency.facts import display_path
from agent_agency.spec.document_kinds import CAWS_FOLDER, WAIVER_FOLDER
from agent_agency.spec.model import Budget
from agent_agency.workflows.waiver_desk import Desk
from agent_agency.workflows.waiver_envelopes import ARBITER
from agent_agency.workflows.waiver_evidence import APPROVALS_FOLDER

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principal, Principals
    from agent_agency.attestation.signer import Signer
    from agent_agency.ledger.journal import Ledger

USUAL_DAYS = 14
REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What somebody asks for; ``None`` leaves the usual: the next free id, two weeks or the law's maximum."""

    gates: tuple[str, ...]
    rules: tuple[str, ...]
    spec_id: str | None
    paths: tuple[str, ...]
    reason: str
    days: int | None = None
    max_uses: int | None = None
    delta: Budget | None = None


def may_request(principals: Principals) -> Principals:
    """Everybody whom the base lists, but arbiters: whoever is listed may ask."""
    return _widened(principals, [one for one in principals.listed if ARBITER not in one.roles])


def may_revoke(principals: Principals, record: WaiverRecord) -> Principals:
    """Everybody who may end the waiver: the approvers, and who asked for it."""
    asked = record.request.signer.name if record.request else None
    return _widened(principals, [one for one in principals.listed if "approver" in one.roles or one.name == asked])


def _widened(principals: Principals, able: list[Principal]) -> Principals:
    """The same list, in which exactly those who may act have the role of a requester."""
    names = {one.name for one in able}
    listed = (
        replace(one, roles=one.roles | {REQUESTER} if one.name in names else one.roles - {REQUESTER})
        for one in principals.listed
    )
    return type(principals)(tuple(listed))


def refuse_without_approvers(desk: Desk) -> None:
    """Refuse signed acts where the base lists nobody who could approve.

    Raises:
        UsageError: it lists none.
    """
    if not desk.evidence.signatures_needed:
        raise UsageError(
            f"{desk.base} lists no approver who could decide on it",
            fix="List one with agency identity trust, or write a file for the base with agency waiver write.",
            code="waiver.no_approver",
        )


def plan_request(desk: Desk, asked: AskedFor, requester: Principal) -> Terms:
    """The terms that would be signed.

    Raises:
        UsageError: the base lists no approver, there is no such spec, or the law does not let it be asked for.
    """
    refuse_without_approvers(desk)
    known = [spec.id for spec in desk.law.specs if spec.id]
    if asked.spec_id is not None and asked.spec_id not in known:
        fix = f"Name one with --spec: {', '.join(known) or 'none'}."
        raise UsageError(f"{desk.base} holds no spec {display_path(asked.spec_id)!r}", fix=fix)
    bounds = desk.bounds
    days = min(USUAL_DAYS, bounds.longest.days) if asked.days is None else asked.days
    now = desk.now.replace(microsecond=0)
    terms = Terms(
        id=free_id(desk),
        gates=asked.gates,
        rules=asked.rules,
        spec_id=asked.spec_id,
        paths=asked.paths,
        reason=asked.reason,
        requester=requester.name,
        created_at=now,
        expires_at=now + timedelta(days=days),
        base=desk.commit,
        max_uses=asked.max_uses,
        delta=asked.delta,
    )
    if unlawful := problems_of(terms, bounds):
        also = f" (and {len(unlawful) - 1} more)" if len(unlawful) > 1 else ""
        message = f"The law does not let this be asked for: {unlawful[0].why}{also}"
        raise UsageError(message, fix=unlawful[0].fix, code="waiver.unlawful")
    return terms


def free_id(desk: Desk) -> str:
    """The first of ``WV-1``, ``WV-2`` and so on that nothing in the record, at the base or in the tree holds."""
    acts = {act.waiver_id for act in desk.evidence.acts} | {one.waiver_id for one in desk.evidence.discarded}
    files = {result.path.rpartition("/")[2].partition(".")[0] for result in desk.law.waivers}
    taken = acts | files | {record.waiver.id for record in desk.records}
    root = desk.repo.root
    number = 1
    while (name := f"WV-{number}") in taken or (root is not None and _in_tree(root, name)):
        number += 1
    return name


def _in_tree(root: Any, name: str) -> bool:
    places = (f"{CAWS_FOLDER}/{WAIVER_FOLDER}/{name}.yaml", f"{APPROVALS_FOLDER}/{name}.json")
    return any((root / place).exists() for place in places)


def sign_request(terms: Terms, chain: str, signer: Signer) -> Mapping[str, Any]:
    """The request in its envelope.

    Raises:
        UsageError: a text in it is too long, or a list.
        SigningError: the key's keeper refused.
    """
    from agent_agency.attestation.signer import sign_statement

    try:
        statement = request_statement(terms, chain)
    except ValueError as error:
        fix = "Say it in fewer and shorter words, in UTF-8."
        raise UsageError(f"The request cannot be written: {error}", fix=fix) from error
    return sign_statement(statement, signer)


def why_in_vain(desk: Desk, record: WaiverRecord, kind: ActKind, principal: Principal) -> str | None:
    """Why an act of this kind by this principal would change nothing; ``None`` where it would count."""
    state = desk.standing_of(record).state
    if state in {WaiverState.DENIED, WaiverState.REVOKED, WaiverState.EXPIRED}:
        return f"it is {state} already"
    act = Act(
        kind=kind,
        waiver_id=record.waiver.id,
        digest=record.digest,
        at=desk.now,
        signer=principal,
        key_id="",
        base=desk.commit,
        chain="",
        where="",
    )
    if kind is not ActKind.APPROVAL:
        return None if may_end(act, record) else f"{principal.name} may not end it"
    unlawful = problems_of(record.request.terms, desk.bounds) if record.request and record.request.terms else ()
    if unlawful:
        return f"the law at {desk.base} does not let it be granted: {unlawful[0].why}"
    with_it = replace(record, approvals=(*record.approvals, act))
    weighed = next(one for one in weigh_approvals(with_it, now=desk.now) if one.act is act)
    return weighed.why or None


def refuse_vain(desk: Desk, record: WaiverRecord, kind: ActKind, principal: Principal) -> None:
    """Refuse to sign what would change nothing.

    Raises:
        UsageError: the act would not count; the message says why.
    """
    why = why_in_vain(desk, record, kind, principal)
    if why is not None:
        fix = f"See agency waiver show {record.waiver.id}."
        raise UsageError(f"Nothing was signed, for it would count for nothing: {why}", fix=fix, code="waiver.in_vain")


def answer_with(desk: Desk, record: WaiverRecord, kind: ActKind, principal: Principal) -> WaiverAnswer | None:
    """What the act comes to for the waiver's case; none while others must approve too."""
    before = desk.standing_of(record)
    asked = record.request is not None and record.request.signer.name == principal.name
    if kind is ActKind.APPROVAL:
        return WaiverAnswer.GRANTED if len(before.approvers) + 1 >= before.quorum else None
    if kind is ActKind.DENIAL:
        return WaiverAnswer.DENIED
    return WaiverAnswer.WITHDRAWN if asked and before.state is WaiverState.PENDING else WaiverAnswer.REVOKED


def sign_decision(
    desk: Desk, record: WaiverRecord, kind: ActKind, note: str, signer: Signer, chain: str
) -> Mapping[str, Any]:
    """An approval, denial or revocation of a waiver, in its envelope.

    Raises:
        UsageError: the note is too long, or no text that can be written.
        SigningError: the key's keeper refused.
    """
    from agent_agency.attestation.signer import sign_statement

    decided = Decided(record.waiver.id, record.digest, desk.now, desk.commit, chain, note)
    try:
        statement = decision_statement(kind, decided)
    except ValueError as error:
        fix = f"Say it in at most {MOST_TEXT:,} characters of UTF-8."
        raise UsageError(f"What you say with it cannot be written: {error}", fix=fix) from error
    return sign_statement(statement, signer)


def chain_of(ledger: Ledger, new_id: Callable[[], str]) -> str:
    """The id of this repository's own chain, which an act is bound to; it is named now where there is none yet.

    Raises:
        LedgerError: it cannot be read or named.
    """
    from agent_agency.ledger.own_chain import OwnChain, read_own_chain, write_own_chain

    shelf = ledger.shelf()
    if shelf is not None:
        return shelf.chain
    ledger.folder.mkdir(mode=0o700, exist_ok=True)
    with ledger.database.write():  # the lock under which the first append would name it
        own = read_own_chain(ledger.folder)
        if own is None:
            own = OwnChain(new_id(), begun=False)
            write_own_chain(ledger.folder, own, new_id)
    return own.chain


def digest_of(envelope: Mapping[str, Any]) -> str:
    """What approvals of a request sign: the digest of its payload."""
    from agent_agency.attestation.envelope import read_envelope

    return digest_bytes(read_envelope(envelope).payload)
