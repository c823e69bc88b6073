"""What a database's refusals mean for a person: one sentence and the next step, never a traceback or a password."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent_agency.errors import StoreError

if TYPE_CHECKING:
    from agent_agency.store.address import Address

_FIX_REFUSED = "Check that the folder exists and may be written, and that the disk has room."
_FIX_LOCKED = "Wait until the process that writes to it has ended; a killed process gives the lock back."
_FIX_CORRUPT = "Keep the file as evidence under another name; restore a backup, or import the newest export."
_FIX_SERVER = "Check that the server runs, that it can be reached, and that the user may use the database."
_SQLITE = {
    "SQLITE_BUSY": ("store.locked", "somebody else holds its lock", _FIX_LOCKED),
    "SQLITE_LOCKED": ("store.locked", "somebody else holds its lock", _FIX_LOCKED),
    "SQLITE_CORRUPT": ("store.corrupt", "the file is damaged", _FIX_CORRUPT),
    "SQLITE_NOTADB": ("store.corrupt", "the file is no SQLite database", _FIX_CORRUPT),
    "SQLITE_FULL": ("store.refused", "the disk is full", _FIX_REFUSED),
    "SQLITE_READONLY": ("store.refused", "it may only be read", _FIX_REFUSED),
    "SQLITE_CANTOPEN": ("store.refused", "it cannot be opened", _FIX_REFUSED),
    "SQLITE_IOERR": ("store.refused", "the disk refused", _FIX_REFUSED),
    "SQLITE_PERM": ("store.refused", "permission denied", _FIX_REFUSED),
}
_POSTGRES = {
    "55P03": ("store.locked", "somebody else holds its lock", _FIX_LOCKED),
    "57014": ("store.locked", "it did not answer in time", _FIX_LOCKED),
    "53100": ("store.refused", "the server's disk is full", _FIX_REFUSED),
    "25006": ("store.refused", "it may only be read", _FIX_SERVER),
    "42501": ("store.refused", "permission denied", _FIX_SERVER),
}


@contextmanager
def told_of_database(address: Address, doing: str) -> Iterator[None]:
    """Turn what the database or its driver raises into a `StoreError`.

    Raises:
        StoreError: with a code of the family ``store.``.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise _refusal(address, doing, getattr(error, "orig", None) or error) from error
    except sqlite3.Error as error:
        raise _refusal(address, doing, error) from error


def _refusal(address: Address, doing: str, cause: BaseException) -> StoreError:
    code, why, fix = _meaning(address, cause)
    return StoreError(f"{doing} failed: {why}", fix=fix, path=address.shown, code=code)


def _meaning(address: Address, cause: BaseException) -> tuple[str, str, str]:
    said = " ".join(str(cause).split())[:200] or type(cause).__name__
    if isinstance(cause, sqlite3.Error):
        family = "_".join((getattr(cause, "sqlite_errorname", None) or "").split("_")[:2])
        return _SQLITE.get(family, ("store.failed", said, _FIX_REFUSED))
    if address.path is not None:
        return "store.failed", said, _FIX_REFUSED
    state = getattr(cause, "sqlstate", None)
    return _POSTGRES.get(state or "", ("store.failed" if state else "store.unreachable", said, _FIX_SERVER))
