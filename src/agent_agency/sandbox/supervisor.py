"""The process that starts a command where there is no process name space, and ends all that came from it.

It is the sub-reaper of everything below it, so a process that leaves its session and its parents comes back to it.
It ends everything when the command ends, and when its standard input closes, which happens however its caller dies.
Only the standard library, for a quick start.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any

from agent_agency.sandbox import landlock, system_calls
from agent_agency.sandbox.process_tree import end_descendants

_PR_SET_CHILD_SUBREAPER, _PR_SET_DUMPABLE = 36, 4
_END_LIMIT = 10.0
_OWN_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)


def main(settings: int, status: int) -> None:
    """Read what to run as JSON from ``settings``; write news as JSON lines to ``status``.

    News: ``problem`` (it was not started, or something was left), ``exit`` or ``signal``; the end of ``status`` says
    that nothing is left running.
    """
    # The command could tell its own end otherwise.
    os.set_inheritable(status, False)  # noqa: FBT003  the signature of the standard library
    with os.fdopen(settings, "rb") as stream:
        wanted = json.load(stream)
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 or library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            _tell(status, problem="orphans cannot be kept track of on this system")
            return
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pid, problem = _start(wanted)
    if not problem:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        code = _await(pid, woken)
        if code is not None:
            _tell(status, **({"exit": code} if code >= 0 else {"signal": -code}))
    if sys.platform != "linux":
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # orphans leave the tree there; those that kept their group are reached so
    if not end_descendants(time_limit=_END_LIMIT):
        problem = "not every process could be ended"
    if problem:
        _tell(status, problem=problem)


def _start(wanted: dict[str, Any]) -> tuple[int, str]:
    """Fork and run the program; the second value says why it could not be run."""
    told, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _become(wanted)
        except BaseException as error:  # noqa: BLE001  between fork and exec nothing may escape
            os.write(telling, str(error).encode("utf-8", "replace")[:1000] or b"it failed without a reason")
        os._exit(127)
    os.close(telling)
    with os.fdopen(told, "rb") as stream:
        return pid, stream.read().decode("utf-8", "replace")


def _become(wanted: dict[str, Any]) -> None:
    """Give up everything that the command may not have, and turn into it."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number in _OWN_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.chdir(wanted["cwd"])
    for entrance in wanted["groups"]:
        Path(entrance).write_text("0", "ascii")
    user = wanted["user"]
    if user is not None:
        landlock.empty_bounding_set()
    elif wanted["rules"] is not None:
        landlock.drop_capabilities() if os.geteuid() == 0 else landlock.set_no_new_privileges()
    if wanted["rules"] is not None:
        landlock.restrict(((path, access) for path, access in wanted["rules"]), network=wanted["network"])
    for kind, value in wanted["resources"]:
        resource.setrlimit(kind, (value, value))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)  # all capabilities go with it
        landlock.set_no_new_privileges()
    if wanted["rules"] is not None:
        system_calls.close_sockets(network=wanted["network"], streams=landlock.denies_tcp())
    os.execve(wanted["program"], wanted["argv"], wanted["environment"])  # noqa: S606  no shell is wanted


def _await(program: int, woken: int) -> int | None:
    """Wait until the program ends, reaping orphans; its exit code, or minus its signal; ``None``: told to stop."""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == program:
                return os.waitstatus_to_exitcode(status)
            if pid == 0:
                break
        if 0 in ready:
            return None


def _tell(status: int, **news: object) -> None:
    os.write(status, json.dumps(news).encode() + b"\n")
