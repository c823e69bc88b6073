"""Writing a result to a file, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from agent_agency.errors import FileUnwritableError


def write_whole(target: Path, text: str) -> None:
    """Write a file in one step: it is complete, or as it was before.

    A target that is no regular file (``/dev/stdout``, a pipe) is written through.

    Raises:
        FileUnwritableError: when it cannot be written.
    """
    name: str | None = None
    try:
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as stream:
                stream.write(text)
            return
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError as error:
        if name is not None:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        raise FileUnwritableError(
            f"The file could not be written: {error.strerror or error}",
            fix="Give a path in a folder that exists and may be written, on a disk with room.",
            path=str(target),
        ) from error
