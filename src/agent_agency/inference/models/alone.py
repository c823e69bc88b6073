"""One process at a time at a file that is on its way: from its first byte until it lies in its place."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_agency.errors import EngineError


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Make a file where there is none, and hold it for this process; renaming it does not let it go.

    It is gone again at the end where nothing was written to it.

    Raises:
        EngineError: another process has it, or had it until a moment ago (``engine.busy``).
        OSError: it cannot be made.
    """
    with path.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(path) from None
        if not _still_there(path, held.fileno()):
            raise _busy(path)
        try:
            yield
        finally:
            if _still_there(path, held.fileno()) and not path.stat().st_size:
                path.unlink()


def _still_there(path: Path, descriptor: int) -> bool:
    """Whether the file that was locked is the one of that name: who had it may have put it to its place meanwhile."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _busy(path: Path) -> EngineError:
    return EngineError(
        "Another process fetches this file just now",
        fix="Wait until it is done, then run the same command again.",
        path=str(path),
        code="engine.busy",
    )
