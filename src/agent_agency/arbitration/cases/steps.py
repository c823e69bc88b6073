"""Making the entries of a case: each records the state before and the state after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent_agency.arbitration.cases.fold import kind_of
from agent_agency.arbitration.cases.model import (
    CaseEvent,
    CaseRecord,
    CaseState,
    LawAtOpening,
    Matter,
    Step,
    subject_of,
)
from agent_agency.arbitration.cases.transitions import after
from agent_agency.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Opening:
    """How a case begins: about what, the how manieth of its matter, when, until when, under which law."""

    matter: Matter
    ordinal: int
    at: datetime
    due: datetime
    law: LawAtOpening | None


def opening(begin: Opening, event: CaseEvent, details: Mapping[str, Any]) -> Step:
    """The first entry of a case.

    Raises:
        CaseError: no case opens on that event.
    """
    law = begin.law
    members = {
        "ordinal": begin.ordinal,
        "due": rfc3339(begin.due),
        "matter": begin.matter.as_dict(),
        "law": law and {"commit": law.commit, "constitution": law.constitution, "base_ref": law.base_ref},
    }
    return _step(begin.matter.case_id(begin.ordinal), CaseState.NEW, event, begin.at, {**members, **details})


def step(record: CaseRecord, event: CaseEvent, now: datetime, details: Mapping[str, Any]) -> Step:
    """One more entry of a case.

    Raises:
        CaseError: the event cannot happen in the state that the case is in.
    """
    return _step(record.id, record.state, event, now, details)


def lapse(record: CaseRecord, now: datetime) -> Step:
    """The entry that ends a case whose time has passed; it names the conditions that were not met in time."""
    overdue = [condition.id for condition in record.unsettled if condition.due <= now]
    return step(record, CaseEvent.DUE_PASSED, now, {"due": rfc3339(record.lapses_at), "overdue": overdue})


def _step(case_id: str, before: CaseState, event: CaseEvent, at: datetime, details: Mapping[str, Any]) -> Step:
    to = after(before, event)
    body = {
        "subject": subject_of(case_id),
        "event": str(event),
        "from": str(before),
        "to": str(to),
        "at": rfc3339(at),
        **details,
    }
    return Step(kind_of(before, to, event), body)
