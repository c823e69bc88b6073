"""Cases in words and as JSON: where each stands, what it waits for, until when, and what happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from agent_agency.arbitration.cases.competing import choose
from agent_agency.arbitration.cases.model import Candidate, CaseCondition, CaseRecord, Happened, MatterKind
from agent_agency.clock import rfc3339
from agent_agency.gates.outcome import counted
from agent_agency.report.text import clean, json_ready
from agent_agency.workflows.case_endings import Ending

_SHORT = 12
_TOLD = ("ruling_id", "verdict", "waiver_id", "appeal_id", "answer", "by", "who", "reason", "overdue")


def to_document(record: CaseRecord, now: datetime) -> dict[str, Any]:
    """One case as plain JSON data."""
    law = record.law
    document = {
        "id": record.id,
        "state": str(record.state),
        "open": not record.state.ended,
        "matter": record.matter.as_dict(),
        "opened_at": rfc3339(record.opened_at),
        "due": rfc3339(record.due),
        "lapses_at": None if record.state.ended else rfc3339(record.lapses_at),
        "law": law and {"commit": law.commit, "constitution": law.constitution, "base_ref": law.base_ref},
        "ruling_id": record.ruling_id,
        "verdict": record.verdict,
        "conditions": [_condition(one, now) for one in record.conditions],
        "waivers": dict(record.waivers),
        "appeals": dict(record.appeals),
        "candidates": [_candidate(one) for one in record.candidates],
        "ranking": [one.ruling_id for one in choose(record.candidates).ranking],
        "history": [_happened(one) for one in record.history],
    }
    ready: dict[str, Any] = json_ready(document)
    return ready


def line(record: CaseRecord, now: datetime) -> str:
    """One case on one line."""
    open_still = len(record.unsettled)
    waits = f"  {counted(open_still, 'condition')} open" if open_still and not record.state.ended else ""
    when = "" if record.state.ended else f"  {_left(record.lapses_at, now)}"
    return clean(f"{record.id}  {_words(record.state)}  {_about(record)}{waits}{when}")


def unreadable_line(problem: str) -> str:
    """A case whose entries contradict each other."""
    return clean(f"unreadable  {problem}")


def lines(record: CaseRecord, now: datetime) -> Iterator[str]:
    """One case for a person; no text in it can move a cursor or forge a line."""
    yield line(record, now)
    yield f"  opened {rfc3339(record.opened_at)}, due {rfc3339(record.due)}"
    if record.law is not None:
        law = record.law
        yield clean(
            f"  law when it was opened: {law.base_ref} at {law.commit[:_SHORT]}, constitution {law.constitution}"
        )
    for condition in record.conditions:
        yield from _condition_lines(condition, now)
    best = [one.ruling_id for one in choose(record.candidates).ranking]
    for candidate in record.candidates:
        yield clean(f"  {_candidate_words(candidate, best)}")
    yield "  what happened:"
    for happened in record.history:
        yield clean(f"    {_happened_words(happened)}")


def ending_line(ending: Ending) -> str:
    """Who or what ended it."""
    if ending.why_not:
        return clean(f"  its end does not count: {ending.why_not}")
    if ending.ruling_id and not ending.who:
        return clean(f"  {ending.by} chose {ending.ruling_id}")
    what = f"chose {ending.ruling_id}" if ending.ruling_id else "withdrew it"
    how = "signed" if ending.signed else "a statement, not signed"
    return clean(f"  {ending.who} {what} ({how}): {ending.reason}")


def _about(record: CaseRecord) -> str:
    spec = f"spec {record.matter.spec}" if record.matter.spec else "no spec"
    if record.matter.kind is MatterKind.COMPETING:
        return f"{counted(len(record.candidates), 'patch', 'patches')} for {spec}"
    what = {MatterKind.CHANGE: "", MatterKind.WAIVER: "waiver ", MatterKind.APPEAL: "appeal against "}
    return f"{what[record.matter.kind]}{record.matter.name}, {spec}"


def _left(until: datetime, now: datetime) -> str:
    if until <= now:
        return "overdue"
    return f"lapses within {counted((until - now - timedelta(microseconds=1)).days + 1, 'day')}"


def _condition(condition: CaseCondition, now: datetime) -> dict[str, Any]:
    return {
        "id": condition.id,
        "rule": condition.rule,
        "subject": condition.subject,
        "status": condition.status,
        "state": str(condition.settled) if condition.settled else "open",
        "overdue": condition.settled is None and condition.due <= now,
        "message": condition.message,
        "remedy": condition.remedy,
        "by": condition.by,
        "since": rfc3339(condition.since),
        "due": rfc3339(condition.due),
    }


def _condition_lines(condition: CaseCondition, now: datetime) -> Iterator[str]:
    state = condition.settled or ("overdue" if condition.due <= now else "open")
    subject = f" ({condition.subject})" if condition.subject else ""
    yield clean(f"  {state}: {condition.rule}{subject}: {condition.message}")
    if condition.settled is None:
        yield clean(f"    due {rfc3339(condition.due)}, by the {condition.by}: {condition.remedy}")


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "ruling_id": candidate.ruling_id,
        "verdict": candidate.verdict,
        "head": candidate.head,
        "tree": candidate.tree,
        "waivers": candidate.waivers,
        "lines": candidate.lines,
        "files": candidate.files,
    }


def _candidate_words(candidate: Candidate, best: list[str]) -> str:
    place = f"{best.index(candidate.ruling_id) + 1}. " if candidate.ruling_id in best else "-  "
    size = f"{counted(candidate.lines, 'line')}, {counted(candidate.files, 'file')}"
    where = candidate.head[:_SHORT] or f"tree {candidate.tree[:_SHORT]}"
    return (
        f"{place}{candidate.ruling_id} {candidate.verdict} at {where}: {counted(candidate.waivers, 'waiver')}, {size}"
    )


def _happened(happened: Happened) -> dict[str, Any]:
    details: Mapping[str, Any] = happened.details
    told = {name: details[name] for name in _TOLD if name in details}
    return {
        "event": str(happened.event),
        "from": str(happened.before),
        "to": str(happened.after),
        "at": rfc3339(happened.at),
        "signed": "attestation" in details,
        **told,
    }


def _happened_words(happened: Happened) -> str:
    details = happened.details
    told = [f"{name.replace('_', ' ')} {details[name]}" for name in _TOLD if details.get(name)]
    step = f"{rfc3339(happened.at)}  {_words(happened.event)}: {_words(happened.before)} to {_words(happened.after)}"
    return f"{step} ({', '.join(told)})" if told else step


def _words(name: str) -> str:
    return name.replace("_", " ")
