"""A SQLite file as a store: for its owner alone, never through a link, durable at each commit.

A file that SQLite has open may be looked at here, and never opened and closed: closing any handle of a file gives up
every POSIX lock that the process holds on it (fcntl(2)). Another process then takes itself for the last user, removes
the write-ahead log, and what this process writes from there on is lost (SQLite, How To Corrupt An SQLite Database,
section 2.2).
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import StoreError
from agent_agency.store.files import ensure_folder, sync_folder, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BESIDE = ("-wal", "-shm", "-journal")
_RETRY_S = 0.01
_FILE_MODE = 0o600


def make_file(path: Path) -> None:
    """Make the empty file (mode 0600) and its folder (mode 0700) where they are missing.

    Raises:
        LedgerError: a folder, a link, a pipe or a device stands in its place, or it cannot be made.
    """
    ensure_folder(path.parent)
    if _lies_there(path):
        _refuse_other(path)
        return
    with suppress(FileNotFoundError):  # made by another process meanwhile
        os.close(_made(path))
        sync_folder(path.parent)


def _lies_there(path: Path) -> bool:
    """Whether anything does; unlike ``lexists``, a folder that may not be entered is no folder without the file."""
    with told(path, "Opening the file"):
        try:
            path.lstat()
        except FileNotFoundError:
            return False
        return True


def _made(path: Path) -> int:
    """A file that was not there, so that nobody can have it open.

    Raises:
        FileNotFoundError: it is there after all.
    """
    with told(path, "Making the file"):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE)
        except FileExistsError:
            pass
    _refuse_other(path)
    raise FileNotFoundError(path)


def make_engine(path: Path, wait_s: float) -> Engine:
    """Connections to an existing file; each waits ``wait_s`` seconds for the lock of another writer."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import Connection
    from sqlalchemy.pool import QueuePool

    engine = create_engine("sqlite://", creator=lambda: _connect(path, wait_s), poolclass=QueuePool)

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    event.listen(engine, "begin", begin)
    return engine


def _connect(path: Path, wait_s: float) -> sqlite3.Connection:
    """Open the file, which must be a regular one, as must what SQLite keeps beside it."""
    _refuse_other(path)
    for ending in _BESIDE:
        _refuse_link(path.with_name(path.name + ending))
    options = "" if os.access(path.parent, os.W_OK) and os.access(path, os.W_OK) else _read_only(path)
    name = f"{path.absolute().as_uri()}{options}"
    connection = sqlite3.connect(name, timeout=wait_s, isolation_level=None, check_same_thread=False, uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")  # what was damaged is told, not raised
    try:
        if not options:
            _to_wal(connection, wait_s)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        if sys.platform == "darwin":
            connection.execute("PRAGMA fullfsync=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _read_only(path: Path) -> str:
    """Whoever may not write reads: without any file beside it where the last writer left none."""
    beside = path.with_name(path.name + "-wal")
    return "?mode=ro" if beside.exists() else "?mode=ro&immutable=1"


def _to_wal(connection: sqlite3.Connection, wait_s: float) -> None:
    """Switch to the write-ahead log; SQLite does not wait for others by itself here."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                return
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = (getattr(error, "sqlite_errorname", None) or "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_S)


def _refuse_other(path: Path) -> None:
    """Refuse what is no regular file that may be read, without opening it.

    Raises:
        FileNotFoundError: it is not there.
        LedgerError: it is a link, a folder, a pipe or a device, or may not be read.
    """
    if not os.path.lexists(path):
        raise FileNotFoundError(path)
    with told(path, "Opening the file"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if not stat.S_ISREG(mode):
        raise _no_file(path)


def _refuse_link(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise _no_file(path)


def _no_file(path: Path) -> StoreError:
    return StoreError(
        "This is no regular file",
        fix="Move it away; the database keeps its own files here.",
        path=str(path),
        code="store.not_a_file",
    )
