"""Landlock by its system calls: restrict this process and all it starts to named paths.

The numbers and bits are those of the kernel's ``linux/landlock.h`` and its user-space documentation; the three system
calls have the same numbers on every architecture that uses the common table. Only the standard library: the
supervising process imports it.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FIRST_ABI = (1 << 13) - 1
_ADDED_BY_ABI = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_NET_ABI, _NET_BIND_TCP, _NET_CONNECT_TCP = 4, 1 << 0, 1 << 1
_SCOPE_ABI, _SCOPE_ABSTRACT_SOCKET, _SCOPE_SIGNAL = 6, 1 << 0, 1 << 1
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

READ = _EXECUTE | _READ_FILE | _READ_DIR
WRITE = (_FIRST_ABI | _REFER | _TRUNCATE) & ~(_MAKE_CHAR | _MAKE_BLOCK)  # a device made here would open the machine's
USE_DEVICE = _READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV

_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 24, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The version of Landlock that the kernel offers; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(int(_library().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))), 0)


def denies_tcp() -> bool:
    """Whether the kernel's Landlock can keep a process from TCP."""
    return abi() >= _NET_ABI


def restrict(rules: Iterable[tuple[str, int]], *, network: bool) -> None:
    """Give up for good all access to files but to those below the given paths, with the given rights.

    Without ``network`` TCP is given up too (ABI 4), and signals and abstract sockets beyond the own processes (ABI 6).
    A path that is not there is passed over.

    Raises:
        OSError: when the kernel refuses; the caller must not go on.
    """
    version = abi()
    handled = _FIRST_ABI
    for since, bits in _ADDED_BY_ABI.items():
        handled |= bits if version >= since else 0
    attributes = _RulesetAttributes(
        handled,
        _NET_BIND_TCP | _NET_CONNECT_TCP if version >= _NET_ABI and not network else 0,
        (_SCOPE_SIGNAL | (0 if network else _SCOPE_ABSTRACT_SOCKET)) if version >= _SCOPE_ABI else 0,
    )
    size = 24 if version >= _SCOPE_ABI else 16 if version >= _NET_ABI else 8
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path, access in rules:
            _allow(ruleset, path, access & handled)
        set_no_new_privileges()
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def set_no_new_privileges() -> None:
    """Forbid this process and all it starts to gain rights by running a set-user-id program."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up root's powers for good: running a program as root does not bring them back.

    Raises:
        OSError: when the kernel refuses; the caller must not go on.
    """
    library = _library()
    empty_bounding_set()
    library.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    if library.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")


def empty_bounding_set() -> None:
    """See to it that no program which is run can have capabilities, while this process keeps its own.

    Raises:
        OSError: when the kernel refuses; the caller must not go on.
    """
    library = _library()
    for number in range(_MOST_CAPABILITIES):
        if library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            if ctypes.get_errno() == 22:  # EINVAL: the kernel knows no further one  # noqa: PLR2004
                break
            raise OSError(ctypes.get_errno(), "the bounding set cannot be emptied")


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _ON_FILES
        rule = _PathBeneath(access, descriptor)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    answer = int(_library().syscall(number, *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused: {os.strerror(ctypes.get_errno())}")
    return answer


def _prctl(option: int, value: int) -> None:
    if _library().prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")
