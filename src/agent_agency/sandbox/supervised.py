"""Start a command below a supervising process: with Landlock, or with no isolation at all."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import agent_agency
from agent_agency.sandbox import landlock
from agent_agency.sandbox.control_group import MEMORY, PROCESSES, ControlGroup
from agent_agency.sandbox.model import Command
from agent_agency.sandbox.other_user import gaps_of, user_for
from agent_agency.sandbox.process_tree import descendants
from agent_agency.sandbox.resources import own_tasks, resource_limits
from agent_agency.sandbox.running import Ending, NotStartedError, StatusLines, as_descriptor
from agent_agency.sandbox.view import Access, parts, private_entries

_END_LIMIT = 15.0
_DEVICES = ("null", "zero", "full", "random", "urandom")
_PROGRAM = "import sys; sys.path.append({folder!r}); from agent_agency.sandbox.supervisor import main; main({0}, {1})"


class Supervised:
    """A command below its supervisor."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, lines: StatusLines, group: ControlGroup) -> None:
        self.output = output
        self.status = lines.descriptor
        self.gaps: tuple[str, ...] = ()
        self._group = group
        self._process = process
        self._lines = lines

    def has_ended(self) -> bool:
        """Whether the supervisor told of an end, or is gone."""
        self._lines.read()
        return self._lines.closed or bool(self._lines.known)

    def processes(self) -> tuple[int, ...]:
        """All below the supervisor."""
        return descendants(self._process.pid)

    def finish(self) -> Ending:
        """Close the supervisor's standard input, upon which it ends all; wait for it."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        problem = ""
        try:
            self._process.wait(_END_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            problem = "not every process could be ended"
        self._lines.read_to_end()
        os.close(self.status)
        starved = self._group.memory_was_short()
        self._group.remove()
        known = self._lines
        if self._process.returncode != 0:
            problem = "the supervising process was ended, so that processes of the command may be left"
        return Ending(known.number("exit"), known.number("signal"), known.text("problem") or problem, starved=starved)


def start(command: Command, program: Path, *, confined: bool) -> Supervised:
    """Start ``program`` with the command's arguments; ``confined`` by Landlock or not at all.

    Raises:
        NotStartedError: when the supervising process cannot be started.
    """
    group = ControlGroup.create({PROCESSES: command.limits.processes, MEMORY: command.limits.memory_bytes})
    tasks = user = None
    if command.limits.processes is not None and PROCESSES not in group.bounds:
        user = user_for(command, program)
        tasks = command.limits.processes + (own_tasks() if user is None else 0)
    wanted = {
        "program": os.fspath(program),
        "argv": list(command.argv),
        "cwd": os.fspath(command.cwd),
        "environment": {**command.environment, "PWD": os.fspath(command.cwd)},
        "network": command.network,
        "user": user,
        "groups": [os.fspath(entrance) for entrance in group.entrances],
        "resources": list(resource_limits(command.limits, tasks)),
        "rules": list(_rules(command, program)) if confined else None,
    }
    output, writing = os.pipe()
    status, status_writing = os.pipe()
    settings = as_descriptor(json.dumps(wanted).encode())
    code = _PROGRAM.format(settings, status_writing, folder=os.fspath(Path(agent_agency.__file__).parent.parent))
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", code],
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=writing,
            stderr=writing,
            pass_fds=(settings, status_writing),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        for descriptor in (output, status):
            os.close(descriptor)
        group.remove()
        raise NotStartedError(f"the supervising process could not be started ({error})") from error
    finally:
        for descriptor in (writing, status_writing, settings):
            os.close(descriptor)
    running = Supervised(process, output, StatusLines(status), group)
    running.gaps = gaps_of(command.limits, group, user)
    return running


def _rules(command: Command, program: Path) -> Iterator[tuple[str, int]]:
    for part in parts(command, program):
        path = os.fspath(part.path)
        if part.access is Access.WRITE:
            yield path, landlock.READ | landlock.WRITE
        elif part.access is Access.READ and path == "/etc" and os.geteuid() == 0:
            yield from ((os.fspath(public), landlock.READ) for public in _public_parts(part.path))
        elif part.access is Access.READ:
            yield path, landlock.READ
    yield "/proc", landlock.READ
    yield from ((f"/dev/{name}", landlock.USE_DEVICE) for name in _DEVICES)
    if command.network:
        yield os.fspath(Path("/etc/resolv.conf").resolve()), landlock.READ


def _public_parts(folder: Path) -> Iterator[Path]:
    """The folder in as few pieces as leave out what not everybody may read."""
    private = tuple(private_entries(folder))

    def pieces(path: Path) -> Iterator[Path]:
        if path in private:
            return
        if not any(hidden.is_relative_to(path) for hidden in private):
            yield path
            return
        for child in path.iterdir():
            yield from pieces(child)

    return pieces(folder)
