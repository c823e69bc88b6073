"""Signatures over heads of a chain: kept beside its entries, carried in exports, held against the chain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent_agency.errors import NotSignedError
from agent_agency.ledger.chain import Problem
from agent_agency.ledger.witness import KnownHead, Witness

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agent_agency.ledger.rows import Shelf


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The entry that is signed over, as it is claimed to be, and the envelope's canonical JSON."""

    seq: int
    hash: str
    envelope: bytes

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as an export's header carries it."""
        return {"seq": self.seq, "hash": self.hash, "envelope": json.loads(self.envelope)}


@dataclass(slots=True)
class HeadsKnown:
    """What signatures and anchors tell of a chain: ``anchors`` by seq, and what is wrong with any of them."""

    anchors: dict[int, str] = field(default_factory=dict)
    newest_signed: KnownHead | None = None
    newest_anchored: KnownHead | None = None
    problems: list[Problem] = field(default_factory=list)

    def add(self, head: KnownHead, chain: str) -> bool:
        """Note a head; answer whether it can be true beside the others."""
        if head.chain != chain:
            message = f"a head of another chain ({head.chain}) is {head.known_by}"
            self.problems.append(Problem("head.other_chain", message, None, head.seq))
            return False
        if self.anchors.setdefault(head.seq, head.hash) != head.hash:
            message = f"entry {head.seq} is {head.known_by} with another hash than elsewhere"
            self.problems.append(Problem("head.contradicted", message, None, head.seq))
            return False
        return True


def known_heads(chain: str, signed: Sequence[SignedHead], witness: Witness | None) -> HeadsKnown:
    """Ask the witness about every signature and anchor of a chain; without one, nothing is known."""
    known = HeadsKnown()
    if witness is None:
        return known
    for head in witness.anchored(chain):
        if known.add(head, chain):
            known.newest_anchored = max(filter(None, [known.newest_anchored, head]), key=lambda one: one.seq)
    for kept in signed:
        try:
            head = witness.signed(kept.envelope)
        except NotSignedError as error:
            message = f"the signature over head {kept.seq} does not count: {error.reason}"
            known.problems.append(Problem("head.not_signed", message, None, kept.seq))
            continue
        if (head.seq, head.hash) != (kept.seq, kept.hash):
            message = f"the signature that is kept for head {kept.seq} is over another entry"
            known.problems.append(Problem("head.misplaced", message, None, kept.seq))
        elif known.add(head, chain):
            known.newest_signed = max(filter(None, [known.newest_signed, head]), key=lambda one: one.seq)
    return known


def add_signed_head(connection: Connection, shelf: Shelf, head: SignedHead) -> None:
    """Keep a signature over a head, unless one over that entry is kept already."""
    from sqlalchemy import insert

    from agent_agency.store.tables import signed_heads

    if any(kept.seq == head.seq for kept in signed_heads_of(connection, shelf)):
        return
    row = {"ledger": shelf.ledger, "chain": shelf.chain, "seq": head.seq, "hash": head.hash, "envelope": head.envelope}
    connection.execute(insert(signed_heads).values(row))


def signed_heads_of(connection: Connection, shelf: Shelf) -> tuple[SignedHead, ...]:
    """All signatures over heads of a chain that are kept, by seq."""
    from sqlalchemy import select, type_coerce
    from sqlalchemy.types import NullType

    from agent_agency.store.tables import signed_heads

    columns = signed_heads.c
    envelope = type_coerce(columns.envelope, NullType())  # as it stands: whoever changed it may have put in a text
    query = select(columns.seq, columns.hash, envelope)
    query = query.where(columns.ledger == shelf.ledger, columns.chain == shelf.chain).order_by(columns.seq)
    return tuple(SignedHead(seq, digest, _as_bytes(kept)) for seq, digest, kept in connection.execute(query))


def _as_bytes(kept: Any) -> bytes:
    """What is kept as bytes, whatever it is: a value of another type becomes bytes that are no envelope."""
    return kept if isinstance(kept, bytes) else b"not bytes: " + repr(kept).encode("utf-8", "replace")
