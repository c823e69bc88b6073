"""Writing a result to a file, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from agent_agency.errors import FileUnwritableError, UsageError


def spare(out: Path, *sources: Path) -> None:
    """Refuse to write over a file that is read: what was recorded cannot be had again.

    Raises:
        UsageError: it is one of the sources.
    """
    for source in sources:
        if out.exists() and source.exists() and out.samefile(source):
            raise UsageError(f"--out is {out}, which is read", fix="Name another file.")


def refuse_unwritable(target: Path) -> None:
    """Find out before long work whether `write_whole` with ``parents`` will have a place; a folder stays made.

    Raises:
        FileUnwritableError: it will not.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.is_file():
            tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise _unwritable(target, error) from error


def write_whole(target: Path, content: bytes, *, parents: bool = False) -> None:
    """Write a file in one step and to the disk: it is complete, or as it was before.

    With ``parents``, its folder is made where it is absent. A target that is no regular file (``/dev/stdout``, a pipe)
    is written through.

    Raises:
        FileUnwritableError: when it cannot be written.
    """
    name: str | None = None
    try:
        if parents:
            target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        if name is not None:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> FileUnwritableError:
    return FileUnwritableError(
        f"The file could not be written: {error.strerror or error}",
        fix="Give a path in a folder that exists and may be written, on a disk with room.",
        path=str(target),
    )
