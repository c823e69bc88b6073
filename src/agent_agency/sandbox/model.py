"""What is asked of a sandboxed run, and what is known when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

MEBIBYTE = 1024 * 1024


class Isolation(StrEnum):
    """How well a command is kept apart, best first; ``none`` is never called a sandbox."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    NONE = "none"


class Ended(StrEnum):
    """Why a command is no longer running."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    IDLE = "idle"
    OUTPUT_LIMIT = "output_limit"
    MEMORY_LIMIT = "memory_limit"
    WRITE_LIMIT = "write_limit"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a command may use; ``None`` means no limit of that kind.

    Attributes:
        wall_s: seconds from start to end.
        idle_s: seconds without a byte of output.
        memory_bytes: address space of each process (``RLIMIT_AS``); where a control group can be made, memory of all of
            them and of the private memory file systems together too.
        processes: processes and threads of the command at one time.
        file_bytes: size of any one file that is written (``RLIMIT_FSIZE``).
        written_bytes: growth of the writable folders on disk, measured a few times a second; the size of each private
            memory file system (temporary files, home, shared memory) too.
        output_bytes: standard output and standard error together; the command is ended when it is passed.
    """

    wall_s: float = 600.0
    idle_s: float | None = None
    memory_bytes: int | None = 8192 * MEBIBYTE
    processes: int | None = 1024
    file_bytes: int | None = 2048 * MEBIBYTE
    written_bytes: int | None = 4096 * MEBIBYTE
    output_bytes: int = 64 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, and all that it may see and do.

    Attributes:
        argv: the program and its arguments; a bare name is looked up on the ``PATH`` of ``environment``.
        cwd: the folder it starts in; it must lie in a writable or readable path, or in a system folder.
        environment: every variable that it gets; nothing is inherited. (``PWD`` is set to ``cwd`` beside them.)
        writable: the only folders in which it may write.
        readable: files and folders that it may read beside the system's and the program's own.
        network: whether it gets the machine's network.
        limits: how much it may use.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    network: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did, as seen from outside.

    ``exit_code`` is set when it exited, ``signal`` when a signal ended it.
    ``output_head`` and ``output_tail`` are the first and the last part of both outputs together, without overlap;
    ``output_bytes`` counts all of it and ``output_digest`` is ``sha256:`` over all of it. ``detail`` says in one
    sentence why it was not started or was ended; it is empty when it ended by itself. ``gaps`` says which of the limits
    asked for did not bind it, one clause each.
    """

    ended: Ended
    exit_code: int | None
    signal: int | None
    output_head: bytes
    output_tail: bytes
    output_bytes: int
    output_digest: str
    duration_s: float
    isolation: Isolation
    detail: str = ""
    gaps: tuple[str, ...] = ()
