"""Replies kept by what they answer, so that a call that was made once is not paid for again.

The key covers everything that an answer depends on: messages, schema, parameters, rollout, and all that the engine
says it is, the digest of its model included. An entry carries a digest of itself; one that does not match is a miss.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import canonical_json, digest_json, parse_json
from agent_agency.errors import FileUnwritableError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.keys import call_key
from agent_agency.inference.protocol import Piece, Reply
from agent_agency.inference.reply_document import from_document, to_document

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Cancel, Engine, Request

MAX_ENTRY_BYTES = 64 * 1024 * 1024
_SCHEMA_VERSION = 1
_INCOMING = ".incoming-"
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class CallCache:
    """Replies on disk, one file each; any number of threads and processes may use one folder at once.

    Of two that answer one call at the same time the first keeps its reply and the second takes that over, so that
    whoever asks again sees one answer. Entries hold what models were told and answered: the folder is this user's only.

    Args:
        folder: made when the first reply is kept.
        timer: seconds that only go forward, for the time of a look-up.
    """

    def __init__(self, folder: Path, timer: Callable[[], float] = time.perf_counter) -> None:
        self.folder = folder
        self._timer = timer

    def wrap(self, engine: Engine, *, enabled: bool = True) -> Engine:
        """An engine that asks this cache first; the engine itself where the cache is switched off."""
        return CachedEngine(engine, self) if enabled else engine

    def get(self, key: str) -> Reply | None:
        """The reply of a key, marked as a hit; ``None`` where none is, or what is there cannot be trusted."""
        started = self._timer()
        reply = self._read(key)
        return replace(reply, cache_hit=True, latency_s=self._timer() - started) if reply else None

    def put(self, key: str, reply: Reply) -> Reply:
        """Keep a reply unless somebody was first; answer the one that is kept.

        Raises:
            FileUnwritableError: the folder takes none.
        """
        target = self._place(key)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._keep(target, key, reply)
        except OSError as error:
            raise FileUnwritableError(
                f"A reply could not be kept: {error.strerror or error}",
                fix="Check that the cache's folder may be written and the disk has room, or switch the cache off.",
                path=str(target.parent),
            ) from error

    def _keep(self, target: Path, key: str, reply: Reply) -> Reply:
        incoming = _written(target.parent, _entry(key, reply))
        try:
            os.link(incoming, target)
        except FileExistsError:
            first = self._read(key)
            if first is not None:
                return first
            incoming.replace(target)  # what stood there could not be trusted
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            incoming.replace(target)  # without links the last of two at once stays, which is as whole as the first
        finally:
            incoming.unlink(missing_ok=True)
        return reply

    def _read(self, key: str) -> Reply | None:
        try:
            data = _read_regular(self._place(key))
            return None if data is None else _trusted(data, key)
        except (OSError, ValueError):
            return None

    def _place(self, key: str) -> Path:
        digits = key.removeprefix("sha256:")
        return self.folder / digits[:2] / digits[2:]


class CachedEngine(AroundEngine):
    """An engine behind a cache; errors are never kept."""

    def __init__(self, engine: Engine, cache: CallCache) -> None:
        super().__init__(engine)
        self._cache = cache

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer from the cache, or else ask and keep the reply.

        Raises:
            EngineError: as the inner engine; also where it cannot say which model it is, which is part of the key.
            FileUnwritableError: the reply could not be kept.
        """
        key = call_key(request, self._engine.identity)
        kept = self._cache.get(key)
        return kept if kept is not None else self._cache.put(key, self._engine.generate(request, cancel))

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; a hit is one piece.

        Raises:
            EngineError: as `generate`.
            FileUnwritableError: as `generate`.
        """
        key = call_key(request, self._engine.identity)
        kept = self._cache.get(key)
        if kept is not None:
            yield Piece(kept.text, kept)
            return
        for piece in self._engine.stream(request, cancel):
            if piece.reply is not None:
                self._cache.put(key, piece.reply)
            yield piece


def _entry(key: str, reply: Reply) -> bytes:
    body = {"schema_version": _SCHEMA_VERSION, "key": key, "reply": to_document(reply)}
    return canonical_json({**body, "digest": digest_json(body)})


def _trusted(data: bytes, key: str) -> Reply | None:
    """The reply of an entry that is whole and in its right place."""
    value: Any = parse_json(data)
    if not isinstance(value, dict) or value.pop("digest", None) != digest_json(value):
        return None
    if value.get("key") != key or value.get("schema_version") != _SCHEMA_VERSION:
        return None
    return from_document(value.get("reply"))


def _read_regular(path: Path) -> bytes | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_ENTRY_BYTES:
            return None
        return stream.read(MAX_ENTRY_BYTES)


def _written(folder: Path, data: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=_INCOMING)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)
