"""One process of a user measures at a time: two would slow each other, and both figures would be wrong."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_agency.errors import FileUnwritableError


@contextmanager
def measuring(path: Path) -> Iterator[bool]:
    """Hold the lock beside the file of measurements; whether it is ours. Its file stays.

    Raises:
        FileUnwritableError: it cannot be made.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = lock.open("a")
    except OSError as error:
        fix = "Check that the folder may be written and the disk has room."
        message = f"The lock of measurements cannot be made: {error.strerror or error}"
        raise FileUnwritableError(message, fix=fix, path=str(lock)) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
