"""``<git common dir>/agency/chain``: which chain is this repository's own.

The database may hold the chains of other repositories and clones, so the id is kept beside the repository. It is
written before the first entry, as ``reserved``, and again after it, as ``begun``: from then on a database that does
not hold the chain is the wrong one, or was emptied, and nothing may begin anew in it unseen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_agency.canonical_json import canonical_json, parse_canonical
from agent_agency.errors import LedgerCorruptError
from agent_agency.ledger.entry import is_chain_id
from agent_agency.store.files import ensure_folder, open_file, replace_file, told

CHAIN_NAME = "chain"
_MOST_BYTES = 1024


@dataclass(frozen=True, slots=True)
class OwnChain:
    """The id of a repository's chain, and whether its first entry is in the database for certain."""

    chain: str
    begun: bool


def read_own_chain(folder: Path) -> OwnChain | None:
    """What the file says; ``None`` where it is missing.

    Raises:
        LedgerCorruptError: it is there, and does not say which chain.
        LedgerError: it cannot be read.
    """
    path = folder / CHAIN_NAME
    try:
        handle = open_file(path)
    except FileNotFoundError:
        return None
    with told(path, "Reading which chain is this repository's"), os.fdopen(handle, "rb") as stream:
        data = stream.read(_MOST_BYTES)
    own = _read(data)
    if own is None:
        raise LedgerCorruptError(
            "The file that names this repository's chain is damaged",
            fix='Write {"begun":true,"chain":"<id>"} into it, with the id that a report or an export tells.',
            path=str(path),
            code="ledger.chain_unnamed",
        )
    return own


def write_own_chain(folder: Path, own: OwnChain, new_id: Callable[[], str]) -> None:
    """Write the file as a whole, forced to the disk.

    Raises:
        LedgerError: it could not be written; what stood there still stands.
    """
    ensure_folder(folder)
    data = canonical_json({"begun": own.begun, "chain": own.chain}) + b"\n"
    replace_file(folder / CHAIN_NAME, [data], folder / f".chain-{new_id()}")


def _read(data: bytes) -> OwnChain | None:
    try:
        value = parse_canonical(data.removesuffix(b"\n"))
    except ValueError:
        return None
    if not isinstance(value, dict) or set(value) != {"begun", "chain"}:
        return None
    chain, begun = value["chain"], value["begun"]
    return OwnChain(chain, begun) if is_chain_id(chain) and isinstance(begun, bool) else None
