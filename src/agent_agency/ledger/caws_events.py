"""The standard's own event log, ``.caws/events.jsonl``: its hash chain, verified as the 12.0.0 reference does.

Each line is one event; ``event_hash`` is SHA-256 over ``caws.events.v1``, a NUL byte and the canonical JSON of the
event without that member. Events are taken in the order of the lines; ``ts`` orders nothing. A log of version 10
differs in its first ``prev_hash``, which is empty there and null since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_json

MAX_BYTES = 256 * 1024 * 1024
_PREFIX = b"caws.events.v1\0"
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_FAMILY = "evidence.chain"


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One thing that does not verify: the reference's rule id, and the line, counted from 1."""

    rule: str
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class EventLog:
    """The events of a file, in the order of its lines; ``old`` tells a log of version 10."""

    events: tuple[Mapping[str, Any], ...]
    old: bool

    @property
    def head(self) -> str | None:
        """The hash of the newest event."""
        return str(self.events[-1]["event_hash"]) if self.events else None


def looks_like_events(first_line: bytes) -> bool:
    """Whether a file that begins so holds events of the standard."""
    try:
        value = parse_json(first_line)
    except ValueError:
        return False
    return isinstance(value, dict) and {"event", "event_hash", "prev_hash"} <= set(value)


def event_hash(event: Mapping[str, Any]) -> str:
    """The hash that an event's content has.

    Raises:
        ValueError: the event holds what canonical JSON has no form for.
    """
    unsigned = {key: value for key, value in event.items() if key != "event_hash"}
    return digest_bytes(_PREFIX + canonical_json(unsigned))


def verify_chain(events: Iterable[Any]) -> tuple[ChainFault, ...]:
    """Everything that does not verify, by the rules and in the order of the reference.

    Each event is asked for its place in the chain (``seq``), for its link (``prev_hash``) and for its own hash.
    """
    faults: list[ChainFault] = []
    seen: set[int] = set()
    before: Mapping[str, Any] | None = None
    for line, value in enumerate(events, start=1):
        event = value if isinstance(value, Mapping) else {}
        found = [*_place(event, before, seen), *_link(event, before), *_own_hash(event)]
        faults += [ChainFault(f"{_FAMILY}.{rule}", message, line) for rule, message in found]
        before = event
    return tuple(faults)


def read_events(data: bytes) -> EventLog | tuple[ChainFault, ...]:
    """Read and verify a log; what is wrong with it comes back as faults.

    Stricter than the reference: each line is one JSON object without a repeated member, and ends in a line feed.
    """
    lines = data.split(b"\n")
    if not data.endswith(b"\n") or len(data) > MAX_BYTES:
        told = f"The file has {len(data):,} bytes" if len(data) > MAX_BYTES else "The last line is cut off"
        return (ChainFault(f"{_FAMILY}.unreadable", told, len(lines)),)
    events: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            value = parse_json(line)
        except ValueError as error:
            return (ChainFault(f"{_FAMILY}.unreadable", f"The line is no JSON: {error}", number),)
        if not isinstance(value, dict):
            return (ChainFault(f"{_FAMILY}.unreadable", "The line is no event", number),)
        events.append(value)
    old = bool(events) and events[0].get("prev_hash") == "" and isinstance(events[0].get("actor"), str)
    faults = tuple(_but_the_old_beginning(verify_chain(events)) if old else verify_chain(events))
    return faults or EventLog(tuple(events), old)


def _but_the_old_beginning(faults: Sequence[ChainFault]) -> Iterator[ChainFault]:
    return (one for one in faults if (one.rule, one.line) != (f"{_FAMILY}.genesis_prev_hash_not_null", 1))


def _place(event: Mapping[str, Any], before: Mapping[str, Any] | None, seen: set[int]) -> Iterator[tuple[str, str]]:
    seq = event.get("seq")
    if isinstance(seq, float) and seq.is_integer():
        seq = int(seq)
    if not isinstance(seq, int) or isinstance(seq, bool):
        yield "seq_not_integer", "The place of the event in the chain is no whole number"
        return
    if seq < 1:
        yield "seq_not_positive", f"The event says that it is number {seq}"
        return
    if seq in seen:
        yield "seq_duplicate", f"Event {seq} appears again"
    seen.add(seq)
    last = before.get("seq") if before is not None else 0
    if isinstance(last, (int, float)) and seq != last + 1:
        yield "seq_gap", f"Event {seq} does not follow event {last}"


def _link(event: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    previous = event.get("prev_hash")
    if before is None:
        if previous is not None:
            yield "genesis_prev_hash_not_null", "The first event names an event before it"
    elif previous is None:
        yield "non_genesis_prev_hash_null", "The event names none before it"
    elif not isinstance(previous, str) or not _HASH.fullmatch(previous):
        yield "prev_hash_malformed", "What the event names before it is no hash"
    elif previous != before.get("event_hash"):
        yield "prev_hash_mismatch", "The event does not follow the one before it: the hashes do not link"


def _own_hash(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stated = event.get("event_hash")
    if not isinstance(stated, str) or not _HASH.fullmatch(stated):
        yield "event_hash_malformed", "The hash of the event is none"
        return
    try:
        really = event_hash(event)
    except ValueError as error:
        yield "event_hash_mismatch", f"The event has no canonical form: {error}"
        return
    if really != stated:
        yield "event_hash_mismatch", "The event was changed: it does not give its hash"
