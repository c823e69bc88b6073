"""Files that survive a crash: opened without following links, written whole, forced to the disk."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_agency.errors import LedgerError

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


@contextmanager
def told(path: Path, doing: str) -> Iterator[None]:
    """Turn a refusal of the operating system into one sentence that names the file.

    Raises:
        LedgerError: with the code ``store.refused``.
    """
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"{doing} failed: {error.strerror or error}",
            fix="Check that the folder exists and may be written, and that the disk has room.",
            path=str(path),
            code="store.refused",
        ) from error


def ensure_folder(folder: Path) -> None:
    """Make the folder (mode 0700) if it is not there; its parent must exist.

    Raises:
        LedgerError: it cannot be made, or something that is no folder stands in its place.
    """
    with told(folder, "Making the folder"):
        try:
            folder.mkdir(mode=_FOLDER_MODE)
        except FileExistsError:
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise
        else:
            sync_folder(folder.parent)


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file, never through a symbolic link; created files have mode 0600.

    Raises:
        FileNotFoundError: it is not there (and ``O_CREAT`` was not asked for).
        LedgerError: it cannot be opened, or is a link, a folder, a pipe or a device.
    """
    with told(path, "Opening the file"):
        try:
            handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, _FILE_MODE)
        except FileNotFoundError:
            if flags & os.O_CREAT:
                raise
            handle = -1
    if handle < 0:
        raise FileNotFoundError(path)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise LedgerError(
            "This is no regular file",
            fix="Name a file; if the record keeps its own files here, move this away.",
            path=str(path),
            code="store.not_a_file",
        )
    return handle


def write_at(handle: int, data: bytes, place: int, *, cut: bool = False) -> None:
    """Write all bytes at the place and force them to the disk; ``cut`` first removes what stands from there on.

    On failure the file is cut back to ``place`` and the error goes on.
    """
    try:
        if cut:
            os.ftruncate(handle, place)
        done = 0
        while done < len(data):
            done += os.pwrite(handle, data[done:] if done else data, place + done)
        sync(handle)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(handle, place)
            sync(handle)
        raise


def sync(handle: int) -> None:
    """Force a file to the disk itself; macOS needs a request of its own for that."""
    if sys.platform == "darwin":
        with suppress(OSError):  # some file systems do not know the request
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, parts: Iterable[bytes], temporary: Path, mode: int = _FILE_MODE) -> None:
    """Write a file whole or not at all: to a temporary name beside it, forced to the disk, then renamed.

    Raises:
        LedgerError: it could not be written; what stood there before still stands.
    """
    with told(path, "Writing the file"):
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.writelines(parts)
                stream.flush()
                sync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
