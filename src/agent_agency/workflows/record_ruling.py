"""Recording a ruling: with its case, signed by the arbiter, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.arbiter_act import ARBITER_ROLE
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.errors import AgencyError
from agent_agency.workflows.case_facts import Measurements
from agent_agency.workflows.join_case import join_case, ruling_note
from agent_agency.workflows.record import Joined, Record, UnrecordedRulingError
from agent_agency.workflows.ruling_statement import sign_ruling
from agent_agency.workflows.subject import Subject


@dataclass(frozen=True, slots=True)
class Examined:
    """A ruling that is not recorded yet, and what it was made of."""

    ruling: Ruling
    case: Case
    subject: Subject
    measurements: Measurements


def record_ruling(examined: Examined, record: Record, arbiter: Callable[[], Ed25519Signer]) -> Ruling:
    """Sign the ruling, and record it together with what it adds to its case.

    Raises:
        UnrecordedRulingError: the arbiter's key cannot be used, or the ledger could not take the ruling.
    """
    try:
        signer = arbiter()
    except AgencyError as cause:
        raise UnrecordedRulingError(examined.ruling, cause) from cause
    signed_by = _signed_by(signer, examined.measurements.law.principals)
    ruling = replace(examined.ruling, signed_by=signed_by)
    return record.append(ruling, partial(_join, examined, record), partial(sign_ruling, signer=signer))


def _join(examined: Examined, record: Record, ruling: Ruling) -> Joined:
    measurements = examined.measurements
    note = ruling_note(ruling, examined.case, examined.subject, measurements.chosen)
    return join_case(ruling, note, record.ledger, measurements.law.limits, measurements.now)


def _signed_by(signer: Ed25519Signer, principals: Principals) -> Mapping[str, Any]:
    """Whose key it is, as the base says; nobody's where it lists the key for no arbiter."""
    principal = principals.by_key(signer.key_id)
    listed = principal is not None and ARBITER_ROLE in principal.roles
    return {"key_id": signer.key_id, "principal": principal.name if principal and listed else None}
