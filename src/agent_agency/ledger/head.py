"""``head.json``: how long the chain was when an append last succeeded.

A chain alone cannot tell that its last entries were removed: what is left is a shorter, sound chain. So each append
leaves the newest ``seq`` and ``hash`` in a file of its own, after the entry is on the disk. A head *behind* the file is
what a kill between the two leaves, and harmless; a head *ahead* of the file means that entries are gone.

Whoever edits the ledger can edit this file too. It stops accidents and careless hands; against a careful forger only a
head that was published elsewhere helps.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_agency.canonical_json import canonical_json, parse_canonical
from agent_agency.errors import LedgerCorruptError
from agent_agency.ledger.entry import is_chain_id, is_hash
from agent_agency.store.files import open_file, replace_file, sync, told

HEAD_NAME = "head.json"
_SIZE = 256  # one write inside one disk sector: it happens whole or not at all


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain; ``seq`` 0 with neither chain nor hash before the first."""

    seq: int = 0
    chain: str | None = None
    hash: str | None = None


def read_head(folder: Path) -> Head | None:
    """What ``head.json`` remembers; ``None`` where it is missing.

    Raises:
        LedgerCorruptError: it is there, and unreadable as a head.
    """
    path = folder / HEAD_NAME
    try:
        handle = open_file(path)
    except FileNotFoundError:
        return None
    with told(path, "Reading the ledger's head"), os.fdopen(handle, "rb") as stream:
        data = stream.read(4 * _SIZE)
    try:
        return _checked(parse_canonical(data.rstrip()), data)
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerCorruptError(
            "The file that remembers the ledger's length is damaged",
            fix="Restore it from a backup, or move the folder aside and let the next review start a new chain.",
            path=str(path),
        ) from error


def write_head(folder: Path, head: Head, new_id: Callable[[], str]) -> None:
    """Remember the head; written in place, as a rename for each append would cost another force to the disk.

    Raises:
        LedgerError: it could not be written.
    """
    path = folder / HEAD_NAME
    data = canonical_json({"chain": head.chain, "hash": head.hash, "seq": head.seq}).ljust(_SIZE - 1) + b"\n"
    try:
        handle = open_file(path, os.O_WRONLY)
    except FileNotFoundError:
        replace_file(path, [data], folder / f".head-{new_id()}")
        return
    try:
        with told(path, "Writing the ledger's head"):
            os.pwrite(handle, data, 0)
            if head.seq == 0:
                sync(handle)
    finally:
        os.close(handle)


def _checked(value: dict[str, object], data: bytes) -> Head:
    seq, chain, digest = value["seq"], value["chain"], value["hash"]
    if set(value) != {"seq", "chain", "hash"} or len(data) != _SIZE or not isinstance(seq, int):
        raise ValueError("not the shape of a head")
    if seq == 0 and chain is None and digest is None:
        return Head()
    if seq <= 0 or not is_chain_id(chain) or not is_hash(digest):
        raise ValueError("not the shape of a head")
    return Head(seq, str(chain), str(digest))
