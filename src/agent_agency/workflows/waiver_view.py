"""A waiver and how it stands, as plain data for people and machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.arbitration.waivers.model import Act, Discarded, Standing, WaiverRecord
from agent_agency.clock import rfc3339
from agent_agency.workflows.waiver_desk import Desk

SIGNED, STATED = "signed", "stated"


def summary(desk: Desk, record: WaiverRecord) -> dict[str, Any]:
    """What a list shows of one waiver.

    ``approvals`` says whether approvals are signatures of listed principals, or statements of a file at the base.
    """
    return _summary(desk, record, desk.standing_of(record))


def whole(desk: Desk, record: WaiverRecord) -> dict[str, Any]:
    """Everything about one waiver: each approval with why it does not count, what ended it, the envelopes."""
    how = desk.standing_of(record)
    acts = [*([record.request] if record.request else []), *record.approvals, *record.endings]
    return {
        **_summary(desk, record, how),
        "title": record.waiver.title,
        "created_at": rfc3339(record.waiver.created_at) if record.waiver.created_at else None,
        "base": record.request.base if record.request else None,
        "decisions": [*_approvals(how), *(_ending(act) for act in record.endings)],
        "discarded": [_discarded(one) for one in desk.evidence.discarded if one.waiver_id == record.waiver.id],
        "envelopes": [act.envelope for act in acts if act.envelope is not None],
    }


def _summary(desk: Desk, record: WaiverRecord, how: Standing) -> dict[str, Any]:
    waiver = record.waiver
    delta = waiver.delta
    signed = desk.evidence.signatures_needed
    approvers = [principal.name for principal in how.approvers] if signed else list(waiver.approvers)
    return {
        "id": waiver.id,
        "digest": record.digest,
        "source": "request" if record.request else "file",
        "path": waiver.path or None,
        "state": str(how.state),
        "why": how.why,
        "approvals": SIGNED if signed else STATED,
        "approved_by": approvers,
        "quorum": how.quorum,
        "missing": max(0, how.quorum - len(approvers)),
        "gates": list(waiver.gates),
        "rules": list(waiver.rules),
        "spec": waiver.spec_id,
        "paths": list(waiver.paths),
        "reason": waiver.reason,
        "requester": record.request.signer.name if record.request else waiver.requester,
        "expires_at": rfc3339(waiver.expires_at),
        "max_uses": waiver.max_uses,
        "uses": desk.uses_of(waiver.id),
        "delta": {"files": delta.max_files, "lines": delta.max_loc} if delta else None,
    }


def _approvals(how: Standing) -> list[dict[str, Any]]:
    return [
        {**_act(weighed.act), "decision": "approve", "counts": weighed.counts, "why": weighed.why or None}
        for weighed in how.approvals
    ]


def _ending(act: Act) -> dict[str, Any]:
    decision = {"waiver_denial": "deny"}.get(act.kind, "revoke")
    return {**_act(act), "decision": decision, "counts": True, "why": None}


def _act(act: Act) -> dict[str, Any]:
    return {
        "principal": act.signer.name,
        "key_id": act.key_id,
        "at": rfc3339(act.at),
        "note": act.note,
        "where": act.where,
    }


def _discarded(one: Discarded) -> Mapping[str, str]:
    return {"kind": one.kind, "where": one.where, "why": one.why}
