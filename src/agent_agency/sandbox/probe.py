"""Find out by trying how well this machine can keep a command apart."""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from agent_agency.sandbox import landlock
from agent_agency.sandbox.bubblewrap import find_bubblewrap
from agent_agency.sandbox.model import Command, Ended, Isolation, Limits
from agent_agency.sandbox.run import run

_SECRET = "a secret in the home"  # noqa: S105  what the probe tries to read
_ROOM, _TRIED = 16, 48
_LIMITS = Limits(wall_s=60, processes=_ROOM)
_PASSABLE = 0o711  # another user may run what root asks for
_LOOPBACK_NAME = "loopback_denied"

NEEDED: Mapping[Isolation, tuple[str, ...]] = MappingProxyType(
    {
        Isolation.NAMESPACES: (
            "checkout_writable",
            "elsewhere_unwritable",
            "secret_hidden",
            _LOOPBACK_NAME,
            "datagrams_denied",
            "services_hidden",
            "host_processes_hidden",
            "host_signals_denied",
            "nothing_survives",
        ),
        Isolation.LANDLOCK: ("checkout_writable", "elsewhere_unwritable", "secret_hidden", "nothing_survives"),
        Isolation.NONE: (),
    }
)
"""What must hold for a level to be taken; the rest is only told."""


_GAPS: Mapping[str, str] = MappingProxyType(
    {
        "elsewhere_unwritable": "files outside the checkout can be written",
        "secret_hidden": "files in the home can be read",
        _LOOPBACK_NAME: "servers of this machine can be reached",
        "datagrams_denied": "datagrams reach the network",
        "services_hidden": "services of this machine that listen on a socket file can be reached",
        "host_processes_hidden": "processes of this machine can be seen",
        "host_signals_denied": "processes of this machine can be ended",
        "nothing_survives": "a process can outlive its tool",
        "processes_limited": "the number of processes is not limited",
    }
)


@dataclass(frozen=True, slots=True)
class IsolationReport:
    """The best level that works here.

    ``probes`` tells of the level taken what held when it was tried: ``checkout_writable``, ``elsewhere_unwritable``,
    ``secret_hidden``, ``loopback_denied``, ``datagrams_denied``, ``services_hidden``, ``host_processes_hidden``,
    ``host_signals_denied``, ``nothing_survives``, ``processes_limited``. ``reason`` says why no better level was taken,
    and what does not hold at this one.
    ``gaps`` says in words, for people who read the ruling, what the level taken leaves open: one clause each, without
    a full stop.
    """

    isolation: Isolation
    probes: Mapping[str, bool]
    reason: str
    gaps: tuple[str, ...] = ()


def probe() -> IsolationReport:
    """Try each level, best first, and take the first at which all that it promises holds."""
    refused: list[str] = []
    for isolation in Isolation:
        missing = _unavailable(isolation)
        held = {} if missing else try_level(isolation)
        failed = [name for name, good in held.items() if not good]
        lacking = [name for name in NEEDED[isolation] if not held.get(name, False)]
        if not missing and not lacking:
            refused += [f"{isolation}: not held: {', '.join(failed)}"] if failed else []
            return IsolationReport(isolation, MappingProxyType(held), "; ".join(refused), gaps_of(held))
        refused.append(f"{isolation}: {missing or 'not held: ' + ', '.join(lacking)}")
    raise AssertionError("the level none needs nothing")


def gaps_of(held: Mapping[str, bool]) -> tuple[str, ...]:
    """What a level leaves open, in words, by what held when it was tried."""
    return tuple(told for name, told in _GAPS.items() if not held.get(name, False))


def try_level(isolation: Isolation) -> Mapping[str, bool]:
    """Run one command that tries everything at a level, and look from outside at what it managed."""
    word = os.urandom(8).hex()
    with (
        tempfile.TemporaryDirectory(prefix="agency-probe-") as place,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service,
        subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()", word], stdin=subprocess.PIPE) as process,
    ):
        folder = Path(place).resolve()
        folder.chmod(_PASSABLE)
        checkout, outside, home = folder / "checkout", folder / "outside", folder / "home"
        for made in (checkout, outside, home):
            made.mkdir()
        (home / "secret").write_text(_SECRET, "ascii")
        datagrams.bind(("127.0.0.1", 0))
        _listen(service, outside)
        ports = (server.getsockname()[1], datagrams.getsockname()[1])
        tried = (outside, home / "secret", *ports, process.pid, word, _TRIED)
        source = Path(__file__).with_name("probe_actions.py").read_text("utf-8")
        argv = (sys.executable, "-I", "-S", "-c", source, *map(str, tried))
        outcome = run(Command(argv, checkout, {"HOME": str(home)}, (checkout,), limits=_LIMITS), isolation)
        if process.poll() is None:
            process.kill()
        if outcome.ended is not Ended.EXITED or outcome.exit_code != 0:
            return {"checkout_writable": False}
        got = bool(select.select([datagrams], [], [], 0)[0])
        return {**_judge(json.loads(outcome.output_head), checkout, outside), "datagrams_denied": not got}


def _judge(done: Mapping[str, object], checkout: Path, outside: Path) -> Mapping[str, bool]:
    return {
        "checkout_writable": (checkout / "written").exists(),
        "elsewhere_unwritable": not (outside / "written").exists(),
        "secret_hidden": done["secret"] != _SECRET,
        _LOOPBACK_NAME: not done["loopback"],
        "services_hidden": not done["service"],
        "host_processes_hidden": not done["seen"],
        "host_signals_denied": not done["signalled"],
        "nothing_survives": _is_free(checkout / "held"),
        "processes_limited": done["processes"] != _TRIED,
    }


def _listen(service: socket.socket, folder: Path) -> None:
    """Listen in a folder however long its path: an address has room for a hundred characters."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        near = Path(f"/proc/self/fd/{descriptor}")
        service.bind(os.fspath((near if near.exists() else folder) / "service"))
        service.listen()
    finally:
        os.close(descriptor)


def _is_free(lock: Path) -> bool:
    """Whether nobody holds the lock that the left daemon took."""
    with lock.open("r") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _unavailable(isolation: Isolation) -> str:
    """Why a level need not be tried at all."""
    if isolation is Isolation.NONE:
        return ""
    if sys.platform != "linux":
        return f"not offered on {os.uname().sysname}"
    if isolation is Isolation.NAMESPACES:
        return "" if find_bubblewrap() else "bubblewrap is not installed"
    return "" if landlock.abi() > 0 else "the kernel does not offer Landlock"
