"""Read objects by id or by path through long-lived ``git cat-file`` processes."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import IO

from agent_agency.errors import GitError
from agent_agency.git.batches import batches
from agent_agency.git.process import TIME_LIMIT, kill_group, start
from agent_agency.git.view import ObjectView

_CHUNK = 1 << 16
_BATCH_BYTES = 16 << 20
_BATCH_OBJECTS = 5000


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What git knows of an object without opening it: ``kind`` is ``blob``, ``tree``, ``commit`` or ``tag``."""

    id: str
    kind: str
    size: int


class ObjectReader:
    """One ``git cat-file --batch`` process, asked one question at a time; safe to share between threads."""

    def __init__(self, view: ObjectView) -> None:
        self._pipe = _BatchPipe(view)
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, self._pipe.stop)

    def read(self, name: str | bytes) -> tuple[ObjectInfo, bytes] | None:
        """The object called ``name``: an id, or ``TREEISH:PATH`` without a line break; ``None`` when git says missing.

        Raises:
            GitError: when git fails, dies or stays silent too long.
        """
        with self._lock:
            try:
                return self._pipe.ask(os.fsencode(name))
            except BaseException:
                self._pipe.stop()
                raise

    def close(self) -> None:
        """End the process; a later ``read`` starts another."""
        with self._lock:
            self._pipe.stop()


class _BatchPipe:
    """The process behind an ``ObjectReader``, apart from it so that it can be ended when the reader is collected."""

    def __init__(self, view: ObjectView) -> None:
        self._view = view
        self._process: Popen[bytes] | None = None
        self._buffer = bytearray()

    def ask(self, name: bytes) -> tuple[ObjectInfo, bytes] | None:
        process = self._started()
        deadline = time.monotonic() + TIME_LIMIT
        try:
            _stream(process.stdin).write(name + b"\n")
            _stream(process.stdin).flush()
        except BrokenPipeError as error:
            raise _broken() from error
        info = parse_info(self._line(process, deadline))
        if info is None:
            return None
        return info, self._exactly(process, info.size + 1, deadline)[:-1]

    def stop(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        kill_group(process)
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                _stream(stream).close()

    def _started(self) -> Popen[bytes]:
        if self._process is None:
            self._process = start(
                self._view.program.path,
                ["cat-file", "--batch"],
                environment=self._view.environment,
                folder=self._view.folder,
                stderr=DEVNULL,
            )
        return self._process

    def _line(self, process: Popen[bytes], deadline: float) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            self._fill(process, deadline)
        return self._exactly(process, end + 1, deadline)[:-1]

    def _exactly(self, process: Popen[bytes], count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._fill(process, deadline)
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self, process: Popen[bytes], deadline: float) -> None:
        stdout = _stream(process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise GitError("git cat-file stayed silent too long", fix="Try again on a machine with less load.")
        data = os.read(stdout.fileno(), _CHUNK)
        if not data:
            raise _broken()
        self._buffer += data


def infos(view: ObjectView, ids: Iterable[str]) -> dict[str, ObjectInfo]:
    """Kind and size of each object.

    Raises:
        GitError: when one is missing.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    told = view.git(["cat-file", "--batch-check", "--buffer"], stdin="".join(f"{oid}\n" for oid in wanted).encode())
    found: dict[str, ObjectInfo] = {}
    for oid, line in zip(wanted, told.splitlines(), strict=True):
        info = parse_info(line)
        if info is None:
            raise missing(oid)
        found[oid] = info
    return found


def contents(view: ObjectView, wanted: Sequence[ObjectInfo]) -> Iterator[tuple[str, bytes]]:
    """The content of each object, in order, holding at most one batch (16 MiB, or one larger object) at a time.

    Raises:
        GitError: when one is missing.
    """
    for batch in batches(wanted, lambda info: info.size, most_size=_BATCH_BYTES, most_items=_BATCH_OBJECTS):
        ids = "".join(f"{info.id}\n" for info in batch).encode()
        told = view.git(["cat-file", "--batch", "--buffer"], stdin=ids)
        at = 0
        for info in batch:
            end = told.index(b"\n", at)
            answered = parse_info(told[at:end])
            if answered is None:
                raise missing(info.id)
            yield info.id, told[end + 1 : end + 1 + answered.size]
            at = end + 1 + answered.size + 1


def parse_info(line: bytes) -> ObjectInfo | None:
    """Read ``ID KIND SIZE``; ``None`` for ``NAME missing``.

    Raises:
        GitError: for any other answer, such as an ambiguous name.
    """
    if line.endswith(b" missing"):
        return None
    fields = line.split(b" ")
    if len(fields) != 3 or not fields[2].isdigit():  # noqa: PLR2004 - the three fields of the batch format
        raise GitError("git cat-file gave an answer that cannot be read", fix="Run git fsck in this repository.")
    return ObjectInfo(fields[0].decode("ascii"), fields[1].decode("ascii"), int(fields[2]))


def missing(oid: str) -> GitError:
    """The error for an object that the repository names but does not hold."""
    return GitError(
        f"object {oid} is missing from the repository",
        fix="Fetch it (a partial clone leaves objects out: git fetch --refetch), or restore the repository.",
        code="git.missing_object",
    )


def _broken() -> GitError:
    return GitError(
        "git cat-file ended in the middle of an answer",
        fix="Run git fsck to find what is damaged in this repository.",
    )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise GitError("git was started without pipes", fix="Report this as a fault of Agent Agency.")
    return stream
