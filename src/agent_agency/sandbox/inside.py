"""The process inside the name spaces that starts the program and tells how it ended, run as a program of its own.

Bubblewrap's own word is not enough: it gives 128 + N for a signal as for a program that exits so, and any process
inside can take over the descriptor through which it hears of the end. This process lets none of the same user look
into it. Arguments: the descriptor to tell on, the limits as pairs of kind and value in JSON, the program, and its
arguments. Only the standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys

_PR_SET_DUMPABLE = 4
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def main(telling: str, limits: str, program: str, *arguments: str) -> None:
    """Run the program to its end; write ``exit``, ``signal`` or ``problem`` as one JSON object."""
    descriptor = int(telling)
    environment = _given()
    # A program that held it could tell another end.
    os.set_inheritable(descriptor, False)  # noqa: FBT003  the signature of the standard library
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _tell(descriptor, problem="the process that starts the program cannot close itself to others")
        return
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # a tool may signal all that it can reach
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in (*_ENDING, *_IGNORED_BY_PYTHON):
                signal.signal(number, signal.SIG_DFL)
            for kind, value in json.loads(limits):
                resource.setrlimit(kind, (value, value))
            os.execve(program, [program, *arguments], environment)  # noqa: S606  no shell is wanted
        except OSError as error:
            _tell(descriptor, problem=f"the program could not be started ({error.strerror})")
        os._exit(127)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    _tell(descriptor, **({"exit": code} if code >= 0 else {"signal": -code}))


def _given() -> dict[bytes, bytes]:
    """The environment as it was given: Python adds a variable of its own to an empty locale."""
    with open("/proc/self/environ", "rb") as stream:  # noqa: PTH123  a quick start
        return dict(pair.split(b"=", 1) for pair in stream.read().split(b"\0") if pair)


def _tell(descriptor: int, **news: object) -> None:
    os.write(descriptor, json.dumps(news).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
