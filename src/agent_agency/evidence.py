"""Content-addressed evidence: what a ruling rests on, stored under its own digest.

Files lie at ``<folder>/<first two hex digits>/<remaining digits>``; a file's name is the SHA-256 of its bytes, so a
changed file is recognised whenever it is read. Who stores evidence that a ledger entry is to name holds the store in
use until that entry is written; who removes evidence holds it alone, so that nothing is taken from a running review.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import EvidenceError

WAIT_S = 30.0

_DIGEST = re.compile(r"sha256:([0-9a-f]{2})([0-9a-f]{62})")
_INCOMING = ".incoming-"
_RETRY_S = 0.05
_CHUNK = 1 << 20


class EvidenceState(StrEnum):
    """What has become of a stored file: whole, no longer what its digest says, or gone."""

    OK = "ok"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the store: its digest, its size in bytes, when it was written in seconds since 1970."""

    digest: str
    size: int
    written: float


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """A folder of evidence files, for its owner alone; its grandparent must exist."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Store the bytes durably and return their digest; storing the same bytes twice is one file.

        Raises:
            EvidenceError: when the folder cannot be written; nothing half-written stays behind.
        """
        digest = digest_bytes(data)
        target = self.place(digest)
        try:
            if self.state(digest) is EvidenceState.OK:
                return digest
            for folder in (self.folder.parent, self.folder, target.parent):
                _make_folder(folder)
            _write_durably(target, data)
        except OSError as error:
            raise EvidenceError(
                f"The evidence could not be stored: {error.strerror or error}",
                fix="Make the folder writable and check that the disk has room; then review again.",
                path=str(self.folder),
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """Read the bytes behind a digest.

        Raises:
            EvidenceError: when they are missing, or no longer what the digest says.
        """
        target = self.place(digest)
        try:
            with _opened(target) as stream:
                data = stream.read()
        except OSError as error:
            raise EvidenceError(
                f"No evidence with digest {digest} can be read",
                fix="Restore the evidence folder from a backup, or review again.",
                path=str(target),
            ) from error
        if digest_bytes(data) != digest:
            raise EvidenceError(
                f"The evidence file no longer matches its digest {digest}",
                fix="Restore the file from a backup; what it holds now proves nothing.",
                path=str(target),
            )
        return data

    @staticmethod
    def is_digest(text: str) -> bool:
        """Whether a file can be stored under this name."""
        return _DIGEST.fullmatch(text) is not None

    def state(self, digest: str) -> EvidenceState:
        """Hash a file again, a piece at a time; one that is no regular file or may not be read counts as changed.

        Raises:
            EvidenceError: when the text is no digest.
        """
        found = hashlib.sha256()
        try:
            with _opened(self.place(digest)) as stream:
                while piece := stream.read(_CHUNK):
                    found.update(piece)
        except (FileNotFoundError, NotADirectoryError):
            return EvidenceState.MISSING
        except OSError:
            return EvidenceState.CHANGED
        return EvidenceState.OK if f"sha256:{found.hexdigest()}" == digest else EvidenceState.CHANGED

    def files(self) -> Iterator[StoredFile]:
        """Every file that is named by a digest, by digest; nothing where no folder is. None is read."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            digest = f"sha256:{path.parent.name}{path.name}"
            with contextlib.suppress(FileNotFoundError):
                if _DIGEST.fullmatch(digest):
                    status = path.lstat()
                    yield StoredFile(digest, status.st_size, status.st_mtime)

    def remove(self, digest: str) -> int:
        """Remove a file and answer how many bytes that freed: 0 where there was none. Hold the store alone meanwhile.

        Raises:
            EvidenceError: when it cannot be removed.
        """
        target = self.place(digest)
        with _told(target, "removed"):
            try:
                size = target.lstat().st_size
                target.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return 0
        return size

    def sweep(self, before: float) -> int:
        """Remove what killed writers left half-written before that moment (seconds since 1970); answer the bytes."""
        freed = 0
        for path in sorted(self.folder.glob(f"[0-9a-f][0-9a-f]/{_INCOMING}*")):
            with _told(path, "removed"), contextlib.suppress(FileNotFoundError):
                status = path.lstat()
                if status.st_mtime < before:
                    path.unlink()
                    freed += status.st_size
        return freed

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep evidence from being removed meanwhile, beside others who do; it waits while somebody removes some.

        Where there is no folder to hold the lock nothing can be removed either, and none is made.

        Raises:
            EvidenceError: when whoever removes some is not done within ``WAIT_S`` seconds.
        """
        with self._held(fcntl.LOCK_SH, WAIT_S, "Somebody is pruning the evidence"):
            yield

    @contextlib.contextmanager
    def alone(self, wait_s: float = WAIT_S) -> Iterator[None]:
        """Hold the store alone, to remove evidence.

        Raises:
            EvidenceError: when it is still in use after ``wait_s`` seconds.
        """
        with self._held(fcntl.LOCK_EX, wait_s, "A review is running, and its evidence is not named yet"):
            yield

    @contextlib.contextmanager
    def _held(self, kind: int, wait_s: float, why: str) -> Iterator[None]:
        handle = self._open_lock()
        if handle is None:
            yield
            return
        try:
            _lock(handle, kind, wait_s, why, self.folder)
            yield
        finally:
            os.close(handle)

    def _open_lock(self) -> int | None:
        """The lock file beside the folder; it is never removed. For who may not write, an existing one will do."""
        path = self.folder.with_name(self.folder.name + ".lock")
        flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            return os.open(path, flags | os.O_RDWR | os.O_CREAT, 0o600)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EROFS, errno.EPERM}:
                raise _refusal(path, "locked", error) from error
        try:
            return os.open(path, flags | os.O_RDONLY)
        except OSError:
            return None

    def place(self, digest: str) -> Path:
        """Where the file of a digest lies, whether or not it is there.

        Raises:
            EvidenceError: when the text is no digest.
        """
        match = _DIGEST.fullmatch(digest)
        if not match:
            raise EvidenceError(f"{digest!r} is no evidence digest", fix="Give a digest like sha256:<64 hex digits>.")
        return self.folder / match[1] / match[2]


def _lock(handle: int, kind: int, wait_s: float, why: str, folder: Path) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise EvidenceError(
                    why,
                    fix="Wait until that has ended and try again; a killed process gives the lock back.",
                    path=str(folder),
                    code="evidence.in_use",
                ) from None
            time.sleep(_RETRY_S)
        else:
            return


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        yield stream


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refusal(path, what, error) from error


def _refusal(path: Path, what: str, error: OSError) -> EvidenceError:
    return EvidenceError(
        f"The evidence could not be {what}: {error.strerror or error}",
        fix="Check that the folder may be read and written.",
        path=str(path),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        _sync_folder(folder.parent)


def _write_durably(target: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=_INCOMING)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk: a file whose name is lost in a power cut is lost."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
