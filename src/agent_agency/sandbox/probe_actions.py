"""What a probed command tries to do, run as a program of its own inside the level of isolation under test.

Arguments: a folder outside the checkout that holds a listening socket called service, a secret file, two ports on the
loopback (the second takes datagrams), the number of a process outside and a
word on its command line, and how many processes to try to start. It prints what it managed as one JSON object. Only
the standard library.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

_DAEMON_LIFE_S = 30
_CONNECT_LIMIT_S = 2


def main(outside: str, secret: str, *numbers: str) -> None:
    """Try everything once."""
    port, datagrams, process, word, processes = numbers
    done: dict[str, object] = {"checkout": _write(Path("written"))}
    done["elsewhere"] = _write(Path(outside, "written"))
    done["secret"] = _read(Path(secret))
    done["loopback"] = _connect(int(port))
    _send(int(datagrams))
    done["service"] = _reach(Path(outside, "service"))
    done["processes"] = _start_many(int(processes))
    _leave_daemon(Path("held"))
    told = _read(Path("/proc", process, "cmdline"))
    done["seen"] = word in told
    done["signalled"] = (not told or word in told) and _signal(int(process), signal.SIGTERM)  # never a namesake in here
    sys.stdout.write(json.dumps(done))


def _write(path: Path) -> bool:
    with contextlib.suppress(OSError):
        path.write_text("probe", "ascii")
        return True
    return False


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text("ascii")
    return ""


def _connect(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), _CONNECT_LIMIT_S).close()
        return True
    return False


def _send(port: int) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"probe", ("127.0.0.1", port))


def _reach(path: Path) -> bool:
    """Connect to a socket file; from its folder, since an address has room for a hundred characters only."""
    here = Path.cwd()
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        os.chdir(path.parent)
        try:
            client.connect(path.name)
        finally:
            os.chdir(here)
        return True
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
        return True
    return False


def _signal(process: int, number: int) -> bool:
    with contextlib.suppress(OSError):
        os.kill(process, number)
        return True
    return False


def _start_many(wanted: int) -> int:
    started: list[int] = []
    with contextlib.suppress(OSError):
        while len(started) < wanted:
            pid = os.fork()
            if pid == 0:
                time.sleep(_DAEMON_LIFE_S)
                os._exit(0)
            started.append(pid)
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(started)


def _leave_daemon(lock: Path) -> None:
    """A process with a session of its own and no parent here, which holds a lock for as long as it lives."""
    ready, telling = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with lock.open("w") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                os.write(telling, b"1")
                time.sleep(_DAEMON_LIFE_S)
        os._exit(0)
    os.close(telling)
    os.read(ready, 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
