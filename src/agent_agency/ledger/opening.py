"""Opening a repository's ledger in the database that it belongs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent_agency.clock import Clock
from agent_agency.ledger.journal import Ledger
from agent_agency.store.address import store_url
from agent_agency.store.database import WAIT_S, Database


def open_ledger(
    folder: Path,
    clock: Clock,
    new_id: Callable[[], str],
    environment: Mapping[str, str],
    *,
    wait_s: float = WAIT_S,
) -> Ledger:
    """Open the ledger; nothing is read or made before it is asked for something.

    Args:
        folder: ``<git common dir>/agency``.
        clock: dates the entries.
        new_id: gives 32 hexadecimal digits, new at each call.
        environment: the process's variables; ``AGENCY_STORE_URL`` names another database than the folder's own.
        wait_s: how long to wait for another writer, in seconds.

    Raises:
        StoreError: ``AGENCY_STORE_URL`` names no database that this version can use.
    """
    return Ledger(Database.open(store_url(folder, environment), wait_s=wait_s), clock, new_id, folder)
