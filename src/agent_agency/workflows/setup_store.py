"""Where the results of set-up steps lie: complete or absent, one builder at a time, and never believed once edited.

Below the store's folder an entry named ``HEX`` has a folder ``HEX`` that the step fills, a note ``HEX.json`` that is
written last and makes it complete, and a lock ``HEX.lock``. A folder without a note was left by a run that was ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import canonical_json, parse_canonical
from agent_agency.gates.removal import remove_tree

MOST_ENTRIES = 8
MOST_FILES = 1_000_000
UNTOUCHED_S = 24 * 3600.0
"""An entry that was used more recently is never taken away: a review may still be using it."""
_WAIT_S = 0.05
_CHUNK = 1024 * 1024
_LONGEST_NOTE = 1024 * 1024


class TooManyFilesError(OSError):
    """A set-up step left more files than can be looked after."""


class CancelledError(Exception):
    """Told to stop while another process had the entry."""


@dataclass(frozen=True, slots=True)
class SetupEntry:
    """One result; its methods are for whoever holds its lock."""

    folder: Path
    note: Path

    def read(self) -> Mapping[str, Any] | None:
        """What is noted of a complete entry that holds what it held when it was made; else ``None``.

        At first sizes, times and numbers of the files are compared. Where these differ, as after a copy from elsewhere,
        the bytes of all files decide.
        """
        try:
            if self.note.is_symlink() or self.note.stat().st_size > _LONGEST_NOTE:
                return None
            noted = parse_canonical(self.note.read_bytes())
            if not isinstance(noted, dict) or not self.folder.is_dir() or self.folder.is_symlink():
                return None
            if noted.get("listing") != _listing_digest(self.folder):
                if noted.get("content") != _content_digest(self.folder):
                    return None
                noted["listing"] = _listing_digest(self.folder)
                _write(self.note, canonical_json(noted))
            os.utime(self.note)
        except (OSError, ValueError):
            return None
        told = noted.get("told")
        return told if isinstance(told, dict) else None

    def begin(self) -> None:
        """Take away what there is and make the empty folder.

        Raises:
            OSError: when it cannot be made.
        """
        self.clear()
        self.folder.mkdir(mode=0o700)

    def seal(self, told: Mapping[str, Any]) -> None:
        """Make the folder read-only and the entry complete.

        Raises:
            OSError: when that is not possible; the entry stays incomplete.
        """
        for path, info in _below(self.folder):
            if stat.S_ISDIR(info.st_mode):
                path.chmod(0o555)
            elif stat.S_ISREG(info.st_mode):
                path.chmod(0o555 if info.st_mode & stat.S_IXUSR else 0o444)
        self.folder.chmod(0o555)
        content, listing = _content_digest(self.folder), _listing_digest(self.folder)
        _write(self.note, canonical_json({"content": content, "listing": listing, "told": dict(told)}))

    def clear(self) -> None:
        """Take the entry away; its note first, so that it is never complete in part."""
        self.note.unlink(missing_ok=True)
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            aside = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=f"{self.folder.name}.gone-"))
            self.folder.chmod(0o700)
            self.folder.rename(aside / "folder")
            remove_tree(aside)


@dataclass(frozen=True, slots=True)
class SetupStore:
    """All results of set-up steps of one repository; the grandparent of ``folder`` must exist."""

    folder: Path
    most_entries: int = MOST_ENTRIES

    @contextmanager
    def entry(self, digest: str, cancel: threading.Event) -> Iterator[SetupEntry]:
        """Hold the entry for a digest; another process or thread that wants it waits.

        Raises:
            CancelledError: when ``cancel`` was set while waiting.
            OSError: when the store cannot be written.
        """
        for made in (self.folder.parent, self.folder):
            made.mkdir(exist_ok=True, mode=0o700)
        real = Path(os.path.realpath(self.folder))
        name = digest.removeprefix("sha256:")[:32]
        with _locked(real / f"{name}.lock", cancel):
            yield SetupEntry(real / name, real / f"{name}.json")

    def trim(self) -> None:
        """Take away what was left by ended runs, and the longest unused entries where there are too many."""
        now, kept = time.time(), []
        with contextlib.suppress(OSError):
            for lock in sorted(self.folder.glob("*.lock")):
                note = lock.with_suffix(".json")
                with contextlib.suppress(OSError):
                    used = (note if note.exists() else lock).stat().st_mtime
                    kept.append((used, note.exists(), lock))
        kept.sort(reverse=True)
        complete = [lock for _, whole, lock in kept if whole][: self.most_entries]
        for used, _, lock in kept:
            if lock not in complete and now - used > UNTOUCHED_S:
                self._remove(lock)

    def _remove(self, lock: Path) -> None:
        descriptor = _try_lock(lock)
        if descriptor is None:
            return
        try:
            with contextlib.suppress(OSError):
                SetupEntry(lock.with_suffix(""), lock.with_suffix(".json")).clear()
                lock.unlink()
        finally:
            os.close(descriptor)


@contextmanager
def _locked(lock: Path, cancel: threading.Event) -> Iterator[None]:
    while (descriptor := _try_lock(lock)) is None:
        if cancel.wait(_WAIT_S):
            raise CancelledError
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(lock: Path) -> int | None:
    """Lock a file that still stands at its name; ``None`` when another holds it, or has just taken it away."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock.stat().st_ino == os.fstat(descriptor).st_ino:
            os.utime(descriptor)
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _below(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """Every path below a folder, folders before what they hold, in an order that is always the same."""
    found: list[tuple[Path, os.stat_result]] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                info = entry.stat(follow_symlinks=False)
                found.append((Path(entry.path), info))
                if stat.S_ISDIR(info.st_mode):
                    pending.append(Path(entry.path))
        if len(found) > MOST_FILES:
            raise TooManyFilesError(f"there are more than {MOST_FILES:,} files")
    return found


def _listing_digest(folder: Path) -> str:
    """Sizes, times and numbers; the time of a file's last change of any kind cannot be set back."""
    digest = hashlib.sha256()
    for path, info in _below(folder):
        numbers = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
        size = 0 if stat.S_ISDIR(info.st_mode) else 1
        digest.update(json.dumps([os.fsencode(path).hex(), *numbers[:1], *(numbers[1:] if size else ())]).encode())
    return f"sha256:{digest.hexdigest()}"


def _content_digest(folder: Path) -> str:
    """Names, kinds and bytes of all files."""
    digest = hashlib.sha256()
    for path, info in _below(folder):
        content = ""
        if stat.S_ISLNK(info.st_mode):
            content = os.fsencode(path.readlink()).hex()
        elif stat.S_ISREG(info.st_mode):
            content = _file_digest(path)
        name = os.fsencode(path.relative_to(folder)).hex()
        digest.update(json.dumps([name, stat.S_IFMT(info.st_mode), info.st_mode & stat.S_IXUSR, content]).encode())
    return f"sha256:{digest.hexdigest()}"


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
