"""What an appeal means for the case of its ruling, which is under appeal until the appeal is decided or lapses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.appeals.model import Appeal
from agent_agency.arbitration.cases.model import CaseRecord, LawAtOpening, Matter, Step
from agent_agency.arbitration.cases.note_request import AppealAnswer, Filed, note_appeal_answer, note_appeal_filed
from agent_agency.config import LawLimits
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.cases import CaseNotes, FoundCase, case_by_id, newest_case, notes_of

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Ledger


def case_of_filing(ledger: Ledger, entry: Entry, appeal_id: str, limits: LawLimits, now: datetime) -> CaseNotes:
    """What a filed appeal adds to the open case of its ruling; where that has ended, it opens one of its own.

    Args:
        ledger: the record.
        entry: the entry of the ruling under appeal.
        appeal_id: the appeal.
        limits: the law's limits, for due dates.
        now: the present moment.

    Raises:
        CaseError: the entries of the case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    matter = _matter(entry)
    found = _open_case(ledger, entry) or newest_case(ledger, matter)
    law = LawAtOpening(*(_text(entry, *path) for path in (("law", "commit"), ("law", "constitution"), ("base", "ref"))))
    filed = Filed(appeal_id, matter, law, str(entry.body.get("ruling_id")))
    return notes_of(found, note_appeal_filed(found.record, found.next_ordinal, filed, limits, now))


def case_of_answer(
    ledger: Ledger, appeal: Appeal, entry: Entry, answer: AppealAnswer, new_ruling: str | None, now: datetime
) -> CaseNotes | None:
    """What the end of an appeal adds to the case that waits for it; ``None`` where none does.

    Args:
        ledger: the record.
        appeal: the appeal that ends.
        entry: the entry of the ruling under appeal.
        answer: how it ended; one that lapsed lets the ruling stand, so it counts as upheld.
        new_ruling: the ruling that followed, if one did.
        now: the present moment.

    Raises:
        CaseError: the entries of the case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    finders: tuple[Callable[[], FoundCase | None], ...] = (
        lambda: _open_case(ledger, entry),
        lambda: newest_case(ledger, _matter(entry)),
    )
    for find in finders:
        found = find()
        record: CaseRecord | None = found.record if found else None
        if found is not None and record is not None and appeal.id in record.appeals:
            steps: tuple[Step, ...] = note_appeal_answer(record, appeal.id, answer, new_ruling, now)
            return notes_of(found, steps)
    return None


def _open_case(ledger: Ledger, entry: Entry) -> FoundCase | None:
    case_id = entry.body.get("case")
    if not isinstance(case_id, str):
        return None
    found = case_by_id(ledger, case_id)
    return None if found.record is None or found.record.state.ended else found


def _matter(entry: Entry) -> Matter:
    return Matter.of_appeal(_text(entry, "spec", "id") or None, str(entry.body.get("ruling_id")))


def _text(entry: Entry, *path: str) -> str:
    value: Any = entry.body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
