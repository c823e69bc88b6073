"""Run one command to its end, whatever it does, within its limits."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from agent_agency.sandbox import bubblewrap, supervised
from agent_agency.sandbox.model import Command, Ended, Isolation, Limits, Outcome
from agent_agency.sandbox.output import KeptOutput
from agent_agency.sandbox.running import Ending, NotStartedError, Running
from agent_agency.sandbox.tool_paths import find_program
from agent_agency.sandbox.written import WrittenBytes

_CHUNK = 65536
_CANCEL_LOOK_S = 0.05
_WRITTEN_LOOK_S = 0.1
_LOOK_SHARE = 4  # looking at the disk takes at most a fifth of the time

OnOutput = Callable[[bytes], None]


def run(
    command: Command,
    isolation: Isolation,
    *,
    on_output: OnOutput | None = None,
    cancel: threading.Event | None = None,
) -> Outcome:
    """Run a command with nothing on its standard input; when this returns, no process of it is left.

    ``on_output`` gets both outputs as they come, unaltered: terminal escapes are the caller's matter. What it raises
    goes through, after the command was ended. Setting ``cancel`` ends the command.

    Nothing that the command does raises. A program that is missing, and a level that does not work here, give
    ``Ended.NOT_STARTED`` with the reason in ``detail``: another level is never taken silently.
    """
    isolation = Isolation(isolation)  # its bare text would be taken for no isolation
    begun = time.monotonic()
    kept = KeptOutput(command.limits.output_bytes)
    written = None if command.limits.written_bytes is None else WrittenBytes(command.writable)
    try:
        running = _start(command, isolation)
    except NotStartedError as error:
        return _outcome(Ended.NOT_STARTED, Ending(problem=str(error)), kept, begun, isolation)
    watch = _Watch(command.limits, running, written, kept, on_output, cancel)
    try:
        try:
            reason = watch.until_end(begun)
        finally:
            ending = running.finish()
        reason = reason or watch.last_look()
    finally:
        os.close(running.output)
    return replace(_outcome(reason, ending, kept, begun, isolation, limits=command.limits), gaps=running.gaps)


def _start(command: Command, isolation: Isolation) -> Running:
    """Find the program and start it at the level asked for."""
    texts = [*command.argv, *command.environment, *command.environment.values(), os.fspath(command.cwd)]
    if not command.argv or any("\0" in text for text in texts):
        raise NotStartedError("the command is empty or holds a null byte")
    if any(not name or "=" in name for name in command.environment):
        raise NotStartedError("a variable's name is empty or holds an equals sign")
    program = find_program(command.argv[0], command.environment, command.cwd)
    if program is None:
        raise NotStartedError(f"the program {command.argv[0]} was not found")
    if not command.cwd.is_dir():
        raise NotStartedError("the folder to start in does not exist")
    missing = [path for path in (*command.writable, *command.readable) if not path.exists()]
    if missing:
        raise NotStartedError(f"{missing[0]} does not exist")
    if isolation is Isolation.NAMESPACES:
        found = bubblewrap.find_bubblewrap()
        if found is None:
            raise NotStartedError("bubblewrap is not installed")
        return bubblewrap.start(command, program, found)
    return supervised.start(command, program, confined=isolation is Isolation.LANDLOCK)


class _Watch:
    """Reads a running command's output and looks after its limits."""

    def __init__(
        self,
        limits: Limits,
        running: Running,
        written: WrittenBytes | None,
        kept: KeptOutput,
        on_output: OnOutput | None,
        cancel: threading.Event | None,
    ) -> None:
        self._limits = limits
        self._running = running
        self._kept = kept
        self._on_output = on_output
        self._cancel = cancel
        self._written = written
        self._next_look = 0.0
        self._last_output = 0.0

    def until_end(self, begun: float) -> Ended | None:
        """Wait until the program ends, ``None``, or must be ended, and why."""
        output, status = self._running.output, self._running.status
        poll = select.poll()
        poll.register(output, select.POLLIN)
        poll.register(status, select.POLLIN)
        os.set_blocking(output, False)
        self._last_output = begun
        while True:
            reason = self._passed(begun)
            if reason is not None:
                return reason
            ready = {descriptor for descriptor, _ in poll.poll(self._wait_ms(begun))}
            if output in ready:
                if not (chunk := os.read(output, _CHUNK)):
                    poll.unregister(output)
                elif self._take(chunk):
                    return Ended.OUTPUT_LIMIT
            if status in ready and self._running.has_ended():
                return None

    def last_look(self) -> Ended | None:
        """Once nothing runs any more: take the rest of the output, and see what was written."""
        while chunk := self._read():
            if self._take(chunk):
                return Ended.OUTPUT_LIMIT
        return Ended.WRITE_LIMIT if self._written_too_much(()) else None

    def _read(self) -> bytes:
        try:
            return os.read(self._running.output, _CHUNK)
        except BlockingIOError:
            return b""  # a process that could not be ended holds the other end

    def _take(self, chunk: bytes) -> bool:
        """Keep and hand on a piece of output; whether it passes the limit."""
        self._last_output = time.monotonic()
        fits = self._kept.add(chunk)
        if fits and self._on_output is not None:
            self._on_output(fits)
        return len(fits) < len(chunk)

    def _passed(self, begun: float) -> Ended | None:
        now = time.monotonic()
        if self._cancel is not None and self._cancel.is_set():
            return Ended.CANCELLED
        if now - begun >= self._limits.wall_s:
            return Ended.TIMED_OUT
        if self._limits.idle_s is not None and now - self._last_output >= self._limits.idle_s:
            return Ended.IDLE
        if self._limits.written_bytes is not None and now >= self._next_look:
            too_much = self._written_too_much(self._running.processes())
            took = time.monotonic() - now
            self._next_look = now + took + max(_WRITTEN_LOOK_S, _LOOK_SHARE * took)
            if too_much:
                return Ended.WRITE_LIMIT
        return None

    def _written_too_much(self, pids: tuple[int, ...]) -> bool:
        if self._written is None or self._limits.written_bytes is None:
            return False
        return self._written.growth(pids) > self._limits.written_bytes

    def _wait_ms(self, begun: float) -> float:
        now = time.monotonic()
        ends = [begun + self._limits.wall_s]
        if self._limits.idle_s is not None:
            ends.append(self._last_output + self._limits.idle_s)
        if self._limits.written_bytes is not None:
            ends.append(self._next_look)
        if self._cancel is not None:
            ends.append(now + _CANCEL_LOOK_S)
        return max(min(ends) - now, 0.0) * 1000 + 1


def _outcome(
    reason: Ended | None,
    ending: Ending,
    kept: KeptOutput,
    begun: float,
    isolation: Isolation,
    limits: Limits | None = None,
) -> Outcome:
    if reason is not None:
        ended = reason
    elif ending.starved:
        ended = Ended.MEMORY_LIMIT
    elif ending.exit_code is not None:
        ended = Ended.EXITED
    elif ending.signal is not None:
        ended = Ended.SIGNALLED
    else:
        ended = Ended.NOT_STARTED
    told = [] if limits is None else [_why(ended, limits)]
    by_itself = ended in {Ended.EXITED, Ended.SIGNALLED}
    return Outcome(
        ended=ended,
        exit_code=ending.exit_code if by_itself else None,
        signal=ending.signal if by_itself else None,
        output_head=kept.head,
        output_tail=kept.tail,
        output_bytes=kept.count,
        output_digest=kept.digest,
        duration_s=time.monotonic() - begun,
        isolation=isolation,
        detail="; ".join(text for text in (*told, ending.problem) if text),
    )


def _why(ended: Ended, limits: Limits) -> str:
    return {
        Ended.TIMED_OUT: f"it ran longer than {limits.wall_s:g} seconds",
        Ended.IDLE: f"it gave no output for {limits.idle_s or 0:g} seconds",
        Ended.OUTPUT_LIMIT: f"it wrote more than {limits.output_bytes} bytes of output",
        Ended.MEMORY_LIMIT: f"its processes together used more than {limits.memory_bytes or 0} bytes of memory",
        Ended.WRITE_LIMIT: f"it wrote more than {limits.written_bytes or 0} bytes to disk",
        Ended.CANCELLED: "it was cancelled",
    }.get(ended, "")
