"""Start a command in name spaces of its own through bubblewrap.

The new process waits until it was put into its control group. A small process inside (``inside``) then sets the limits,
which count in the new user name space alone, starts the program and tells how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent_agency.sandbox.control_group import MEMORY, PROCESSES, ControlGroup
from agent_agency.sandbox.model import Command, Limits
from agent_agency.sandbox.other_user import gaps_of, user_for
from agent_agency.sandbox.process_tree import descendants
from agent_agency.sandbox.resources import resource_limits
from agent_agency.sandbox.running import Ending, NotStartedError, StatusLines, as_descriptor
from agent_agency.sandbox.view import Access, Part, parts, private_entries

_PLACES = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin"
_PRIVATE_FOLDERS = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108  mounted anew, empty, for each command
_SET_UP_LIMIT = 30.0
_END_LIMIT_MS = 15_000
_OWN_PROCESSES = 2  # bubblewrap's process 1, and the one that starts the program, count with the command's


def find_bubblewrap() -> str | None:
    """Where bubblewrap is; relative entries of PATH are left out, for the reviewed tree must not supply it."""
    entries = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    return shutil.which("bwrap", path=os.pathsep.join([_PLACES, *entries]))


class Contained:
    """A command under bubblewrap; its process 1 is what keeps all of it alive."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, lines: StatusLines, told: StatusLines) -> None:
        self.output = output
        self.status = lines.descriptor
        self._process = process
        self._lines = lines
        self._told = told
        self._init: int | None = None
        self._init_handle: int | None = None
        self.gaps: tuple[str, ...] = ()
        self._group: ControlGroup | None = None

    def let_go(self, go: int, group: ControlGroup) -> None:
        """Wait until the name spaces stand, put their process 1 into its group, then let the program start.

        Raises:
            NotStartedError: when bubblewrap gave up, or the group refused.
        """
        self._group = group
        while "child-pid" not in self._lines.known and not self._lines.closed:
            if not select.select([self.status], [], [], _SET_UP_LIMIT)[0]:
                raise NotStartedError("bubblewrap did not answer")
            self._lines.read()
        pid = self._lines.number("child-pid")
        if pid is None:
            raise NotStartedError(self._complaint())
        self._init = pid
        try:
            self._init_handle = os.pidfd_open(pid)
            if not group.attach(pid):
                raise NotStartedError("the process could not be put into its control group")
            os.write(go, b"go")
        except (BrokenPipeError, ProcessLookupError) as error:
            raise NotStartedError(self._complaint()) from error

    def has_ended(self) -> bool:
        """Whether the exit code was told, or bubblewrap is gone."""
        self._lines.read()
        return self._lines.closed or "exit-code" in self._lines.known

    def processes(self) -> tuple[int, ...]:
        """Process 1 and all below it; an orphan becomes its child."""
        return () if self._init is None else (self._init, *descendants(self._init))

    def finish(self) -> Ending:
        """Kill process 1: the kernel then kills all in its name space before that process counts as ended."""
        problem = ""
        told_before = "exit-code" in self._lines.known
        if self._init_handle is None:
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init_handle, signal.SIGKILL)
            poll = select.poll()
            poll.register(self._init_handle, select.POLLIN)
            if not poll.poll(_END_LIMIT_MS):
                problem = "not every process could be ended"
            os.close(self._init_handle)
            self._init_handle = None
        self._lines.read_to_end()
        self._told.read_to_end()
        self._process.wait()
        for descriptor in (self.status, self._told.descriptor):
            os.close(descriptor)
        starved = False
        if self._group is not None:
            starved = self._group.memory_was_short()
            self._group.remove()
        return replace(self._ending(problem, told_before=told_before), starved=starved)

    def _ending(self, problem: str, *, told_before: bool) -> Ending:
        told = self._told
        if told.text("problem"):
            return Ending(problem=told.text("problem"))
        if told.known:
            return Ending(told.number("exit"), told.number("signal"), problem)
        if "exit-code" not in self._lines.known:
            return Ending(problem=problem or "the program could not be started inside the name spaces")
        early = "what started the program was killed" if told_before else ""
        return Ending(signal=signal.SIGKILL, problem=problem or early)

    def _complaint(self) -> str:
        """What bubblewrap wrote before it gave up."""
        self._process.wait()
        said = os.read(self.output, 4096).decode("utf-8", "replace").strip()
        return said.splitlines()[0] if said else "bubblewrap gave up without a reason"


def start(command: Command, program: Path, bubblewrap: str) -> Contained:
    """Start ``program`` with the command's arguments.

    Raises:
        NotStartedError: when the name spaces cannot be made as asked.
    """
    group = ControlGroup.create({PROCESSES: _room(command.limits), MEMORY: command.limits.memory_bytes})
    user = None
    if command.limits.processes is not None and PROCESSES not in group.bounds:
        user = user_for(command, program, _own_python())
    output, writing = os.pipe()
    status, status_writing = os.pipe()
    told, telling = os.pipe()
    waiting, go = os.pipe()
    settings = as_descriptor(b"".join(os.fsencode(word) + b"\0" for word in _options(command, program, user)))
    wired = {"--json-status-fd": status_writing, "--block-fd": waiting, "--args": settings}
    words = [word for name, descriptor in wired.items() for word in (name, str(descriptor))]
    try:
        process = subprocess.Popen(
            [bubblewrap, *words, "--", *_inside(command.limits, telling), os.fspath(program), *command.argv[1:]],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            pass_fds=(*wired.values(), telling),
            start_new_session=True,  # Ctrl-C is the caller's to handle
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except (OSError, ValueError) as error:
        for descriptor in (output, status, told, go):
            os.close(descriptor)
        group.remove()
        raise NotStartedError(f"bubblewrap could not be started ({error})") from error
    finally:
        for descriptor in (writing, status_writing, telling, waiting, settings):
            os.close(descriptor)
    contained = Contained(process, output, StatusLines(status), StatusLines(told))
    try:
        contained.gaps = gaps_of(command.limits, group, user)
        contained.let_go(go, group)
    except BaseException:
        contained.finish()
        os.close(output)
        raise
    finally:
        os.close(go)
    return contained


def _inside(limits: Limits, telling: int) -> tuple[str, ...]:
    """How the process is started that starts the program."""
    source = Path(__file__).with_name("inside.py").read_text("utf-8")
    kinds = json.dumps(list(resource_limits(limits, _room(limits))))
    return (os.fspath(_own_python()), "-I", "-S", "-B", "-c", source, str(telling), kinds)


def _own_python() -> Path:
    """The interpreter below any virtual environment: nothing of the latter is needed."""
    return Path(sys.executable).resolve()


def _room(limits: Limits) -> int | None:
    return None if limits.processes is None else limits.processes + _OWN_PROCESSES


def _options(command: Command, program: Path, user: int | None) -> Iterator[str]:
    """Bubblewrap's options in the order in which it carries them out."""
    yield from ("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
    if command.network:
        yield "--share-net"
    yield "--clearenv"
    for name, value in command.environment.items():
        yield from ("--setenv", name, value)
    room = () if command.limits.written_bytes is None else ("--size", str(command.limits.written_bytes))
    yield from ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--dir", "/run", "--dir", "/var")
    for folder in _PRIVATE_FOLDERS:
        yield from (*room, "--tmpfs", folder)
    for part in parts(command, program, _own_python()):
        yield from _mount(part, room)
    if command.network:
        yield from _name_service()
    if os.geteuid() == 0 and user is None:
        yield from _hide_private()
    yield from ("--remount-ro", "/", "--chdir", os.fspath(command.cwd))


def _mount(part: Part, room: tuple[str, ...]) -> Iterator[str]:
    path = os.fspath(part.path)
    if part.access is Access.EMPTY:
        yield from (*room, "--tmpfs", path)
    elif part.access is Access.WRITE:
        yield from ("--bind", path, path)
    elif part.path.is_symlink() and part.path.parent == Path("/"):
        yield from ("--symlink", os.fspath(part.path.readlink()), path)  # /bin -> usr/bin on a merged system
    else:
        yield from ("--ro-bind", path, path)


def _name_service() -> Iterator[str]:
    """The file that ``/etc/resolv.conf`` points to often lies in ``/run``, which is empty here."""
    real = Path("/etc/resolv.conf").resolve()
    if real.exists() and real.is_relative_to("/run"):
        yield from ("--ro-bind", os.fspath(real), os.fspath(real))


def _hide_private() -> Iterator[str]:
    for path in private_entries(Path("/etc")):
        if path.is_dir():
            yield from ("--size", "4096", "--tmpfs", os.fspath(path))
        else:
            yield from ("--ro-bind", "/dev/null", os.fspath(path))
