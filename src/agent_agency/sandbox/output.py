"""Keep the head and the tail of a stream, its size and its digest, whatever its length."""

from __future__ import annotations

import hashlib

from agent_agency.sandbox.model import MEBIBYTE

LONGEST_PART = MEBIBYTE // 4
"""Bytes kept of the beginning, and as many of the end."""


class KeptOutput:
    """The output of one command: never more than ``limit`` bytes are counted, nor twice ``part`` bytes held."""

    def __init__(self, limit: int, part: int = LONGEST_PART) -> None:
        self._limit = limit
        self._part = part
        self._digest = hashlib.sha256()
        self._head = bytearray()
        self._tail = bytearray()
        self.count = 0

    def add(self, chunk: bytes) -> bytes:
        """Take what was read; hand back what of it still fits under the limit."""
        fits = chunk[: max(self._limit - self.count, 0)]
        self.count += len(fits)
        self._digest.update(fits)
        room = self._part - len(self._head)
        self._head += fits[:room]
        self._tail += fits[max(room, 0) :]
        if len(self._tail) > 2 * self._part:
            del self._tail[: -self._part]
        return fits

    @property
    def head(self) -> bytes:
        """The first bytes."""
        return bytes(self._head)

    @property
    def tail(self) -> bytes:
        """The last bytes, without those of the head."""
        return bytes(self._tail[-self._part :])

    @property
    def digest(self) -> str:
        """``sha256:`` over all that was counted."""
        return f"sha256:{self._digest.hexdigest()}"
