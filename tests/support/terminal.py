"""Running the ``agency`` command on a terminal of its own, and answering what it asks there."""

from __future__ import annotations

import os
import pty
import select
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.warm_command import warm

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class OnTerminal:
    """What a run on a terminal left: exit code, standard output, and what the terminal showed."""

    code: int
    out: str
    shown: str


def agency_on_terminal(
    *args: str, cwd: Path, answers: Sequence[tuple[str, str]] = (), env: dict[str, str] | None = None
) -> OnTerminal:
    """Run the command with a terminal as its controlling one; standard input is empty, as in an agent's shell.

    Args:
        args: the command's arguments.
        cwd: where it runs.
        answers: what the terminal must show, and what is typed then, in order.
        env: variables beside this process's own.
    """
    outer, inner = pty.openpty()
    with tempfile.TemporaryFile() as out, Path(os.devnull).open("rb") as nothing:
        fds = [nothing.fileno(), out.fileno(), out.fileno(), inner]
        ended = warm().start(args, cwd, {**os.environ, **(env or {})}, fds)
        os.close(inner)
        shown = ""
        try:
            for wanted, typed in answers:
                shown = _shown_until(outer, shown, wanted)
                os.write(outer, f"{typed}\n".encode())
                shown = shown.partition(wanted)[2] if wanted in shown else shown
            ended.settimeout(_PATIENCE_S)
            code = int(ended.recv(16))
            out.seek(0)
            return OnTerminal(code, out.read().decode(), shown + _rest(outer))
        finally:
            ended.close()
            os.close(outer)  # what still runs is told that its terminal is gone, and ends


def _shown_until(terminal: int, shown: str, wanted: str) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while wanted not in shown:
        assert time.monotonic() < deadline, f"the terminal never showed {wanted!r}, but {shown!r}"
        part = _read(terminal, 0.2)
        assert part is not None, f"the command ended without showing {wanted!r}: {shown!r}"
        shown += part
    return shown


def _rest(terminal: int) -> str:
    shown = ""
    while part := _read(terminal, 0.05):
        shown += part
    return shown


def _read(terminal: int, wait_s: float) -> str | None:
    """What the terminal showed meanwhile; ``None`` when nobody holds its other end any more."""
    if not select.select([terminal], [], [], wait_s)[0]:
        return ""
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace") or None
    except OSError:
        return None
