"""A large file on its way to its place: nobody sees it half-written, and what a killed maker left is cleared away."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent_agency.errors import FileUnwritableError


@contextlib.contextmanager
def finished_at(target: Path, *, replace: bool) -> Iterator[Path]:
    """Hand out a path beside ``target`` to write to; it takes the target's place when the block ends without an error.

    The path is locked while it is written, so that one without a writer can be told from one with.

    Raises:
        FileUnwritableError: the target is there and not to be replaced, is no file, or cannot be written.
    """
    _refuse(target, replace=replace)
    try:
        _clear_abandoned(target)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=_prefix(target))
    except OSError as error:
        raise _unwritable(target, error) from error
    unfinished = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield unfinished
        os.fsync(descriptor)
        unfinished.chmod(0o644)
        _refuse(target, replace=replace)
        unfinished.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
        os.close(descriptor)


def _refuse(target: Path, *, replace: bool) -> None:
    if target.exists() and not target.is_file():
        raise FileUnwritableError("This is no file", fix="Name a file to make.", path=str(target))
    if target.exists() and not replace:
        raise FileUnwritableError(
            "The file is there already", fix="Name another one, or replace it with --force.", path=str(target)
        )


def _clear_abandoned(target: Path) -> None:
    for left in target.parent.iterdir():
        if left.name.startswith(_prefix(target)):
            with contextlib.suppress(OSError), left.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def _prefix(target: Path) -> str:
    return f".{target.name}.unfinished-"


def _unwritable(target: Path, error: OSError) -> FileUnwritableError:
    short = "the disk took only a part of it, and is probably full"
    return FileUnwritableError(
        f"The file could not be written: {error.strerror or short}",
        fix="Give a path in a folder that exists and may be written, on a disk with room.",
        path=str(target),
    )
