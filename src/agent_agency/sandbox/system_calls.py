"""A filter of system calls that closes what Landlock leaves open: datagrams, and sockets that are files.

A service that listens on a socket file (an agent with keys, a container engine) acts for whoever connects. The program
is one for the kernel's seccomp, as ``linux/filter.h`` and ``linux/seccomp.h`` describe it. Pairs of connected stream
sockets, which programs use to talk to their own children, stay. Only the standard library: the supervising process
imports it.
"""

from __future__ import annotations

import ctypes
import os
import sys

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_ALLOW, _REFUSE, _NO_SUCH_CALL = 0x7FFF0000, 0x00050000 | 13, 0x00050000 | 38
_FOREIGN_NUMBERS = 0x40000000  # the x32 way to make the same calls
_IO_URING_SETUP = 425
_MACHINES = {"x86_64": (0xC000003E, 41, 53), "aarch64": (0xC00000B7, 198, 199)}
_UNIX, _INET, _INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _KIND = 1, 2, 0xF
_PR_SET_SECCOMP, _FILTER_MODE = 22, 2

Instruction = tuple[int, int, int, int]


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(_Instruction)))


def close_sockets(*, network: bool, streams: bool) -> bool:
    """Refuse socket files to this process and all it starts, and without ``network`` everything but ``streams`` (TCP).

    ``no_new_privs`` must be set. Whether the filter is in force: not on a machine that it does not know.
    """
    known = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or known is None or sys.maxsize < 2**32:
        return False
    made = _program(*known, network=network, streams=streams)
    array = (_Instruction * len(made))(*(_Instruction(*each) for each in made))
    program = _Program(len(made), array)
    return bool(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) == 0)


def _program(architecture: int, socket: int, pair: int, *, network: bool, streams: bool) -> list[Instruction]:
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _FOREIGN_NUMBERS),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_JUMP_EQUAL, 0, 1, _IO_URING_SETUP),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_JUMP_EQUAL, 0, 5, pair),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _KIND),
        (_JUMP_EQUAL, 0, 1, _DATAGRAM),  # one end of such a pair can still send elsewhere
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
        (_JUMP_EQUAL, 1, 0, socket),
        (_RETURN, 0, 0, _ALLOW),
        *_of_socket(network=network, streams=streams),
    ]


def _of_socket(*, network: bool, streams: bool) -> list[Instruction]:
    if network:
        return [
            (_LOAD, 0, 0, _FIRST),
            (_JUMP_EQUAL, 0, 1, _UNIX),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    if not streams:
        return [(_RETURN, 0, 0, _REFUSE)]
    return [
        (_LOAD, 0, 0, _FIRST),
        (_JUMP_EQUAL, 2, 0, _INET),
        (_JUMP_EQUAL, 1, 0, _INET6),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _KIND),
        (_JUMP_EQUAL, 0, 1, _STREAM),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
