"""The first line of an export: which chain it is, how long, where it ends, and the newest signature over it.

The chain proves its own order, but not its own end. The header says the end, and carries a hash over itself, so that
neither an entry taken away at the end of the file nor a changed byte of the header goes unseen. Without a signature it
can be made anew by whoever makes the whole file anew; with one, only up to the entry that was signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_canonical
from agent_agency.ledger.entry import is_chain_id, is_hash
from agent_agency.ledger.signed_heads import SignedHead

EXPORT_FORMAT = "agency-ledger-export/1"
MAX_HEADER = 256 * 1024
"""Bytes of the line, its line feed included."""

_HASH_PREFIX = b"agent-agency.ledger.export.v1\0"
_MEMBERS = {"chain", "count", "format", "hash", "head"}
_SIGNED = "signed_head"


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """The chain's id, the number of entries that follow, the hash of the last of them, the newest signed head."""

    chain: str
    count: int
    head: str
    signed_head: SignedHead | None = None


def write_header(header: ExportHeader) -> bytes:
    """Make the line, its line feed included."""
    members: dict[str, Any] = {"chain": header.chain, "count": header.count, "format": EXPORT_FORMAT}
    members["head"] = header.head
    if header.signed_head:
        members[_SIGNED] = header.signed_head.as_dict()
    return canonical_json({**members, "hash": digest_bytes(_HASH_PREFIX + canonical_json(members))}) + b"\n"


def looks_like_header(line: bytes) -> bool:
    """Whether a file that begins with this line means to be an export."""
    return line.startswith(b'{"chain":') or b'"agency-ledger-export/' in line


def read_header(line: bytes) -> ExportHeader:
    """Read and check the line, its line feed included.

    Raises:
        ValueError: it is no header of this format, or was changed.
    """
    if not line.endswith(b"\n"):
        raise ValueError("it does not end with a line feed")
    value = parse_canonical(line[:-1])
    if not isinstance(value, dict) or set(value) - {_SIGNED} != _MEMBERS:
        raise ValueError("it does not have the members of a header")
    stated = value.pop("hash")
    if stated != digest_bytes(_HASH_PREFIX + canonical_json(value)):
        raise ValueError("it was changed: it does not give its hash")
    if value["format"] != EXPORT_FORMAT:
        raise ValueError(f"this version knows the format {EXPORT_FORMAT} only")
    count = value["count"]
    if not _is_place(count) or not is_chain_id(value["chain"]) or not is_hash(value["head"]):
        raise ValueError("a member does not have the form that it must have")
    return ExportHeader(value["chain"], count, value["head"], _signed(value, count))


def _signed(members: dict[str, Any], count: int) -> SignedHead | None:
    if _SIGNED not in members:
        return None
    value = members[_SIGNED]
    if not isinstance(value, dict) or set(value) != {"envelope", "hash", "seq"}:
        raise ValueError("the member 'signed_head' does not have the form that it must have")
    seq = value["seq"]
    if not _is_place(seq) or seq > count or not is_hash(value["hash"]) or not isinstance(value["envelope"], dict):
        raise ValueError("the member 'signed_head' does not have the form that it must have")
    return SignedHead(seq, value["hash"], canonical_json(value["envelope"]))


def _is_place(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
