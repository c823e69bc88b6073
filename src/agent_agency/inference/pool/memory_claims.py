"""What the processes of one user hold of this machine's memory for models, so that together they keep to the budget.

Each process has a file in one folder, which it keeps locked as long as it lives and in which it writes what it holds
and what it waits for. A lock ends with its process, however that ends, so nothing is counted for a killed one. Who
wants more adds all files up under one more lock, the gate, and writes its own before it lets go of the gate: two
processes never both take the same room. Nobody waits for a lock: a held gate means to look again later.

Locks: flock(2). They are of this machine alone, which is why the folder is named for it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_FOLDER = "model-memory"
_GATE = "gate"
_PREFIX = "claim-"
_TRIES = 20
_NUMBER = 20
_LENGTH = 3 * (_NUMBER + 1)


@dataclass(frozen=True, slots=True)
class Others:
    """What the user's other processes say, in bytes.

    Args:
        held: by their models, those among them that are being loaded.
        wanted: by models of theirs for which there is no room.
        processes: the numbers of those that hold any, in order.
    """

    held: int = 0
    wanted: int = 0
    processes: tuple[int, ...] = ()


class Claims(Protocol):
    """One process's part of the memory that all share; the pool's lock is held by whoever uses it."""

    def others(self) -> Others:
        """What the other processes hold and want now."""
        ...

    def take(self, held: int, budget: int) -> bool:
        """Hold so much from now on, where that is within the budget beside what the others hold.

        Args:
            held: bytes that this process would hold altogether.
            budget: bytes for all processes.
        """
        ...

    def tell(self, held: int, wanted: int) -> None:
        """Say what this process holds, and what it wants besides; never more held than was taken or has grown."""
        ...

    def close(self) -> None:
        """Hold nothing any more."""
        ...


class NoClaims:
    """Where there is no folder to share: this process counts alone."""

    def others(self) -> Others:
        """Nobody is known."""
        return Others()

    def take(self, held: int, budget: int) -> bool:
        """Whether it fits at all."""
        return held <= budget

    def tell(self, held: int, wanted: int) -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Nothing was held."""


class MemoryClaims:
    """Claims in a folder. Where it cannot be written to, this process counts alone: a full disk stops no model.

    Args:
        folder: the same for all processes; made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own: tuple[int, Path] | None = None
        self._told = (0, 0)
        self._closed = False

    def others(self) -> Others:
        """What the other processes hold and want now; files of processes that are gone count for nothing."""
        own = None if self._own is None else self._own[1]
        living = [_read(path) for path in self._files() if path != own and _is_held(path)]
        return Others(
            sum(held for _, held, _ in living),
            sum(wanted for _, _, wanted in living),
            tuple(sorted({process for process, held, _ in living if held})),
        )

    def take(self, held: int, budget: int) -> bool:
        """See `Claims.take`; false also where another process is about to take, so ask again."""
        if self._closed:
            return False
        try:
            with self._gate() as open_to_us:
                fits = open_to_us and held + self.others().held <= budget
                if fits:
                    self._remove_left()
                    self._write(held, 0)
                return fits
        except OSError:
            return held <= budget

    def tell(self, held: int, wanted: int) -> None:
        """See `Claims.tell`."""
        if (held, wanted) == self._told or self._closed:
            return
        with suppress(OSError):
            if self._own is not None:
                self._write(held, wanted)
                return
            with self._gate() as open_to_us:
                if open_to_us:
                    self._write(held, wanted)

    def close(self) -> None:
        """Hold nothing any more, for good."""
        self._closed = True
        if self._own is not None:
            descriptor, path = self._own
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(descriptor)
            self._own = None

    def _write(self, held: int, wanted: int) -> None:
        """Write the own file, and make it where there is none, for which the gate must be held."""
        if self._own is None:
            self._own = self._made()
        numbers = (os.getpid(), held, wanted)
        os.pwrite(self._own[0], b"".join(b"%0*d\n" % (_NUMBER, one) for one in numbers), 0)
        self._told = (held, wanted)

    def _made(self) -> tuple[int, Path]:
        """A new file, locked. Who looks whether it is locked holds it for a moment; then the next one is tried."""
        for _ in range(_TRIES):
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=_PREFIX)
            if _lock(descriptor):
                return descriptor, Path(name)
            os.close(descriptor)
        raise BlockingIOError

    @contextmanager
    def _gate(self) -> Iterator[bool]:
        """Whether nobody else is between adding up and writing; nobody is while this lasts."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / _GATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield _lock(descriptor)
        finally:
            os.close(descriptor)

    def _files(self) -> list[Path]:
        try:
            return sorted(self._folder.glob(f"{_PREFIX}*"))
        except OSError:
            return []

    def _remove_left(self) -> None:
        """Take away what killed processes left; under the gate nobody makes a file that is not locked yet."""
        for path in self._files():
            if (self._own is None or path != self._own[1]) and not _is_held(path):
                path.unlink(missing_ok=True)


def claims_of_user(environment: Mapping[str, str]) -> Claims:
    """The claims of this user on this machine, in the user's cache; without a home folder there are none.

    Args:
        environment: the process's variables.
    """
    named, home = Path(environment.get("XDG_CACHE_HOME", "")), Path(environment.get("HOME", ""))
    if not (named.is_absolute() or home.is_absolute()):
        return NoClaims()
    cache = named if named.is_absolute() else home / ".cache"
    return MemoryClaims(cache / "agency" / _FOLDER / socket.gethostname().replace("/", "-"))


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(path: Path) -> bool:
    """Whether somebody has it locked, and so lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> tuple[int, int, int]:
    """Process, bytes held, bytes wanted; zeros for what is no claim, or gone by now."""
    try:
        with path.open("rb") as stream:
            fields = stream.read(_LENGTH).split()
    except OSError:
        return 0, 0, 0
    if len(fields) != len(("process", "held", "wanted")) or not all(one.isdigit() for one in fields):
        return 0, 0, 0
    process, held, wanted = map(int, fields)
    return process, held, wanted
