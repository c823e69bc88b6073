"""Recording a ruling: with its case, signed by the arbiter, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.attestation.arbiter_act import ARBITER_ROLE
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.clock import Clock
from agent_agency.errors import AgencyError
from agent_agency.git import Repository
from agent_agency.workflows.anchor import anchor_head, refuse_unless_anchors_agree
from agent_agency.workflows.case_facts import Measurements
from agent_agency.workflows.join_case import join_case, ruling_note
from agent_agency.workflows.record import Joined, Record, UnrecordedRulingError, alone
from agent_agency.workflows.ruling_statement import sign_ruling
from agent_agency.workflows.subject import Subject
from agent_agency.workflows.vouched_rulings import is_vouched


@dataclass(frozen=True, slots=True)
class Examined:
    """A ruling that is not recorded yet, and what it was made of."""

    ruling: Ruling
    case: Case
    subject: Subject
    measurements: Measurements


def record_ruling(
    repo: Repository,
    examined: Examined,
    record: Record,
    arbiter: Callable[[], Ed25519Signer],
    clock: Clock,
    *,
    settled: bool = False,
) -> Ruling:
    """Sign the ruling, record it together with what it adds to its case, and anchor the ledger's new head in git.

    Where an appeal has settled the matter of this very ruling, no case is opened for it again (``settled``).

    Raises:
        UnrecordedRulingError: the arbiter's key cannot be used, the ledger contradicts its anchor, or could not take
            the ruling.
    """
    try:
        signer = arbiter()
        refuse_unless_anchors_agree(repo, record.ledger)
    except AgencyError as cause:
        raise UnrecordedRulingError(examined.ruling, cause) from cause
    principals = examined.measurements.law.principals
    ruling = replace(examined.ruling, signed_by=signed_by(signer.key_id, principals))
    recorded = record.append(
        ruling,
        alone if settled else partial(_join, repo, examined, record),
        partial(sign_ruling, signer=signer),
        partial(is_vouched, principals=principals, own=(signer.public_key,)),
    )
    if recorded.signed_by is not None:
        recorded = replace(recorded, signed_by=signed_by(recorded.signed_by["key_id"], principals))
    try:
        anchor_head(repo, record.ledger, signer, clock)
    except AgencyError as cause:
        raise UnanchoredRulingError(recorded, cause) from cause
    return recorded


class UnanchoredRulingError(UnrecordedRulingError):
    """A ruling was recorded, and the ledger's head could not be anchored after it; ``ruling`` stands."""

    code = "ledger.unanchored"

    def __init__(self, ruling: Ruling, cause: AgencyError) -> None:
        super().__init__(ruling, cause)
        self.message = f"The ruling is recorded, but the ledger could not be anchored: {cause.message}"


def _join(repo: Repository, examined: Examined, record: Record, ruling: Ruling) -> Joined:
    measurements = examined.measurements
    note = ruling_note(ruling, examined.case, examined.subject, measurements.chosen)
    law, now = measurements.law, measurements.now
    joined = join_case(ruling, note, record.ledger, law.limits, now)
    if joined.ruling.decision.verdict is Verdict.APPROVED:
        return joined  # nothing is left open, and what compares cases need not be imported
    from agent_agency.workflows.cite_precedents import cite_precedents
    from agent_agency.workflows.precedents import Library

    library = Library(repo, record, law.principals, law.limits, now)
    return replace(joined, ruling=cite_precedents(joined.ruling, examined.case, library))


def signed_by(key_id: str, principals: Principals) -> Mapping[str, Any]:
    """Whose key it is, as the base says; nobody's where it lists the key for no arbiter."""
    principal = principals.by_key(key_id)
    listed = principal is not None and ARBITER_ROLE in principal.roles
    return {"key_id": key_id, "principal": principal.name if principal and listed else None}
