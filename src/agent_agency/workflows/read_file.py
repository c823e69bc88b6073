"""Reads a file that somebody named, whatever it turns out to be."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from agent_agency.errors import FileUnreadableError

_PROBLEMS = {
    errno.ENOENT: ("There is no such file", "Check the path."),
    errno.ENOTDIR: ("A part of the path is a file, not a folder", "Check the path."),
    errno.EACCES: ("The file may not be read", "Give yourself the right to read it."),
    errno.EPERM: ("The file may not be read", "Give yourself the right to read it."),
    errno.ELOOP: ("The symbolic link leads in a circle", "Mend the link, or name the file itself."),
    errno.ENXIO: ("This is no regular file", "Name a file."),
    errno.ENAMETOOLONG: ("The path is too long for this system", "Check the path."),
}


def read_at_most(path: Path, limit: int, shown: str) -> bytes:
    """Read a regular file, but never more than ``limit + 1`` bytes, so that a caller can tell that it is longer.

    A pipe, a device or a socket is refused without waiting for it.

    Args:
        path: the file; a link is followed.
        limit: the most bytes that the caller can use.
        shown: the path as errors name it.

    Raises:
        FileUnreadableError: when it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error, shown) from error
    try:
        _refuse_irregular(descriptor, shown)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise _unreadable(error, shown) from error
    finally:
        os.close(descriptor)


def _refuse_irregular(descriptor: int, shown: str) -> None:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise FileUnreadableError(f"This is {kind}", fix="Name a file.", path=shown)


def _unreadable(error: OSError, shown: str) -> FileUnreadableError:
    message, fix = _PROBLEMS.get(
        error.errno or 0, (f"The file could not be read: {error.strerror or error}", "Check the file and its disk.")
    )
    return FileUnreadableError(message, fix=fix, path=shown)
