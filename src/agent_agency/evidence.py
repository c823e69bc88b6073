"""Content-addressed evidence: what a ruling rests on, stored under its own digest.

Files lie at ``<folder>/<first two hex digits>/<remaining digits>``; a file's name is the SHA-256 of its bytes, so a
changed file is recognised whenever it is read.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent_agency.canonical_json import digest_bytes
from agent_agency.errors import EvidenceError

_DIGEST = re.compile(r"sha256:([0-9a-f]{2})([0-9a-f]{62})")


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """A folder of evidence files, for its owner alone; its grandparent must exist."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Store the bytes durably and return their digest; storing the same bytes twice is one file.

        Raises:
            EvidenceError: when the folder cannot be written; nothing half-written stays behind.
        """
        digest = digest_bytes(data)
        target = self._path(digest)
        try:
            if target.exists() and digest_bytes(target.read_bytes()) == digest:
                return digest
            for folder in (self.folder.parent, self.folder, target.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            _write_durably(target, data)
        except OSError as error:
            raise EvidenceError(
                f"The evidence could not be stored: {error.strerror or error}",
                fix="Make the folder writable and check that the disk has room; then review again.",
                path=str(self.folder),
            ) from error
        return digest

    def get(self, digest: str) -> bytes:
        """Read the bytes behind a digest.

        Raises:
            EvidenceError: when they are missing, or no longer what the digest says.
        """
        target = self._path(digest)
        try:
            data = target.read_bytes()
        except OSError as error:
            raise EvidenceError(
                f"No evidence with digest {digest} can be read",
                fix="Restore the evidence folder from a backup, or review again.",
                path=str(target),
            ) from error
        if digest_bytes(data) != digest:
            raise EvidenceError(
                f"The evidence file no longer matches its digest {digest}",
                fix="Restore the file from a backup; what it holds now proves nothing.",
                path=str(target),
            )
        return data

    def _path(self, digest: str) -> Path:
        match = _DIGEST.fullmatch(digest)
        if not match:
            raise EvidenceError(f"{digest!r} is no evidence digest", fix="Give a digest like sha256:<64 hex digits>.")
        return self.folder / match[1] / match[2]


def _write_durably(target: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
