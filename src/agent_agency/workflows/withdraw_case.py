"""Withdrawing a case: by whoever says so, or by a reviewer's signature where others depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord, CaseState, Step, plain, subject_of
from agent_agency.arbitration.cases.steps import lapse, step
from agent_agency.errors import CaseError, NotSignedError
from agent_agency.workflows.cases import CaseNotes, append_noted, case_by_id, notes_of

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals
    from agent_agency.ledger.journal import Ledger

WITHDRAWAL = "case_withdrawal"
REVIEWER = "reviewer"
_OTHERS_DEPEND = frozenset({CaseState.COMPARING, CaseState.UNDER_APPEAL})


def needs_signature(record: CaseRecord, principals: Principals) -> bool:
    """Whether ending the case takes from somebody else: from rival patches, or from who appealed."""
    return record.state in _OTHERS_DEPEND and bool(principals.with_role(REVIEWER))


def withdrawal_statement(record: CaseRecord, reason: str) -> bytes:
    """What a reviewer signs who withdraws a case."""
    from agent_agency.attestation.statement import make_statement

    about = (subject_of(record.id), {"sha256": record.matter.key.removeprefix("sha256:")})
    return make_statement(WITHDRAWAL, [about], {"subject": subject_of(record.id), "reason": plain(reason)})


def withdraw(
    ledger: Ledger,
    case_id: str,
    said: Mapping[str, Any],
    principals: Principals,
    now: datetime,
) -> CaseRecord:
    """End a case without a ruling.

    Args:
        ledger: the record.
        case_id: the case.
        said: ``{"who": …, "reason": …}``, which is a statement of whoever sits at this machine, or
            ``{"attestation": <envelope>}`` of a reviewer.
        principals: those whom the base lists.
        now: the present moment.

    Raises:
        CaseError: there is no such case, it has ended, or its withdrawal must be signed.
        NotSignedError: the signature does not count, or is about another case.
        LedgerError: the ledger cannot be read or written.
    """

    def plan() -> CaseNotes:
        found = case_by_id(ledger, case_id)
        record = found.record
        if record is None or record.state.ended:
            state = record.state if record else "unknown"
            raise CaseError(
                f"Case {case_id} has ended: {state}", fix="There is nothing to withdraw.", code="case.ended"
            )
        return notes_of(found, _steps(record, said, principals, now))

    notes, _ = append_noted(ledger, plan)
    if notes.record is None:
        raise CaseError(f"Case {case_id} has ended meanwhile", fix="There is nothing to withdraw.", code="case.ended")
    return notes.record


def who_withdrew(record: CaseRecord, principals: Principals) -> tuple[str, str, bool]:
    """Who withdrew a case and why, and whether they signed that.

    Raises:
        NotSignedError: the signature does not count.
    """
    said = record.history[-1].details
    if "attestation" in said:
        return (*_signed(record, said["attestation"], principals), True)
    return str(said.get("who")), str(said.get("reason")), False


def _steps(record: CaseRecord, said: Mapping[str, Any], principals: Principals, now: datetime) -> tuple[Step, ...]:
    if record.is_due(now):
        return (lapse(record, now),)
    if "attestation" in said:
        _signed(record, said["attestation"], principals)
    elif needs_signature(record, principals):
        raise CaseError(
            f"Case {record.id} is {record.state.replace('_', ' ')}, so others depend on it",
            fix="Have a reviewer withdraw it, with --as or --ssh-key.",
            code="case.signature_needed",
        )
    return (step(record, CaseEvent.WITHDRAWN, now, dict(said)),)


def _signed(record: CaseRecord, envelope: Mapping[str, Any], principals: Principals) -> tuple[str, str]:
    from agent_agency.attestation.verify import verify_envelope

    signed = verify_envelope(envelope, principals)
    said = signed.statement.predicate
    if REVIEWER not in signed.principal.roles:
        raise NotSignedError(f"{signed.principal.name} is listed, and not as a reviewer")
    about = ((subject_of(record.id), {"sha256": record.matter.key.removeprefix("sha256:")}),)
    right = (WITHDRAWAL, subject_of(record.id), about)
    if (signed.statement.kind, said.get("subject"), signed.statement.subjects) != right:
        raise NotSignedError("what was signed is no withdrawal of this case")
    return signed.principal.name, str(said.get("reason", ""))
