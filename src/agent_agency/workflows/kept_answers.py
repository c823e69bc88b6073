"""This user's kept answers of engines, and the secret that lets the same question be the same bytes again.

A kept answer is found, and a prefix that a server keeps is used, only where a judge asks the very same bytes. What
would differ is the nonce of the fences (`judging.fence`), so its secret is kept beside the answers, for this user
alone: who removes it has other fences from then on. Where it cannot be kept, each run draws one of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from agent_agency.errors import AgencyError
from agent_agency.inference.call_cache import CallCache

CALLS = "calls"
"""The folder of kept answers, beside the user's other files of this kind."""
SERVED = "served"
"""The same for what is answered over HTTP."""
SECRET = "fences.key"  # noqa: S105 - a file's name
_BYTES = 32
_OTHERS = 0o077


def calls_folder(environment: Mapping[str, str]) -> Path:
    """Where answers of engines are kept: the user's cache (XDG Base Directory Specification 0.8).

    Raises:
        AgencyError: there is no home folder.
    """
    named, home = Path(environment.get("XDG_CACHE_HOME", "")), Path(environment.get("HOME", ""))
    if named.is_absolute():
        return named / "agency" / CALLS
    if home.is_absolute():
        return home / ".cache" / "agency" / CALLS
    raise AgencyError("There is no home folder to keep answers in", fix="Set HOME or XDG_CACHE_HOME.")


def kept_answers(environment: Mapping[str, str], tell: Callable[[str], None] | None = None) -> CallCache | None:
    """The user's kept answers; ``None`` where there is no place for them.

    Args:
        environment: the process's variables.
        tell: told once, in a sentence, that and why replies cannot be kept.
    """
    try:
        return CallCache(calls_folder(environment), tell=tell)
    except AgencyError:
        return None


def served_answers(environment: Mapping[str, str], tell: Callable[[str], None] | None = None) -> CallCache | None:
    """What `agency engine serve` keeps, apart from what judges keep: who may ask a face is told nothing of judges.

    Args:
        environment: the process's variables.
        tell: as for `kept_answers`.
    """
    try:
        return CallCache(calls_folder(environment).with_name(SERVED), tell=tell)
    except AgencyError:
        return None


def fence_secret(environment: Mapping[str, str], drawn: Callable[[int], bytes] = os.urandom) -> Callable[[int], bytes]:
    """The source of the fences' secret: the user's own one, made when it is asked for first.

    Args:
        environment: the process's variables.
        drawn: random bytes, for a new one, and for a run where none can be kept.
    """
    return partial(_secret, environment, drawn)


def _secret(environment: Mapping[str, str], drawn: Callable[[int], bytes], size: int) -> bytes:
    try:
        place = calls_folder(environment).parent / SECRET
        key = _read(place) or _made(place, drawn(_BYTES))
    except (AgencyError, OSError):
        return drawn(size)
    return hashlib.shake_256(key).digest(size)


def _read(place: Path) -> bytes | None:
    """The key; ``None`` where there is none.

    Raises:
        OSError: what stands there is not this user's own key.
    """
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        mine = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & _OTHERS
        key = stream.read(_BYTES + 1) if mine else b""
    if len(key) != _BYTES:
        raise OSError("it is no key of this user's alone")
    return key


def _made(place: Path, key: bytes) -> bytes:
    """Keep a new key unless somebody was first; answer the one that is kept.

    Raises:
        OSError: it cannot be kept.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".fences-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key)
        with contextlib.suppress(FileExistsError):
            os.link(name, place)
    finally:
        Path(name).unlink()
    kept = _read(place)
    if kept is None:
        raise OSError("it was taken away")
    return kept
