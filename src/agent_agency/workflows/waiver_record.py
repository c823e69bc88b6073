"""Recording an act about a waiver together with what it means for its case: both, or neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.model import LawAtOpening, Matter, MatterKind
from agent_agency.arbitration.cases.note_request import Filed, WaiverAnswer, note_waiver_answer, note_waiver_request
from agent_agency.arbitration.waivers.model import ENTRY_KINDS, ActKind
from agent_agency.arbitration.waivers.statements import subject_of
from agent_agency.errors import CaseError, LedgerMovedError, UsageError
from agent_agency.workflows.cases import TRIES, CaseNotes, FoundCase, all_cases, newest_case, notes_of
from agent_agency.workflows.waiver_desk import Desk

if TYPE_CHECKING:
    from agent_agency.ledger.entry import Entry
MOVED = "waiver.moved"
"""The code of the error that somebody else wrote about the waiver in between."""


def record_request(desk: Desk, waiver_id: str, spec_id: str | None, envelope: Mapping[str, Any]) -> Entry:
    """Record a request; it joins the one open case of its spec's change, or opens a case of its own.

    Raises:
        UsageError: somebody else took the id in between.
        LedgerError: the record could not be written.
    """
    law = LawAtOpening(desk.commit, desk.law.constitution.digest, desk.base)

    def notes() -> CaseNotes:
        found = _open_case(desk, spec_id)
        matter = Matter.of_waiver(spec_id, waiver_id)
        found = newest_case(desk.ledger, matter) if found is None else found
        filed = Filed(waiver_id, matter, law)
        steps = note_waiver_request(found.record, found.next_ordinal, filed, desk.law.limits, desk.now)
        return notes_of(found, steps)

    return _append(desk, ActKind.REQUEST, waiver_id, envelope, notes, seen=0)


def record_decision(
    desk: Desk, kind: ActKind, waiver_id: str, envelope: Mapping[str, Any], answer: WaiverAnswer | None
) -> Entry:
    """Record an approval, denial or revocation; ``answer`` is what it comes to, none while others must approve too.

    Raises:
        UsageError: somebody else wrote about the waiver since it was shown.
        LedgerError: the record could not be written.
    """

    def notes() -> CaseNotes:
        found = _case_with(desk, waiver_id) if answer is not None else None
        if found is None or found.record is None or answer is None:
            return CaseNotes((), {}, None)
        return notes_of(found, note_waiver_answer(found.record, waiver_id, answer, desk.now))

    return _append(desk, kind, waiver_id, envelope, notes, seen=desk.seen.get(subject_of(waiver_id), 0))


def _append(
    desk: Desk,
    kind: ActKind,
    waiver_id: str,
    envelope: Mapping[str, Any],
    notes: Callable[[], CaseNotes],
    *,
    seen: int,
) -> Entry:
    """Append the act with its case's entries; a case that moved is read again, a waiver that moved is not."""
    from agent_agency.ledger.journal import Draft

    subject = subject_of(waiver_id)
    own = Draft(ENTRY_KINDS[kind], {"subject": subject, "attestation": dict(envelope)})
    for _ in range(TRIES):
        try:
            noted = notes()
        except CaseError:
            noted = CaseNotes((), {}, None)  # a record of cases that somebody spoilt must keep nobody from a revocation
        guards = {**noted.unless_moved, subject: seen}
        try:
            return desk.ledger.append_all([own, *noted.drafts], unless_moved=guards)[0]
        except LedgerMovedError:
            if desk.ledger.last_about(subject) != seen:
                break
    raise UsageError(
        f"Somebody else wrote about {waiver_id} meanwhile",
        fix="Look at it again, then run the command again.",
        code=MOVED,
    )


def _open_case(desk: Desk, spec_id: str | None) -> FoundCase | None:
    """The one open case about a change of the spec; none where there are several, for nobody said which is meant."""
    if spec_id is None:
        return None
    found = [case for case in all_cases(desk.ledger) if _is_open(case, desk.now) and _is_of_change(case, spec_id)]
    return found[0] if len(found) == 1 else None


def _is_of_change(case: FoundCase, spec_id: str) -> bool:
    record = case.record
    return record is not None and record.matter.kind is MatterKind.CHANGE and record.matter.spec == spec_id


def _is_open(case: FoundCase, now: datetime) -> bool:
    return case.record is not None and not case.record.state.ended and not case.record.is_due(now)


def _case_with(desk: Desk, waiver_id: str) -> FoundCase | None:
    """The open case that a request belongs to."""
    cases = (case for case in all_cases(desk.ledger) if case.record is not None and not case.record.state.ended)
    return next((case for case in cases if case.record is not None and waiver_id in case.record.waivers), None)
