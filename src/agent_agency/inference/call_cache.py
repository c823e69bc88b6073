"""Replies kept by what they answer, so that a call that was made once is not paid for again.

The key covers everything that an answer depends on: messages, schema, parameters, rollout, and all that the engine
says it is, the digest of its model included. An entry carries a digest of itself; one that does not match is a miss.
A reply that cannot be kept, as on a full disk, is given all the same, and the cache notes once why it keeps nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

from agent_agency.canonical_json import canonical_json, digest_json, parse_json
from agent_agency.errors import FileUnwritableError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.cache_room import INCOMING, CacheRoom
from agent_agency.inference.keys import call_key, label_call_key
from agent_agency.inference.label_document import label_document, read_label_document
from agent_agency.inference.labels import LabelReply, label_engine
from agent_agency.inference.protocol import Piece, Reply
from agent_agency.inference.reply_document import from_document, to_document

if TYPE_CHECKING:
    from agent_agency.inference.labels import LabelRequest
    from agent_agency.inference.protocol import Cancel, Engine, Request

MAX_ENTRY_BYTES = 64 * 1024 * 1024
MAX_CACHE_BYTES = 1024 * 1024 * 1024
_SCHEMA_VERSION = 1
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


Kept = TypeVar("Kept", Reply, LabelReply)


@dataclass(frozen=True, slots=True)
class _Form(Generic[Kept]):
    """How one kind of reply stands in an entry."""

    name: str
    write: Callable[[Kept], dict[str, Any]]
    read: Callable[[Any], Kept]


_REPLY = _Form("reply", to_document, from_document)
_LABELS = _Form("labels", label_document, read_label_document)


@runtime_checkable
class ChangingEngine(Protocol):
    """An engine whose answers may be those of another one than its identity names, so that none may be kept."""

    @property
    def may_change(self) -> str:
        """Why."""
        ...


@runtime_checkable
class HandedOver(Protocol):
    """A role as an engine: whoever has it now answers."""

    def holder(self) -> Engine:
        """Who has the role now."""
        ...


class CallCache:
    """Replies on disk, one file each; any number of threads and processes may use one folder at once.

    Of two that answer one call at the same time the first keeps its reply and the second takes that over, so that
    whoever asks again sees one answer. Entries hold what models were told and answered: the folder is this user's only.

    Args:
        folder: made when the first reply is kept.
        timer: seconds that only go forward, for the time of a look-up.
        most_bytes: that the entries may take; beyond it those go that were used longest ago (see `cache_room`).
        tell: told once, in a sentence, that and why replies cannot be kept.
    """

    def __init__(
        self,
        folder: Path,
        timer: Callable[[], float] = time.perf_counter,
        *,
        most_bytes: int = MAX_CACHE_BYTES,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = folder
        self.notes: tuple[str, ...] = ()
        """What people should know of it: empty while every reply is kept."""
        self._timer = timer
        self._tell = tell
        self._room = CacheRoom(folder, most_bytes)

    def wrap(self, engine: Engine, *, enabled: bool = True) -> Engine:
        """An engine that asks this cache first; the engine itself where the cache is switched off."""
        return CachedEngine(engine, self) if enabled else engine

    def get(self, key: str) -> Reply | None:
        """The reply of a key, marked as a hit; ``None`` where none is, or what is there cannot be trusted."""
        return self._found(key, _REPLY)

    def get_labels(self, key: str) -> LabelReply | None:
        """The scored labels of a key, as `get`."""
        return self._found(key, _LABELS)

    def put(self, key: str, reply: Reply) -> Reply:
        """Keep a reply unless somebody was first; answer the one that is kept.

        Raises:
            FileUnwritableError: the folder takes none.
        """
        return self._put(key, reply, _REPLY)

    def put_labels(self, key: str, reply: LabelReply) -> LabelReply:
        """Keep scored labels, as `put`.

        Raises:
            FileUnwritableError: the folder takes none.
        """
        return self._put(key, reply, _LABELS)

    def note(self, error: FileUnwritableError) -> None:
        """Take note, once, that replies cannot be kept."""
        if not self.notes:
            self.notes = (f"{error.message} ({error.path}); answers are given all the same. {error.fix}",)
            if self._tell is not None:
                self._tell(self.notes[0])

    def _found(self, key: str, form: _Form[Kept]) -> Kept | None:
        started = self._timer()
        reply = self._read(key, form)
        if reply is None:
            return None
        self._room.used(self._place(key))
        return replace(reply, cache_hit=True, latency_s=self._timer() - started)

    def _put(self, key: str, reply: Kept, form: _Form[Kept]) -> Kept:
        target = self._place(key)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            data = _entry(key, form.name, form.write(reply))
            kept = self._keep(target, key, data, form)
        except OSError as error:
            raise FileUnwritableError(
                f"A reply could not be kept: {error.strerror or error}",
                fix="Check that the cache's folder may be written and the disk has room, or switch the cache off.",
                path=str(target.parent),
            ) from error
        self._room.added(len(data))
        return reply if kept is None else kept

    def _keep(self, target: Path, key: str, data: bytes, form: _Form[Kept]) -> Kept | None:
        """Write an entry; the reply that stands there already where somebody was first."""
        incoming = _written(target.parent, data)
        try:
            os.link(incoming, target)
        except FileExistsError:
            first = self._read(key, form)
            if first is not None:
                return first
            incoming.replace(target)  # what stood there could not be trusted
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            incoming.replace(target)  # without links the last of two at once stays, which is as whole as the first
        finally:
            incoming.unlink(missing_ok=True)
        return None

    def _read(self, key: str, form: _Form[Kept]) -> Kept | None:
        try:
            data = _read_regular(self._place(key))
            return None if data is None else form.read(_trusted(data, key, form.name))
        except (OSError, ValueError):
            return None

    def _place(self, key: str) -> Path:
        digits = key.removeprefix("sha256:")
        return self.folder / digits[:2] / digits[2:]


class CachedEngine(AroundEngine):
    """An engine behind a cache; errors are never kept, and a request that is to be fresh passes by."""

    def __init__(self, engine: Engine, cache: CallCache) -> None:
        super().__init__(engine)
        self._cache = cache

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer from the cache, or else ask and keep the reply.

        Raises:
            EngineError: as the inner engine; also where it cannot say which model it is, which is part of the key.
        """
        if request.fresh:
            return self._engine.generate(request, cancel)
        key = call_key(request, self._engine.identity)
        kept = self._cache.get(key)
        return kept if kept is not None else self._kept(key, self._engine.generate(request, cancel))

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels from the cache, or else ask and keep the scores.

        Raises:
            EngineError: as `generate`; ``engine.no_labels`` where the inner engine scores none.
        """
        scorer = label_engine(self._engine)
        if request.fresh:
            return scorer.score_labels(request, cancel)
        key = label_call_key(request, self._engine.identity)
        kept = self._cache.get_labels(key)
        if kept is not None:
            return kept
        reply = scorer.score_labels(request, cancel)
        try:
            return self._cache.put_labels(key, reply)
        except FileUnwritableError as error:
            self._cache.note(error)
            return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; a hit is one piece.

        Raises:
            EngineError: as `generate`.
        """
        if request.fresh:
            yield from self._engine.stream(request, cancel)
            return
        key = call_key(request, self._engine.identity)
        kept = self._cache.get(key)
        if kept is not None:
            yield Piece(kept.text, kept)
            return
        for piece in self._engine.stream(request, cancel):
            if piece.reply is not None:
                self._kept(key, piece.reply)
            yield piece

    def _kept(self, key: str, reply: Reply) -> Reply:
        try:
            return self._cache.put(key, reply)
        except FileUnwritableError as error:
            self._cache.note(error)
            return reply


def _entry(key: str, name: str, document: dict[str, Any]) -> bytes:
    body = {"schema_version": _SCHEMA_VERSION, "key": key, name: document}
    return canonical_json({**body, "digest": digest_json(body)})


def _trusted(data: bytes, key: str, name: str) -> Any:
    """The document of an entry that is whole and in its right place.

    Raises:
        ValueError: it is not.
    """
    value: Any = parse_json(data)
    if not isinstance(value, dict) or value.pop("digest", None) != digest_json(value):
        raise ValueError("the entry is not whole")
    if value.get("key") != key or value.get("schema_version") != _SCHEMA_VERSION:
        raise ValueError("the entry is of another call")
    return value.get(name)


def _read_regular(path: Path) -> bytes | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_ENTRY_BYTES:
            return None
        return stream.read(MAX_ENTRY_BYTES)


def _written(folder: Path, data: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=INCOMING)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)
