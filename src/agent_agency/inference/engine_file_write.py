"""Writing the user's file of engines: whole or not at all, by one process at a time, for this user's eyes only."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_agency.errors import EngineError, FileUnreadableError, FileUnwritableError
from agent_agency.inference.engine_file import engines_path, load_engines, read_engines
from agent_agency.inference.engine_settings import EngineChoices


def change_engines(environment: Mapping[str, str], change: Callable[[str], str]) -> EngineChoices:
    """Change the file's text, and read what came of it.

    Args:
        environment: says where the file is; it is made where there is none.
        change: from the text that is there to the new one.

    Raises:
        FileUnreadableError: it cannot be read.
        FileUnwritableError: it cannot be written; what stood there stays.
        EngineError: the file is wrong, or would be after the change (``engine.config``).
    """
    path = engines_path(environment)
    try:
        path = path.resolve() if path.is_symlink() else path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path):
            if path.exists():
                load_engines(environment)
            text = change(_text(path))
            read = read_engines(text.encode("utf-8"), str(path))
            if not isinstance(read, EngineChoices):
                message = f"The change would make the file of engines wrong: {read[0].message}"
                raise EngineError(message, fix=read[0].remedy, path=str(path), code="engine.config")
            _replace(path, text.encode("utf-8"))
    except OSError as error:
        raise FileUnwritableError(
            f"The file of engines could not be written: {error.strerror or error}",
            fix="Check that its folder may be written and the disk has room.",
            path=str(path),
        ) from error
    return read


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the file; the lock's file stays, or two processes could hold two of that name."""
    with (path.parent / f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        fix = "Mend the file; agency engine list says what is wrong with it."
        raise FileUnreadableError("The file of engines cannot be read", fix=fix, path=str(path)) from None


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
