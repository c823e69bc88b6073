"""The state of a waiver: a pure fold over the acts about it, in whatever order they are read.

The law it follows:

1. An approval counts when its signer is listed as an approver, is neither the requester nor an author of the change,
   and when it is about exactly the content that was asked for. One person counts once, however many keys sign.
2. A denial by a listed approver, or a revocation by a listed approver or the requester, ends the waiver for good,
   before or after it was approved. Whoever wants it after all asks anew.
3. It is approved when as many people approve as the quorum says. It stays so until it expires or its uses are used up.

The order of acts does not matter, so that no clock and no re-ordering of a record can make a waiver live again, and an
act can only be missing, never misplaced. Taking an approval away never brings a waiver into force; adding an ending
never does. That two names are two people is what the list of principals at the base is held to when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.waivers.model import (
    APPROVER,
    Act,
    ActKind,
    Standing,
    Terms,
    WaiverRecord,
    WaiverState,
    WeighedApproval,
)
from agent_agency.attestation.person import same_principal
from agent_agency.clock import rfc3339
from agent_agency.spec.model import Waiver
from agent_agency.spec.waiver import ACTIVE

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principal


def fold(files: Iterable[Waiver], acts: Iterable[Act]) -> tuple[WaiverRecord, ...]:
    """Put together every waiver with the acts about it, in the order of their ids.

    Args:
        files: the waivers that stand as files at the base.
        acts: sound acts, in any order.
    """
    unique = {(act.kind, act.digest, act.waiver_id, act.signer.name, act.key_id, act.at): act for act in acts}
    known = list(unique.values())
    records = [WaiverRecord(replace(waiver, approvers=()), waiver.digest, None) for waiver in files]
    requests = {(act.waiver_id, act.digest): act for act in known if act.terms is not None}
    records += [
        WaiverRecord(waiver_of(act.terms, act.signer, act.digest), act.digest, act)
        for act in requests.values()
        if act.terms is not None
    ]
    about = _by_id(act for act in known if act.kind is not ActKind.REQUEST)
    whole = [_with_acts(record, about.get(record.waiver.id, ())) for record in records]
    return tuple(sorted(whole, key=lambda record: (record.waiver.id, record.digest, record.request is not None)))


def waiver_of(terms: Terms, requester: Principal, digest: str) -> Waiver:
    """What a request asks for, as the waiver that it would be; nobody has approved it."""
    named = ", ".join((*terms.gates, *terms.rules))
    return Waiver(
        id=terms.id,
        title=f"Waive {named} for {terms.spec_id or ', '.join(terms.paths)}",
        status=ACTIVE,
        gates=terms.gates,
        reason=terms.reason,
        approvers=(),
        requester=requester.address,
        created_at=terms.created_at,
        expires_at=terms.expires_at,
        spec_id=terms.spec_id,
        max_uses=terms.max_uses,
        delta=terms.delta,
        path="",
        digest=digest,
        rules=terms.rules,
        paths=terms.paths,
    )


def _by_id(acts: Iterable[Act]) -> Mapping[str, Sequence[Act]]:
    found: dict[str, list[Act]] = {}
    for act in acts:
        found.setdefault(act.waiver_id, []).append(act)
    return found


def _with_acts(record: WaiverRecord, acts: Sequence[Act]) -> WaiverRecord:
    ordered = sorted(acts, key=lambda act: (act.at, act.key_id, act.kind))
    own = [act for act in ordered if act.digest == record.digest]
    return replace(
        record,
        approvals=tuple(act for act in own if act.kind is ActKind.APPROVAL),
        endings=tuple(act for act in own if act.kind is not ActKind.APPROVAL and may_end(act, record)),
        stray=tuple(act for act in ordered if act.digest != record.digest),
    )


def may_end(act: Act, record: WaiverRecord) -> bool:
    """Whether a denial or revocation is by somebody who may end the waiver."""
    if APPROVER in act.signer.roles:
        return True
    asked = record.request is not None and act.signer.name == record.request.signer.name
    return act.kind is ActKind.REVOCATION and asked


def is_person(principal: Principal, names: Iterable[str]) -> bool:
    """Whether the principal, by name or address, may be one of those named."""
    return any(same_principal(own, name) for own in _names(principal) for name in names)


def _names(principal: Principal) -> tuple[str, ...]:
    return tuple(name for name in (principal.name, principal.address) if name)


def requesters(record: WaiverRecord) -> tuple[str, ...]:
    """By which names the requester is known; none where a file does not say."""
    if record.request is not None:
        return _names(record.request.signer)
    return (record.waiver.requester,) if record.waiver.requester else ()


def standing(
    record: WaiverRecord, *, now: datetime, quorum: int, authors: Sequence[str] = (), uses: int = 0
) -> Standing:
    """Tell how a waiver stands.

    Args:
        record: the waiver and the sound acts about it.
        now: the moment of the review.
        quorum: how many people must approve, from the law by risk tier.
        authors: e-mail addresses and names of the change's authors; empty where no change is in question.
        uses: how many other changes needed it already.
    """
    approvals = weigh_approvals(record, now=now, authors=authors)
    approvers = tuple(weighed.act.signer for weighed in approvals if weighed.counts)
    state, why = _state(record, now, len(approvers), quorum, uses)
    return Standing(state, approvals, approvers, quorum, why)


def _state(
    record: WaiverRecord, now: datetime, approvers: int, quorum: int, uses: int
) -> tuple[WaiverState, str | None]:
    waiver = record.waiver
    if record.endings:
        ending = record.endings[0]
        denied = any(act.kind is ActKind.DENIAL for act in record.endings)
        word = WaiverState.DENIED if denied else WaiverState.REVOKED
        ending = next((act for act in record.endings if act.kind is ActKind.DENIAL), ending)
        return word, f"{ending.signer.name} {word} it at {rfc3339(ending.at)}"
    if waiver.status != ACTIVE:
        return WaiverState.REVOKED, f"its status is {waiver.status}"
    if waiver.expires_at <= now:
        return WaiverState.EXPIRED, f"it expired at {rfc3339(waiver.expires_at)}"
    if approvers < quorum:
        return WaiverState.PENDING, f"it has {approvers} of the {quorum} signed approvals that it needs"
    if waiver.max_uses is not None and uses >= waiver.max_uses:
        return WaiverState.USED_UP, f"its {waiver.max_uses} use(s) are used up"
    return WaiverState.APPROVED, None


def weigh_approvals(record: WaiverRecord, *, now: datetime, authors: Sequence[str] = ()) -> tuple[WeighedApproval, ...]:
    """Say of each approval whether it counts; those over another content come last, and never do."""
    counted: list[Act] = []
    weighed = []
    for act in record.approvals:
        why = _why_not_counted(act, record, now, authors, counted)
        if not why:
            counted.append(act)
        weighed.append(WeighedApproval(act, not why, why))
    stray = [act for act in record.stray if act.kind is ActKind.APPROVAL]
    other = "it is a signature over other terms than these"
    return (*weighed, *(WeighedApproval(act, counts=False, why=other) for act in stray))


def _why_not_counted(
    act: Act, record: WaiverRecord, now: datetime, authors: Sequence[str], counted: Sequence[Act]
) -> str:
    begun, who = record.waiver.created_at, act.signer.name
    reasons = (
        (APPROVER not in act.signer.roles, f"the base does not list {who} as an approver"),
        (is_person(act.signer, requesters(record)), f"{who} asked for it"),
        (is_person(act.signer, authors), f"{who} is an author of the change"),
        (begun is not None and act.at < begun, "it is older than the request"),
        (act.at > now, f"it is dated {rfc3339(act.at)}, which is yet to come"),
        (any(who == other.signer.name for other in counted), f"{who} approved it already"),
    )
    return next((why for holds, why in reasons if holds), "")
