"""Killing a process with SIGKILL right before the n-th call by which it changes a file or tells a server something.

A forked child is traced with ptrace, so that each ``write``, ``fsync``, ``rename`` or ``send`` of the process is a
place to kill it at, whichever library makes the call.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

_TRACE_ME, _SYSCALL, _SET_OPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_OPTIONS = 0x1 | 0x100000  # mark stops at calls; end the child with its tracer
_AT_CALL = signal.SIGTRAP | 0x80
_ENTERED = 1
_CREATE = os.O_CREAT
_X86_64 = {
    1: "write",
    18: "write",
    20: "write",
    44: "send",
    46: "send",
    74: "fsync",
    75: "fsync",
    77: "truncate",
    82: "rename",
    83: "mkdir",
    87: "unlink",
    257: "open",
    258: "mkdir",
    263: "unlink",
    264: "rename",
    296: "write",
    316: "rename",
}
_AARCH64 = {
    34: "mkdir",
    35: "unlink",
    38: "rename",
    46: "truncate",
    56: "open",
    64: "write",
    66: "write",
    68: "write",
    70: "write",
    82: "fsync",
    83: "fsync",
    206: "send",
    211: "send",
    276: "rename",
}
CALLS = {"x86_64": _X86_64, "aarch64": _AARCH64}.get(platform.machine(), {}) if sys.platform == "linux" else {}


class _Info(ctypes.Structure):
    _fields_ = (
        ("op", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("ip", ctypes.c_uint64),
        ("sp", ctypes.c_uint64),
        ("nr", ctypes.c_uint64),
        ("args", ctypes.c_uint64 * 6),
    )


@dataclass(frozen=True, slots=True)
class Traced:
    """What became of the child: whether it was killed, the calls it had made until then, and what it told."""

    killed: bool
    calls: tuple[str, ...]
    told: tuple[str, ...]


def run_killed_at(work: Callable[[Callable[[str], None]], None], place: int | None) -> Traced:
    """Run ``work`` in a child that is killed right before its call number ``place``, counted from 1; never for None.

    ``work`` is given a function that tells one line to the parent; a told line is a call too (``tell``).
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _traced_child(work, writing)
    os.close(writing)
    os.waitpid(child, 0)
    _ptrace(_SET_OPTIONS, child, 0, _OPTIONS)
    calls: list[str] = []
    killed = _follow(child, place, calls, writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read().decode().splitlines()
    return Traced(killed, tuple(calls), tuple(told))


def _traced_child(work: Callable[[Callable[[str], None]], None], writing: int) -> None:
    status = 1
    try:
        _ptrace(_TRACE_ME, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        work(lambda line: _tell(writing, line))
        status = 0
    finally:
        os._exit(status)


def _tell(writing: int, line: str) -> None:
    os.write(writing, f"{line}\n".encode())


def _follow(child: int, place: int | None, calls: list[str], telling: int) -> bool:
    passed = 0
    while True:
        _ptrace(_SYSCALL, child, 0, passed)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            if status != 0:
                raise RuntimeError(f"the child failed: {status}")
            return False
        passed = os.WSTOPSIG(status)
        if passed != _AT_CALL:
            continue
        passed = 0
        name = _call(child, telling)
        if name is None:
            continue
        if len(calls) + 1 == place:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        calls.append(name)


def _call(child: int, telling: int) -> str | None:
    info = _Info()
    _ptrace(_SYSCALL_INFO, child, ctypes.sizeof(info), ctypes.addressof(info))
    if info.op != _ENTERED:
        return None
    name = CALLS.get(info.nr)
    if name == "open":
        return "create" if info.args[2] & _CREATE else None
    return "tell" if name == "write" and info.args[0] == telling else name


def _ptrace(request: int, pid: int, address: int, data: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, address, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")
