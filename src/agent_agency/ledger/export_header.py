"""The first line of an export: which chain it is, how long, and where it ends.

The chain proves its own order, but not its own end. The header says the end, and carries a hash over itself, so that
neither an entry taken away at the end of the file nor a changed byte of the header goes unseen. Like everything without
a signature it can be made anew by whoever makes the whole file anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_canonical
from agent_agency.ledger.entry import is_chain_id, is_hash

EXPORT_FORMAT = "agency-ledger-export/1"
_HASH_PREFIX = b"agent-agency.ledger.export.v1\0"
_MEMBERS = {"chain", "count", "format", "hash", "head"}


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """The chain's id, the number of entries that follow, and the hash of the last of them."""

    chain: str
    count: int
    head: str


def write_header(header: ExportHeader) -> bytes:
    """Make the line, its line feed included."""
    members = {"chain": header.chain, "count": header.count, "format": EXPORT_FORMAT, "head": header.head}
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
    if not isinstance(value, dict) or set(value) != _MEMBERS:
        raise ValueError("it does not have the members of a header")
    stated = value.pop("hash")
    if stated != digest_bytes(_HASH_PREFIX + canonical_json(value)):
        raise ValueError("it was changed: it does not give its hash")
    if value["format"] != EXPORT_FORMAT:
        raise ValueError(f"this version knows the format {EXPORT_FORMAT} only")
    count = value["count"]
    whole = isinstance(count, int) and not isinstance(count, bool) and count > 0
    if not whole or not is_chain_id(value["chain"]) or not is_hash(value["head"]):
        raise ValueError("a member does not have the form that it must have")
    return ExportHeader(value["chain"], count, value["head"])
