"""Folding the entries about one case into what it has come to: pure, and strict about what cannot have happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from agent_agency.arbitration.cases.model import (
    CASE_KINDS,
    CLOSED,
    LAPSED,
    NOTED,
    OPENED,
    PENDING,
    REVIEWS,
    Candidate,
    CaseCondition,
    CaseEvent,
    CaseRecord,
    CaseState,
    Happened,
    LawAtOpening,
    Matter,
    MatterKind,
    Settled,
    subject_of,
)
from agent_agency.arbitration.cases.transitions import transitions
from agent_agency.errors import CaseError

_FIX = "Run agency ledger verify; what the arbiter writes does not contradict itself."
_DECIDED_WAIVERS = frozenset(
    {
        CaseEvent.WAIVER_ANSWERED,
        CaseEvent.WAIVER_GRANTED,
        CaseEvent.WAIVER_DENIED,
        CaseEvent.WAIVER_REVOKED,
        CaseEvent.REQUEST_SETTLED,
    }
)
_SETTLING = frozenset({"approved", "waived"})
_VERDICTS: Mapping[CaseEvent, frozenset[str]] = MappingProxyType(
    {
        CaseEvent.REVIEW_APPROVED: frozenset({"approved"}),
        CaseEvent.REVIEW_WAIVED: frozenset({"waived"}),
        CaseEvent.REVIEW_REJECTED: frozenset({"rejected"}),
        CaseEvent.REVIEW_CONDITIONAL: frozenset({"conditional"}),
        CaseEvent.CHANGE_VANISHED: _SETTLING,
    }
)
_DECIDED_APPEALS = frozenset({CaseEvent.APPEAL_ANSWERED, CaseEvent.APPEAL_UPHELD, CaseEvent.APPEAL_DECIDED})


class Recorded(Protocol):
    """An entry of the ledger, or a step that will become one."""

    @property
    def kind(self) -> str:
        """Its kind."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """Its body."""
        ...


def fold(entries: Iterable[Recorded]) -> CaseRecord:
    """Fold the entries about one case, oldest first; entries of other kinds about it are passed over.

    Raises:
        CaseError: there is none, an entry is not shaped as it must be, or what it tells cannot have happened.
    """
    record: CaseRecord | None = None
    for entry in entries:
        if entry.kind in CASE_KINDS:
            record = advance(record, entry)
    if record is None:
        raise CaseError("There is no such case", fix="Run agency cases list --all.", code="case.unknown")
    return record


def advance(record: CaseRecord | None, entry: Recorded) -> CaseRecord:
    """The case after one more entry; ``None`` is a case that is not opened yet.

    Raises:
        CaseError: as `fold`.
    """
    try:
        return _advance(record, entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        about = record.id if record else "a case"
        message = f"An entry about {about} is not shaped as an arbiter writes it ({type(error).__name__}: {error})"
        raise CaseError(message, fix=_FIX, code="case.malformed") from error


def kind_of(before: CaseState, to: CaseState, event: CaseEvent) -> str:
    """The kind of entry that records a transition."""
    if before is CaseState.NEW:
        return OPENED
    if event is CaseEvent.DUE_PASSED:
        return LAPSED
    return CLOSED if to.ended else NOTED


def _advance(record: CaseRecord | None, entry: Recorded) -> CaseRecord:
    body = entry.body
    here = record.state if record else CaseState.NEW
    event, before, to = CaseEvent(body["event"]), CaseState(body["from"]), CaseState(body["to"])
    possible = transitions().get((here, event))
    if before is not here or possible is not to or entry.kind != kind_of(here, to, event):
        raise _contradiction(body, here, possible)
    happened = Happened(event, before, to, moment(body["at"]), MappingProxyType(dict(body)))
    base = _opened(body) if record is None else record
    if body["subject"] != subject_of(base.id):
        raise CaseError(
            f"An entry about {body['subject']} stands among those of {subject_of(base.id)}",
            fix=_FIX,
            code="case.malformed",
        )
    if event is CaseEvent.DUE_PASSED and happened.at < base.lapses_at:
        raise ValueError("it lapsed before its time")
    noted = _noted(base, event, body)
    return replace(noted, state=to, history=(*base.history, happened))


def _contradiction(body: Mapping[str, Any], here: CaseState, possible: CaseState | None) -> CaseError:
    really = f"leads from {here} to {possible}" if possible else f"cannot happen to a case that is {here}"
    return CaseError(
        f"An entry of {body['subject']} says that {body['event']} led from {body['from']} to {body['to']}, but it "
        f"{really}",
        fix=_FIX,
        code="case.impossible_event",
    )


def _opened(body: Mapping[str, Any]) -> CaseRecord:
    about, law = body["matter"], body["law"]
    matter = Matter(MatterKind(about["kind"]), about["spec"], about["name"], about["key"])
    return CaseRecord(
        id=matter.case_id(_whole(body["ordinal"])),
        matter=matter,
        ordinal=_whole(body["ordinal"]),
        state=CaseState.NEW,
        opened_at=moment(body["at"]),
        due=moment(body["due"]),
        law=None if law is None else LawAtOpening(law["commit"], law["constitution"], law["base_ref"]),
    )


def _noted(record: CaseRecord, event: CaseEvent, body: Mapping[str, Any]) -> CaseRecord:
    if event in REVIEWS:
        return _reviewed(record, event, body)
    if event is CaseEvent.PATCHES_COMPETE:
        return replace(record, candidates=_candidates(record.candidates, body["candidates"]))
    if event is CaseEvent.WAIVER_REQUESTED or event in _DECIDED_WAIVERS:
        return replace(record, waivers=_with(record.waivers, body["waiver_id"], _answer(event, body)))
    if event is CaseEvent.APPEAL_FILED or event in _DECIDED_APPEALS:
        return replace(record, appeals=_with(record.appeals, body["appeal_id"], _answer(event, body)))
    return record


def _reviewed(record: CaseRecord, event: CaseEvent, body: Mapping[str, Any]) -> CaseRecord:
    ruling_id, verdict = body["ruling_id"], body["verdict"]
    if not isinstance(ruling_id, str) or verdict not in _VERDICTS[event]:
        raise ValueError(f"{event} does not go with the verdict {verdict!r}")
    conditions = _conditions(record.conditions, body)
    after = replace(record, ruling_id=ruling_id, verdict=verdict, conditions=conditions)
    if verdict in _SETTLING and after.unsettled:
        raise ValueError(f"{event} leaves {len(after.unsettled)} conditions open")
    return after


def _answer(event: CaseEvent, body: Mapping[str, Any]) -> str:
    if event in {CaseEvent.WAIVER_REQUESTED, CaseEvent.APPEAL_FILED}:
        return PENDING
    answer: str = body["answer"]
    return answer


def _conditions(known: tuple[CaseCondition, ...], body: Mapping[str, Any]) -> tuple[CaseCondition, ...]:
    """Apply what a review did to the conditions: some settled, some arose again, some are new."""
    settled = {name: Settled(how) for name, how in body["settled"].items()}
    again: Mapping[str, str] = body["again"]
    ids = {condition.id for condition in known}
    unknown = sorted((set(settled) | set(again)) - ids)
    if unknown:
        raise ValueError(f"no condition {unknown[0]} ever arose")
    kept = tuple(
        replace(condition, settled=settled[condition.id])
        if condition.id in settled
        else replace(condition, settled=None, status=again[condition.id])
        if condition.id in again
        else condition
        for condition in known
    )
    return (*kept, *(_condition(new) for new in body["arose"]))


def _condition(raw: Mapping[str, Any]) -> CaseCondition:
    texts = {name: raw[name] for name in ("id", "rule", "subject", "status", "message", "remedy", "by")}
    return CaseCondition(**texts, since=moment(raw["since"]), due=moment(raw["due"]))


def _candidates(known: tuple[Candidate, ...], raw: Iterable[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    """A newer ruling of the same matter takes the place of the older one."""
    by_matter = {candidate.matter_key: candidate for candidate in known}
    for members in raw:
        candidate = Candidate(**members)
        by_matter[candidate.matter_key] = candidate
    return tuple(by_matter.values())


def _with(known: Mapping[str, str], name: str, answer: str) -> Mapping[str, str]:
    return MappingProxyType({**known, name: answer})


def moment(text: str) -> datetime:
    """Read an RFC 3339 moment of an entry.

    Raises:
        ValueError: it is none, or names no zone.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} names no zone")
    return found


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is no ordinal")
    return value
