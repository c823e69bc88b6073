"""Fork a process for each command that is asked for, what it would spend its start on imported already.

Each process has what one that is started afresh would have: its working folder, environment, standard streams,
arguments and, if it is to, a terminal. What the product imports, and when, is for tests that start one afresh.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import termios
import threading
from dataclasses import dataclass
from datetime import date
from importlib import import_module

LIBRARIES = (
    "click",
    "rich.console",
    "rich.table",
    "rich.markup",
    "yaml",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "alembic.command",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization.ssh",
    "cel_expr_python.cel",
    "detect_secrets.core.scan",
    "google.protobuf.descriptor_pool",
    "numpy",
    "scipy.special",
    "scipy.stats",
)
"""What commands spend most of their start on; an extra that is absent is left to the command to miss."""
SCANNERS = "detect_secrets.plugins"
PRODUCT = "agent_agency"
LAW = "agent_agency.arbitration.constitution.default_rules"
"""It keeps what it read of the shipped files, by their bytes."""
RULES = "agent_agency.arbitration.constitution.evaluate"
"""So do the trees of conditions that it asks."""
NEVER = (".__main__", ".migrations")
"""What is run rather than imported."""
STREAMS = 3


@dataclass(frozen=True)
class Request:
    """One command to run; ``fds`` are its standard streams and, after them, a terminal if it is to have one."""

    cwd: bytes
    args: list[bytes]
    env: dict[bytes, bytes]
    fds: list[int]


def read_request(channel: socket.socket) -> Request:
    """A length of eight digits, then fields that end in NUL: folder, number of arguments, arguments, NAME=VALUE."""
    read, fds, _, _ = socket.recv_fds(channel, 1 << 16, STREAMS + 1)
    while len(read) < 8 or len(read) < 8 + int(read[:8]):
        more = channel.recv(1 << 16)
        if not more:
            raise EOFError
        read += more
    cwd, count, *rest = read[8:].split(b"\0")[:-1]
    pairs = (field.partition(b"=") for field in rest[int(count) :])
    return Request(cwd, rest[: int(count)], {name: value for name, _, value in pairs}, list(fds))


def _become(request: Request) -> None:
    """Be the process that was asked for."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for place, fd in enumerate(request.fds[:STREAMS]):
        os.dup2(fd, place)
    if request.fds[STREAMS:]:
        os.setsid()
        fcntl.ioctl(request.fds[STREAMS], termios.TIOCSCTTY, 0)  # stays open: a terminal that nobody holds is gone
    for fd in request.fds[:STREAMS]:
        os.close(fd)
    os.chdir(request.cwd)
    os.environb.clear()
    os.environb.update(request.env)
    sys.argv[1:] = [os.fsdecode(arg) for arg in request.args]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - "-m" looks there first, and the command is to undo that


def serve(listener: socket.socket, life: int) -> bool:
    """Answer each request with its exit code until ``life`` closes; true in the process that is to run a command."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    running: dict[int, socket.socket] = {}
    while True:
        ready = select.select([listener.fileno(), life, woken], [], [])[0]
        if life in ready:
            for child in running:  # what a test that failed left serving
                os.kill(child, signal.SIGKILL)
            return False
        if woken in ready:
            os.read(woken, 1 << 12)
            _answer_ended(running)
        if listener.fileno() not in ready:
            continue
        channel = listener.accept()[0]
        try:
            request = read_request(channel)
        except EOFError:
            channel.close()
            continue
        child = os.fork()
        if child == 0:
            for one in (listener, channel, *running.values()):
                one.close()
            for fd in (woken, wake, life):
                os.close(fd)
            _become(request)
            return True
        running[child] = channel
        for fd in request.fds:
            os.close(fd)


def _answer_ended(running: dict[int, socket.socket]) -> None:
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with running.pop(child) as channel, contextlib.suppress(OSError):
            channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _run() -> None:
    """Run the command and end at once: to take apart what was imported before would cost more than most commands."""
    try:
        runpy.run_module("agent_agency", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        code = int(end.code or 0)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import(name: str) -> None:
    """What cannot be imported is left to the command to miss."""
    with contextlib.suppress(Exception):
        import_module(name)


def _import_all(package: str) -> None:
    with contextlib.suppress(ImportError):
        for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            if not module.name.endswith(NEVER):
                (_import_all if module.ispkg else _import)(module.name)


def _ask_the_shipped_rules() -> None:
    """Each command that rules would read them, and the trees of their conditions, again."""
    constitution = import_module(LAW).default_constitution()
    with contextlib.suppress(Exception):
        import_module(RULES).evaluate(constitution, {}, date(2026, 1, 1))


def main() -> None:
    listener, life = int(sys.argv[1]), int(sys.argv[2])
    sys.dont_write_bytecode = False
    del sys.path[0]
    for name in LIBRARIES:
        _import(name)
    for package in (SCANNERS, PRODUCT):
        _import_all(package)
    _ask_the_shipped_rules()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=listener) as listening:
        asked = serve(listening, life)
    if asked:
        _run()


if __name__ == "__main__":
    main()
