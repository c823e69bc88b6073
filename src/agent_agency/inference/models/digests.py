"""The digest of a model's file, worked out once: a model has gigabytes, and every start asks for it.

What was worked out is remembered by path, size, inode and both times of the file; where one differs it is worked out
anew. A file that was written within the last moments is not remembered, because a second write in the same tick of the
file system's clock would go unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_json, parse_json
from agent_agency.errors import EngineError, FileUnreadableError

FILE = "model-digests.json"
MAX_BYTES = 4 * 1024 * 1024
MAX_KEPT = 512
_CHUNK = 4 * 1024 * 1024
_SETTLED_NS = 2_000_000_000
_SCHEMA_VERSION = 1

Told = Callable[[int, int], None]
"""Called as bytes are read, with those read and those there are."""


def no_word(done: int, whole: int) -> None:
    """Tell nobody."""


class Digests:
    """Digests of files and folders, remembered in one small file; any number of processes may use it.

    What cannot be remembered is worked out each time, without a word: it costs time alone.

    Args:
        memory: where digests are remembered; ``None`` remembers nothing.
        now_ns: nanoseconds since 1970, as file systems count them.
    """

    def __init__(self, memory: Path | None, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._memory = memory
        self._now_ns = now_ns

    @classmethod
    def of_user(cls, environment: Mapping[str, str], now_ns: Callable[[], int] = time.time_ns) -> Digests:
        """Digests remembered in this user's cache; without a home folder nothing is remembered."""
        named, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
        if Path(named).is_absolute():
            return cls(Path(named) / "agency" / FILE, now_ns)
        return cls(Path(home) / ".cache" / "agency" / FILE if Path(home).is_absolute() else None, now_ns)

    def of(self, path: Path, told: Told = no_word) -> str:
        """``sha256:…`` of a file's bytes, or of a folder's files by name (those directly in it).

        Raises:
            FileUnreadableError: it cannot be read.
            EngineError: it changed while it was read (``engine.model_changed``).
        """
        try:
            if not path.is_dir():
                return self._file(path.resolve(), told)
            files = sorted(one for one in path.resolve().iterdir() if one.is_file())
            listed = [[one.name, self._file(one, told)] for one in files]
        except OSError as error:
            message = f"The model cannot be read: {error.strerror or error}"
            raise FileUnreadableError(message, fix="Give a readable file.", path=str(path)) from error
        return digest_json({"files": listed})

    def _file(self, path: Path, told: Told) -> str:
        before = _stamp(path)
        known = self._remembered().get(str(path))
        if known is not None and known[:-1] == before:
            return known[-1]
        digest = _digest(path, told)
        if _stamp(path) != before:
            raise EngineError(
                "The model's file was written to while it was read",
                fix="Wait until it is whole, then try again.",
                path=str(path),
                code="engine.model_changed",
            )
        if self._now_ns() - max(int(before[2]), int(before[3])) > _SETTLED_NS:
            self._remember(str(path), [*before, digest])
        return digest

    def _remembered(self) -> dict[str, list[str]]:
        if self._memory is None:
            return {}
        try:
            with self._memory.open("rb") as stream:
                value = parse_json(stream.read(MAX_BYTES))
        except (OSError, ValueError):
            return {}
        if not isinstance(value, dict) or value.get("schema_version") != _SCHEMA_VERSION:
            return {}
        kept = value.get("digests")
        return {key: entry for key, entry in kept.items() if _is_entry(entry)} if isinstance(kept, dict) else {}

    def _remember(self, path: str, entry: list[str]) -> None:
        if self._memory is None:
            return
        kept = self._remembered()
        kept.pop(path, None)
        kept = dict([*kept.items(), (path, entry)][-MAX_KEPT:])
        with suppress(OSError):
            self._memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._memory, json.dumps({"schema_version": _SCHEMA_VERSION, "digests": kept}).encode())


def _stamp(path: Path) -> list[str]:
    """Size, inode and the two times of a file, as texts: JSON's numbers are too small for nanoseconds."""
    found = path.stat()
    return [str(one) for one in (found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)]


def _digest(path: Path, told: Told) -> str:
    hashed, done = hashlib.sha256(), 0
    with path.open("rb") as stream:
        whole = os.fstat(stream.fileno()).st_size
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
            done += len(chunk)
            told(done, whole)
    return f"sha256:{hashed.hexdigest()}"


def _is_entry(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 5:  # noqa: PLR2004 - a stamp and a digest
        return False
    return all(isinstance(one, str) for one in value)


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
