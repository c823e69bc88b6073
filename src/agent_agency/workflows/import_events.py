"""Taking the standard's event log into the record: its bytes as evidence, its head in an entry.

A log that is here already may grow, never change: a copy that says something else about an event is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import EvidenceError, LedgerError, LedgerMovedError
from agent_agency.evidence import EvidenceStore
from agent_agency.ledger.caws_events import ChainFault, EventLog, read_events
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.prune_evidence import IMPORTED_EVENTS

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class ImportedEvents:
    """What an import did: ``stored``, ``extended`` or ``unchanged``; how many events, the newest one's hash."""

    outcome: str
    count: int
    head: str
    old: bool
    seq: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "outcome": self.outcome,
            "form": "caws-events-v10" if self.old else "caws-events",
            "count": self.count,
            "head": self.head,
            "seq": self.seq,
            "problems": [],
        }


def import_caws_events(ledger: Ledger, store: EvidenceStore, data: bytes) -> ImportedEvents | tuple[ChainFault, ...]:
    """Take in a log, if its chain verifies and it agrees with what was taken in before.

    Raises:
        EvidenceError: its bytes could not be stored, or those of the last import are not there whole.
        LedgerError: the ledger cannot be read or written.
    """
    log = read_events(data)
    if not isinstance(log, EventLog):
        return log
    if log.head is None:
        return (ChainFault("evidence.chain.unreadable", "The file holds no event", 1),)
    subject = f"caws_events:{log.events[0]['event_hash']}"
    with store.in_use():
        for _ in range(_ATTEMPTS):
            done = _try(ledger, store, data, log, subject)
            if done is not None:
                return done
    raise LedgerError("The ledger moved each time that the events were to be taken in", fix="Import them again.")


def _try(
    ledger: Ledger, store: EvidenceStore, data: bytes, log: EventLog, subject: str
) -> ImportedEvents | tuple[ChainFault, ...] | None:
    entries = [entry for entry in ledger.about(subject) if entry.kind == IMPORTED_EVENTS]
    last = entries[-1] if entries else None
    if last is not None:
        parted = _parts_from(last, store, data)
        if parted is not None:
            return (parted,)
        if _count(last) >= len(log.events):
            return _told("unchanged", last, log)
    body = {
        "subject": subject,
        "caws_events": store.put(data),
        "count": len(log.events),
        "head": log.head,
        "form": "v10" if log.old else "vnext",
    }
    guard = {subject: last.seq if last else 0}
    try:
        (entry,) = ledger.append_all([Draft(IMPORTED_EVENTS, body)], unless_moved=guard)
    except LedgerMovedError:
        return None
    return _told("extended" if last else "stored", entry, log)


def _parts_from(entry: Entry, store: EvidenceStore, data: bytes) -> ChainFault | None:
    """Where a log says something else than the copy that was taken in before; the longer of the two begins as both."""
    before = store.get(str(entry.body.get("caws_events")))
    if digest_bytes(before) != entry.body.get("caws_events"):
        raise EvidenceError(
            "The events that were taken in before are not there whole",
            fix="Restore .git/agency/evidence from a backup.",
        )
    common = min(len(before), len(data))
    if before[:common] == data[:common]:
        return None
    pairs = zip(before.split(b"\n"), data.split(b"\n"), strict=False)
    line = next(number for number, (one, other) in enumerate(pairs, start=1) if one != other)
    return ChainFault("evidence.chain.parts_from_the_record", "The line is not the one that was taken in before", line)


def _count(entry: Entry) -> int:
    count = entry.body.get("count")
    return count if isinstance(count, int) else 0


def _told(outcome: str, entry: Entry, log: EventLog) -> ImportedEvents:
    return ImportedEvents(outcome, max(_count(entry), len(log.events)), str(entry.body["head"]), log.old, entry.seq)
