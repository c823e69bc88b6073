"""Git LFS pointer files, after https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md (version 1)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from agent_agency.errors import GitError

SMALLEST_POINTER = 120
LARGEST_POINTER = 1023
_VERSIONS = (b"https://git-lfs.github.com/spec/v1", b"https://hawser.github.com/spec/v1")
_EXTENSION = re.compile(rb"ext-[0-9]-[a-z0-9.-]+\Z")
_OID = re.compile(rb"sha256:([0-9a-f]{64})\Z")
_SIZE = re.compile(rb"(?:0|[1-9][0-9]{0,18})\Z")


@dataclass(frozen=True, slots=True)
class LfsPointer:
    """What a pointer names: the content's SHA-256 in hex, and its size in bytes."""

    oid: str
    size: int


def parse_pointer(data: bytes) -> LfsPointer | None:
    """Read a pointer file; ``None`` for anything that does not have exactly the form of one.

    Strict on purpose: version first, then in order ``oid``, ``size`` and the keys of extensions, each once, no other.
    """
    if not data.startswith(b"version ") or not data.endswith(b"\n"):
        return None
    if not SMALLEST_POINTER <= len(data) <= LARGEST_POINTER:
        return None
    pairs = [line.partition(b" ")[::2] for line in data[:-1].split(b"\n")]
    keys = [key for key, _ in pairs]
    values = dict(pairs)
    extensions = [key for key in keys[1:] if key not in {b"oid", b"size"}]
    in_order = keys[0] == b"version" and keys[1:] == sorted(set(keys[1:]))
    if not in_order or values[b"version"] not in _VERSIONS:
        return None
    if not all(_EXTENSION.match(key) and _OID.match(values[key]) for key in extensions):
        return None
    oid, size = _OID.match(values.get(b"oid", b"")), _SIZE.match(values.get(b"size", b""))
    if oid is None or size is None:
        return None
    return LfsPointer(oid[1].decode("ascii"), int(size[0]))


def write_pointer(pointer: LfsPointer) -> bytes:
    """The pointer file that Git LFS commits in place of a content."""
    return b"version %s\noid sha256:%s\nsize %d\n" % (_VERSIONS[0], pointer.oid.encode("ascii"), pointer.size)


def pointer_for(path: Path) -> bytes:
    """What Git LFS would commit for a file: its pointer; an empty file and a pointer stay as they are.

    Raises:
        GitError: when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(LARGEST_POINTER + 1)
            if not start or parse_pointer(start) is not None:
                return start
            file.seek(0)
            checksum = hashlib.file_digest(file, "sha256")
            return write_pointer(LfsPointer(checksum.hexdigest(), file.tell()))
    except OSError as error:
        raise GitError(
            f"a file kept by Git LFS cannot be read ({error.strerror})", fix="Check its permissions.", path=str(path)
        ) from error
