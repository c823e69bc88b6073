"""``replay``: answers that were recorded before, and the wrapper that records them.

A recording is JSON lines, each ``{"schema_version", "key", "reply"}``; the key covers messages, schema, parameters and
rollout, not the engine, so that what one engine answered can stand in for it where it is not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from agent_agency.canonical_json import canonical_json, digest_bytes, parse_json
from agent_agency.errors import EngineError, FileUnreadableError, FileUnwritableError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.keys import request_key
from agent_agency.inference.protocol import Capabilities, Health, Piece, Reply
from agent_agency.inference.reply_document import from_document, to_document

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Cancel, Engine, Message, Request

MAX_RECORDING_BYTES = 1024 * 1024 * 1024
_SCHEMA_VERSION = 1


class ReplayEngine:
    """Answers from a recording and from nothing else.

    Raises:
        FileUnreadableError: there is no such file.
        EngineError: a line of it is no recorded answer, or two answers differ for one question.
    """

    def __init__(self, path: Path, timer: Callable[[], float] = time.perf_counter) -> None:
        self._path = path
        self._timer = timer
        data = _read(path)
        self._replies = _replies(data, path)
        self._identity = MappingProxyType({"backend": "replay", "recording": digest_bytes(data)})

    @property
    def name(self) -> str:
        """``replay:`` and the file."""
        return f"replay:{self._path}"

    @property
    def identity(self) -> Mapping[str, str]:
        """The recording's digest; which model answered stands in each reply."""
        return self._identity

    def capabilities(self) -> Capabilities:
        """It answers what is recorded, under whatever schema that was asked."""
        return Capabilities(
            schema=True,
            stream=True,
            logprobs=any(reply.logprobs for reply in self._replies.values()),
            token_counts=all(reply.usage.prompt is not None for reply in self._replies.values()),
            seed=True,
            context_tokens=None,
            language_model=False,
        )

    def health(self) -> Health:
        """Always ready: the file was read."""
        return Health(ready=True, detail=f"{len(self._replies):,} recorded answers")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:  # noqa: ARG002 - the protocol's signature
        """Unknown: a recording has no tokenizer."""
        return None

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer as recorded.

        Raises:
            EngineError: no such answer is recorded (``engine.not_recorded``), or cancelled.
        """
        started = self._timer()
        if cancel is not None and cancel.cancelled:
            raise EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")
        reply = self._replies.get(request_key(request))
        if reply is None:
            raise EngineError(
                "The recording holds no answer to this prompt with these parameters",
                fix="Record it with the engine that is to answer; another prompt, schema or seed is another question.",
                path=str(self._path),
                code="engine.not_recorded",
            )
        return replace(reply, latency_s=self._timer() - started)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer as recorded, in one piece.

        Raises:
            EngineError: as `generate`.
        """
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)


class Recorder(AroundEngine):
    """An engine whose replies are also written down, for `ReplayEngine`.

    A question that is recorded already is asked all the same, and its first answer stays. The file is held for as long
    as the recorder is open; a line that a killed recorder left half-written is taken away.

    Raises:
        FileUnwritableError: the file cannot be written, or another recorder holds it.
        EngineError: the file is there and is no recording.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        super().__init__(engine)
        self._path = path
        self._lock = threading.Lock()
        self._file = _opened(path)
        try:
            self._keys = set(_replies(_without_torn_line(self._file), path))
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Force what was recorded to the disk and let go of the file."""
        os.fsync(self._file)
        os.close(self._file)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer and write it down.

        Raises:
            EngineError: as the inner engine; nothing is written then.
            FileUnwritableError: the answer could not be written down.
        """
        reply = self._engine.generate(request, cancel)
        self._write(request, reply)
        return reply

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece and write the whole reply down.

        Raises:
            EngineError: as the inner engine.
            FileUnwritableError: the answer could not be written down.
        """
        for piece in self._engine.stream(request, cancel):
            if piece.reply is not None:
                self._write(request, piece.reply)
            yield piece

    def _write(self, request: Request, reply: Reply) -> None:
        key = request_key(request)
        line = canonical_json({"schema_version": _SCHEMA_VERSION, "key": key, "reply": to_document(reply)}) + b"\n"
        with self._lock:
            if key in self._keys:
                return
            with _told(self._path):
                _write_all(self._file, line)
            self._keys.add(key)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_RECORDING_BYTES + 1)
    except OSError as error:
        raise FileUnreadableError(
            f"The recording cannot be read: {error.strerror or error}",
            fix="Give the path of a file that was recorded.",
            path=str(path),
        ) from error
    if len(data) > MAX_RECORDING_BYTES:
        raise FileUnreadableError(
            f"The recording is larger than {MAX_RECORDING_BYTES:,} bytes",
            fix="Record into several files.",
            path=str(path),
        )
    return data


def _replies(data: bytes, path: Path) -> dict[str, Reply]:
    replies: dict[str, Reply] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            key, reply = _recorded(parse_json(line))
        except ValueError as error:
            raise _no_recording(f"The line is no recorded answer: {error}", path, number) from error
        if replies.setdefault(key, reply) != reply:
            raise _no_recording("The line answers a question anew that was answered before", path, number)
    return replies


def _recorded(value: Any) -> tuple[str, Reply]:
    if not isinstance(value, dict) or value.get("schema_version") != _SCHEMA_VERSION:
        raise ValueError(f"'schema_version' is not {_SCHEMA_VERSION}")
    key = value.get("key")
    if not isinstance(key, str) or not key.startswith("sha256:"):
        raise ValueError("'key' is no digest")
    return key, from_document(value.get("reply"))


def _no_recording(message: str, path: Path, line: int) -> EngineError:
    fix = "Remove the line, or record anew."
    return EngineError(message, fix=fix, path=str(path), line=line, code="engine.bad_recording")


def _opened(path: Path) -> int:
    with _told(path):
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        fix = "Wait until that has ended, or record into another file."
        raise FileUnwritableError("Somebody else records into this file", fix=fix, path=str(path)) from error
    return descriptor


def _without_torn_line(descriptor: int) -> bytes:
    """What is recorded, after a last line without an end was taken away."""
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(0)
        data = stream.read()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        os.ftruncate(descriptor, len(whole))
    return whole


def _write_all(descriptor: int, data: bytes) -> None:
    """Append a whole line or nothing: a line that found no room is taken back."""
    size = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileUnwritableError(
            f"The recording cannot be written: {error.strerror or error}",
            fix="Check that the folder exists and may be written, and that the disk has room.",
            path=str(path),
        ) from error
