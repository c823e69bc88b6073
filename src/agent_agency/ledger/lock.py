"""The lock between processes: one appender at a time, and none while a reader takes the file's measure.

``flock`` belongs to the open file, so a killed holder releases it; a stale lock cannot exist. The lock file is never
removed and never replaced: two processes that lock two files of one name would both go on.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_agency.errors import LedgerError
from agent_agency.store.files import open_file, told

LOCK_NAME = "ledger.lock"
WAIT_S = 30.0
_RETRY_S = 0.002


@contextmanager
def exclusive(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the ledger alone, for an append.

    Raises:
        LedgerError: not free within ``wait_s`` seconds (code ``ledger.locked``), or the lock file cannot be used.
    """
    path = folder / LOCK_NAME
    handle = _acquire(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX, wait_s)
    try:
        with suppress(OSError):  # only a hint for those who wait; a full disk may refuse it
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def shared(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Keep appenders out for a moment; where no lock file exists nobody ever appended, and nothing is held.

    Raises:
        LedgerError: as `exclusive`.
    """
    try:
        handle = _acquire(folder / LOCK_NAME, os.O_RDONLY, fcntl.LOCK_SH, wait_s)
    except FileNotFoundError:
        yield
        return
    try:
        yield
    finally:
        os.close(handle)


def _acquire(path: Path, flags: int, kind: int, wait_s: float) -> int:
    deadline = time.monotonic() + wait_s
    handle = open_file(path, flags)
    while True:
        try:
            with told(path, "Locking the ledger"):
                taken = _try(handle, kind)
            if taken and _still_named(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        if taken:  # locked a file that somebody has since removed: start again with the one of that name
            os.close(handle)
            handle = open_file(path, flags)
            continue
        if time.monotonic() >= deadline:
            os.close(handle)
            raise _waited(path, wait_s)
        time.sleep(_RETRY_S)


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_named(handle: int, path: Path) -> bool:
    try:
        named = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    held = os.fstat(handle)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _waited(path: Path, wait_s: float) -> LedgerError:
    with told(path, "Reading the lock file"):
        holder = path.read_bytes()[:20].decode("ascii", "replace").strip()
    by = f" by process {holder}" if holder.isdigit() else ""
    return LedgerError(
        f"Waited {wait_s:g} seconds for the ledger's lock, which is held{by}",
        fix="Wait until that process ends, or end it; a killed process gives the lock back.",
        path=str(path),
        code="ledger.locked",
    )
