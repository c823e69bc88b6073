"""Fork a process for each command that is asked for, what others wrote imported already.

Each process has what one that is started afresh would have: its working folder, environment, standard streams and
arguments. Nothing of ``agent_agency`` is imported before the fork, so what it imports, and when, is tested.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import socket
import sys
import threading
from importlib import import_module
from typing import Any

LIBRARIES = (
    "click",
    "rich.console",
    "rich.table",
    "rich.markup",
    "yaml",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "numpy",
    "scipy.special",
    "scipy.stats",
)
"""What commands spend most of their start on; an extra that is absent is left to the command to miss."""


def _next(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """A request: a line of JSON, with the file descriptors of the standard streams beside its first byte."""
    read, fds, _, _ = socket.recv_fds(channel, 1 << 16, 3)
    if not read:
        return None
    while not read.endswith(b"\n"):
        read += channel.recv(1 << 16)
    return json.loads(read), fds


def _become(request: dict[str, Any], fds: list[int]) -> None:
    """Be the process that was asked for."""
    for place, fd in enumerate(fds):
        os.dup2(fd, place)
        os.close(fd)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["args"]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - "-m" looks there first, and the command is to undo that


def serve(channel: socket.socket) -> bool:
    """Answer each request with its exit code; true in the process that is to run the command."""
    while (asked := _next(channel)) is not None:
        child = os.fork()
        if child == 0:
            channel.close()
            _become(*asked)
            return True
        for fd in asked[1]:
            os.close(fd)
        channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return False


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


def main() -> None:
    for name in LIBRARIES:
        try:
            import_module(name)
        except ImportError:
            continue
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        asked = serve(channel)
    if asked:
        _run()


if __name__ == "__main__":
    main()
