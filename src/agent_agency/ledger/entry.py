"""One entry of the ledger: its members, its line, its hash.

A line is the canonical JSON (RFC 8785) of one object with exactly seven members::

    {"body":{...},"chain":"...","hash":"sha256:...","kind":"...","prev_hash":"sha256:...","seq":7,"ts":"..."}

``hash`` is SHA-256 over a domain-separating prefix and the canonical JSON of the other six. As the line is canonical,
those are the bytes of the line with the ``hash`` member cut out, so that a verifier need not serialise anything anew.
The member name ``signatures`` is reserved for signatures over ``hash``; it will not be part of what is hashed. Until a
version that checks it exists, an entry that carries it does not verify.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import (
    CanonicalReader,
    NotCanonicalError,
    canonical_json,
    parse_canonical,
    parse_json,
)

FORMAT = "agency-ledger/1"
GENESIS = "genesis"
MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line, its line feed included."""

_HASH_PREFIX = b"agent-agency.ledger.entry.v1\0"
_ENVELOPE_ROOM = 512
_MEMBERS = ("body", "chain", "hash", "kind", "prev_hash", "seq", "ts")
_CHAIN = r"[0-9a-f]{32}"
_HASH = r"sha256:[0-9a-f]{64}"
_KIND = r"[a-z][a-z0-9_.-]{0,63}"
_TS = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
_BODY_START = b'{"body":'
_CHAIN_START = b',"chain":"'
_ENVELOPE = re.compile(
    (
        rf',"chain":"(?P<chain>{_CHAIN})"(?P<member>,"hash":"(?P<hash>{_HASH})"),"kind":"(?P<kind>{_KIND})"'
        rf',"prev_hash":(?:null|"(?P<prev>{_HASH})"),"seq":(?P<seq>[1-9][0-9]{{0,14}}),"ts":"(?P<ts>{_TS})"\}}'
    ).encode()
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event.

    ``seq`` counts from 1 without gaps; ``ts`` is RFC 3339 in UTC with milliseconds and orders nothing. ``chain`` is the
    id of the chain, chosen at random when it began. ``prev_hash`` is the ``hash`` of the entry before, ``None`` in the
    first, which is of kind ``genesis``.
    """

    seq: int
    kind: str
    ts: str
    chain: str
    body: Mapping[str, Any]
    prev_hash: str | None
    hash: str

    def as_dict(self) -> dict[str, Any]:
        """The members as they stand in the line."""
        return {name: getattr(self, name) for name in _MEMBERS}


class EntryError(ValueError):
    """A line is no entry; ``code`` says in which way, ``seq`` what it claims to be, where that can be read."""

    def __init__(self, code: str, message: str, seq: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.seq = seq


def is_chain_id(text: object) -> bool:
    """Whether the text is a chain's id: 32 lower-case hexadecimal digits, so safe as part of a file name."""
    return isinstance(text, str) and re.fullmatch(_CHAIN, text) is not None


def is_hash(text: object) -> bool:
    """Whether the text is an entry's hash, ``sha256:`` and 64 lower-case hexadecimal digits."""
    return isinstance(text, str) and re.fullmatch(_HASH, text) is not None


def encode_body(body: Mapping[str, Any]) -> bytes:
    """Serialise the body of an entry, so that a bad one is refused before anything is locked or written.

    Raises:
        ValueError: it is no plain JSON object, or too large for one line.
    """
    if not isinstance(body, Mapping):
        raise ValueError(f"the body of an entry is an object, not {type(body).__name__}")  # noqa: TRY004 - documented
    data = canonical_json(dict(body))
    if len(data) + _ENVELOPE_ROOM > MAX_LINE:
        raise ValueError(f"the body takes {len(data):,} bytes; a ledger entry takes {MAX_LINE:,} at most")
    return data


def check_kind(kind: str) -> None:
    """Refuse what cannot be an entry's kind.

    Raises:
        ValueError: it is no name of lower-case letters, digits, ``_``, ``.``, ``-``.
    """
    if not re.fullmatch(_KIND, kind):
        raise ValueError(f"the kind {kind!r} is no name of lower-case letters, digits, '_', '.', '-'")


def encode(seq: int, kind: str, ts: str, chain: str, body: bytes, prev_hash: str | None) -> tuple[bytes, str]:
    """Make the line of a new entry from its serialised body; answer it without line feed, and its hash."""
    head = _BODY_START + body + _CHAIN_START + chain.encode() + b'"'
    envelope = canonical_json({"kind": kind, "prev_hash": prev_hash, "seq": seq, "ts": ts})
    tail = b"," + envelope[1:]
    digest = _hash(head + tail)
    return head + b',"hash":"' + digest.encode() + b'"' + tail, digest


def decode(line: bytes, reader: CanonicalReader | None = None) -> tuple[Entry, str]:
    """Read one line without its line feed; answer the entry and the hash that its content really has.

    The two hashes differ where the content was changed; the caller decides what follows. ``reader`` may be given to
    read many lines faster.

    Raises:
        EntryError: the line is no entry in canonical form.
    """
    cut = line.rfind(_CHAIN_START)
    envelope = _ENVELOPE.fullmatch(line, cut) if cut > 0 and line.startswith(_BODY_START) else None
    if envelope is None:
        raise _diagnose(line)
    try:
        body = (reader or CanonicalReader()).read(line[len(_BODY_START) : cut])
    except ValueError as error:
        raise _diagnose(line) from error
    if not isinstance(body, dict):
        raise _diagnose(line)
    start, end = envelope.span("member")
    chain, stated, kind, prev, seq, ts = envelope.group("chain", "hash", "kind", "prev", "seq", "ts")
    previous = prev.decode() if prev else None
    entry = Entry(int(seq), kind.decode(), ts.decode(), chain.decode(), body, previous, stated.decode())
    return entry, _hash(line[:start] + line[end:])


@dataclass(frozen=True, slots=True)
class Skimmed:
    """What an entry's line says outside of its body; its hash was computed from the bytes and agrees."""

    seq: int
    kind: str
    chain: str
    prev_hash: str | None
    hash: str


def skim(line: bytes) -> Skimmed:
    """Check a line against its own hash without reading its body: several times faster than `decode`.

    Raises:
        EntryError: the line is no entry, or was changed (code ``entry.edited``).
    """
    cut = line.rfind(_CHAIN_START)
    envelope = _ENVELOPE.fullmatch(line, cut) if cut > 0 and line.startswith(_BODY_START) else None
    if envelope is None:
        raise _diagnose(line)
    start, end = envelope.span("member")
    chain, stated, kind, prev, seq = envelope.group("chain", "hash", "kind", "prev", "seq")
    if _hash(line[:start] + line[end:]) != stated.decode():
        raise EntryError("entry.edited", f"entry {int(seq)} was changed: it does not give its hash", int(seq))
    return Skimmed(int(seq), kind.decode(), chain.decode(), prev.decode() if prev else None, stated.decode())


def _hash(unsigned: bytes) -> str:
    return "sha256:" + hashlib.sha256(_HASH_PREFIX + unsigned).hexdigest()


def _diagnose(line: bytes) -> EntryError:
    """Say why a line is no entry, the plainest reason first."""
    if not line:
        return EntryError("entry.empty_line", "the line is empty")
    try:
        value = parse_canonical(line)
    except NotCanonicalError as error:
        value = parse_json(line)
        return EntryError("entry.not_canonical", str(error), _claimed_seq(value))
    except ValueError as error:
        return EntryError("entry.not_json", str(error))
    if not isinstance(value, dict):
        return EntryError("entry.not_object", "the line is JSON, but no object")
    return _diagnose_members(value)


def _diagnose_members(value: dict[str, Any]) -> EntryError:
    seq = _claimed_seq(value)
    for name in _MEMBERS:
        if name not in value:
            return EntryError("entry.member_missing", f"the member '{name}' is missing", seq)
    unknown = sorted(set(value) - set(_MEMBERS))
    if unknown:
        return EntryError("entry.member_unknown", f"this version knows no member '{unknown[0]}'", seq)
    checks = {
        "body": isinstance(value["body"], dict),
        "prev_hash": value["prev_hash"] is None or is_hash(value["prev_hash"]),
        "seq": seq is not None,
    }
    for name, pattern in {"chain": _CHAIN, "hash": _HASH, "kind": _KIND, "ts": _TS}.items():
        checks[name] = isinstance(value[name], str) and re.fullmatch(pattern, value[name]) is not None
    wrong = next((name for name in _MEMBERS if not checks[name]), "body")
    return EntryError("entry.member_invalid", f"the member '{wrong}' does not have the form that it must have", seq)


def _claimed_seq(value: Any) -> int | None:
    seq = value.get("seq") if isinstance(value, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq < 10**15 else None
