"""What waiver requests and appeals add to cases; each answer goes into one ``append_all`` with the act itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.cases.model import CaseRecord, LawAtOpening, Matter, MatterKind, plain
from agent_agency.arbitration.cases.note_request import (
    AppealAnswer,
    Filed,
    WaiverAnswer,
    note_appeal_answer,
    note_appeal_filed,
    note_waiver_answer,
    note_waiver_request,
)
from agent_agency.config import LawLimits
from agent_agency.workflows.cases import CaseNotes, FoundCase, all_cases, newest_case, notes_of

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger


def note_request(
    ledger: Ledger, waiver_id: str, spec: str | None, law: LawAtOpening, limits: LawLimits, now: datetime
) -> CaseNotes:
    """A waiver was requested: noted in the one open case of its spec's changes, else a case of its own opens.

    Raises:
        CaseError: the entries of a case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    filed = Filed(waiver_id, Matter.of_waiver(spec, waiver_id), law)

    def of_spec(record: CaseRecord) -> bool:
        return record.matter.kind is MatterKind.CHANGE and record.matter.spec == plain(spec or "")

    found = _only_open(ledger, of_spec, now) or newest_case(ledger, filed.matter)
    return notes_of(found, note_waiver_request(found.record, found.next_ordinal, filed, limits, now))


def note_answer(ledger: Ledger, waiver_id: str, answer: WaiverAnswer, now: datetime) -> CaseNotes:
    """A waiver was granted, denied, withdrawn or revoked: noted in the open case that knows of it, if there is one.

    Raises:
        CaseError: the entries of a case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    found = _only_open(ledger, lambda record: waiver_id in record.waivers)
    if found is None or found.record is None:
        return CaseNotes((), {}, None)
    return notes_of(found, note_waiver_answer(found.record, waiver_id, answer, now))


def note_appeal(
    ledger: Ledger,
    appeal_id: str,
    ruling_id: str,
    spec: str | None,
    law: LawAtOpening,
    limits: LawLimits,
    now: datetime,
) -> CaseNotes:
    """An appeal was filed: noted in the open case of the ruling, else a case of its own opens.

    Raises:
        CaseError: the entries of a case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    filed = Filed(appeal_id, Matter.of_appeal(spec, ruling_id), law, ruling_id)

    def of_ruling(record: CaseRecord) -> bool:
        return record.matter.kind is MatterKind.CHANGE and ruling_id in record.rulings

    found = _only_open(ledger, of_ruling, now) or newest_case(ledger, filed.matter)
    return notes_of(found, note_appeal_filed(found.record, found.next_ordinal, filed, limits, now))


def note_appeal_decision(
    ledger: Ledger, appeal_id: str, answer: AppealAnswer, new_ruling_id: str | None, now: datetime
) -> CaseNotes:
    """An appeal was decided or withdrawn: noted in the open case that knows of it, if there is one.

    Raises:
        CaseError: the entries of a case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    found = _only_open(ledger, lambda record: appeal_id in record.appeals)
    if found is None or found.record is None:
        return CaseNotes((), {}, None)
    return notes_of(found, note_appeal_answer(found.record, appeal_id, answer, new_ruling_id, now))


def _only_open(ledger: Ledger, wanted: Callable[[CaseRecord], bool], now: datetime | None = None) -> FoundCase | None:
    """The one open case that is wanted; ``None`` where there is none, or several of which none can be meant.

    With ``now``, a case whose time has passed is none.
    """
    found = [
        case
        for case in all_cases(ledger)
        if case.record is not None
        and not case.record.state.ended
        and not (now is not None and case.record.is_due(now))
        and wanted(case.record)
    ]
    return found[0] if len(found) == 1 else None
