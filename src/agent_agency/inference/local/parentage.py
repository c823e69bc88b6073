"""What a model's process does first: it keeps its pipes to itself, and makes sure that it ends when its parent does."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FIRST_TO_GO = "900"


def private_pipes() -> tuple[int, int]:
    """Take standard input and output away from libraries that read or print.

    What is printed to standard output goes to standard error from now on.

    Returns:
        Descriptors to read questions from and to write answers to.
    """
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reading, writing


def end_with(parent: int) -> None:
    """End when the parent does, without a word; on Linux even while a library holds the interpreter.

    The end of the questions' pipe tells the same where the kernel has no such service.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # it ended before it could be watched


def go_before_the_parent() -> None:
    """Have the kernel take this process first where memory runs out, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def memory_of(process: int) -> int:
    """Bytes of memory that a process holds, its share of files among it; 0 where nobody can tell."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return _own_peak() if process == os.getpid() else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_ticks_of(process: int) -> int | None:
    """Clock ticks of the processor that a process has used; ``None`` while a disk keeps it, or where nobody can tell.

    Source of the fields: proc(5).
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] == b"D" else int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return None


def _own_peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
