"""Where chains lie: the repository's own as ``ledger.jsonl``, imported ones as ``chains/<chain id>.jsonl``."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

from agent_agency.canonical_json import CanonicalReader
from agent_agency.errors import LedgerError
from agent_agency.ledger.chain import Problem, lines
from agent_agency.ledger.entry import Entry, EntryError, decode, is_chain_id
from agent_agency.ledger.export_header import looks_like_header
from agent_agency.store.files import open_file, told
from agent_agency.ledger.head import read_head
from agent_agency.ledger.old_file import LEDGER_NAME, corrupt

CHAINS = "chains"


def imported_chains(folder: Path) -> tuple[Path, ...]:
    """The files of the imported chains, by name.

    Raises:
        LedgerError: the folder cannot be read.
    """
    with told(folder / CHAINS, "Listing the imported chains"):
        try:
            names = sorted(os.listdir(folder / CHAINS))  # noqa: PTH208 - names only, and an error before the first
        except FileNotFoundError:
            return ()
    return tuple(folder / CHAINS / name for name in names if name.endswith(".jsonl"))


def chain_file(folder: Path, chain: str | None) -> Path:
    """Where a chain lies: the repository's own for ``None``, an imported one by its id.

    Raises:
        LedgerError: no chain of that id is here.
    """
    if chain is None or chain == own_chain(folder):
        return folder / LEDGER_NAME
    path = folder / CHAINS / f"{chain}.jsonl"
    if not is_chain_id(chain) or not path.is_file():
        raise LedgerError(
            f"No chain {chain!r} is here",
            fix="Run agency ledger verify for the chains that are, or import it first.",
            code="ledger.no_chain",
        )
    return path


def own_chain(folder: Path) -> str | None:
    """The id of the repository's own chain; ``None`` before the first entry.

    Raises:
        LedgerCorruptError: neither ``head.json`` nor the ledger's first line tells.
    """
    head = read_head(folder)
    if head and head.chain:
        return head.chain
    for entry in read_entries(folder / LEDGER_NAME):
        return entry.chain
    return None


def read_entries(path: Path) -> Iterator[Entry]:
    """The entries of a ledger or an export that was verified before; nothing where no file is.

    Raises:
        LedgerCorruptError: at a line that cannot be read as an entry.
        LedgerError: the file cannot be read.
    """
    reader = CanonicalReader()
    for number, raw in raw_lines(path):
        try:
            yield decode(raw[:-1], reader)[0]
        except EntryError as error:
            raise corrupt(path, Problem(error.code, str(error), number, error.seq)) from error


def raw_lines(path: Path) -> Generator[tuple[int, bytes], None, None]:
    """The whole lines of entries, with their numbers in the file; an export's header is passed over.

    Raises:
        LedgerError: the file cannot be read.
    """
    try:
        handle = open_file(path)
    except FileNotFoundError:
        return
    with told(path, "Reading the file"), os.fdopen(handle, "rb") as stream:
        for number, raw in lines(stream, os.fstat(handle).st_size):
            if raw.endswith(b"\n") and not (number == 1 and looks_like_header(raw)):
                yield number, raw
