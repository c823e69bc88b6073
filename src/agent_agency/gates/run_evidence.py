"""What a tool's run leaves as evidence: its report and its output, without credentials and no larger than a cap.

Each is stored whole up to ``LONGEST_STORED`` bytes; of a longer one the first and the last part are, with a line
between them that tells how many bytes were left out. The digest of the original bytes is told in either case. Where
credentials cannot be looked for, nothing but digests is kept: evidence is never worth a leaked secret.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.errors import EvidenceError
from agent_agency.evidence import EvidenceState, EvidenceStore
from agent_agency.facts import GateResult
from agent_agency.gates.credential_places import NotLookedThroughError
from agent_agency.gates.redaction import MARGIN, Redactor
from agent_agency.sandbox.model import MEBIBYTE, Outcome

LONGEST_STORED = MEBIBYTE
"""Bytes of one report or output that are stored, before what credentials give way to."""

_CHUNK = 1 << 20
_PART = LONGEST_STORED // 2


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes to store: all of them in ``head``, or the first and the last ones with ``left_out`` between.

    Each part overlaps what is left out by up to ``MARGIN`` bytes, so that a credential that the cut goes through is
    seen whole; ``head_end`` and ``tail_start`` say where the parts to store end and begin.
    """

    digest: str
    size: int
    head: bytes
    tail: bytes
    head_end: int
    tail_start: int

    @property
    def left_out(self) -> int:
        return self.size - self.head_end - (len(self.tail) - self.tail_start)


@dataclass(frozen=True, slots=True)
class EvidenceKeeper:
    """Keeps what runs of tools left, for the ruling to name.

    Args:
        store: where evidence lies.
        redactor: what takes credentials out.
    """

    store: EvidenceStore
    redactor: Redactor

    @classmethod
    def of(cls, store: EvidenceStore, variables: Mapping[str, str]) -> EvidenceKeeper:
        """A keeper that also takes out the values of those of the arbiter's own variables that name credentials."""
        return cls(store, Redactor.of(variables))

    def keep_report(self, path: Path, digest: str | None, part: str) -> Mapping[str, Any] | None:
        """Store a report that a run wrote.

        Args:
            path: the report, which no process of the tool can change any more.
            digest: what was computed when it was read; ``None`` where it was not.
            part: which run wrote it: ``head``, ``base``, ``overlay``, ``rerun`` or ``setup``.

        Returns:
            A JSON-ready record, or ``None`` where there is no regular file. Its ``digest`` is ``None`` where only the
            digest ``of`` the original could be kept, and ``problem`` says why.
        """
        try:
            kept = _read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            return _record("report", part, digest, None, f"it cannot be read: {error.strerror}")
        if kept is None:
            return None
        if digest is not None and kept.digest != digest:
            return _record("report", part, digest, None, "it changed after it was judged")
        return self._keep("report", part, kept)

    def keep_output(self, outcome: Outcome, part: str) -> Mapping[str, Any]:
        """Store what a run wrote to standard output and standard error together (``part`` as in `keep_report`)."""
        return self._keep("output", part, _of_output(outcome))

    def _keep(self, kind: str, part: str, kept: _Kept) -> Mapping[str, Any]:
        try:
            cleaned = [self.redactor.redact(kept.head, end=kept.head_end)]
            if kept.left_out:
                cleaned.append(self.redactor.redact(kept.tail, start=kept.tail_start, torn=True))
        except Exception as error:  # noqa: BLE001 - whatever a detector stumbles over, what it did not see is not stored
            why = str(error) if isinstance(error, NotLookedThroughError) else type(error).__name__
            return _record(kind, part, kept.digest, kept.size, f"credentials cannot be looked for in it: {why}")
        between = b"\n[%d bytes left out here]\n" % kept.left_out if kept.left_out else b""
        data = between.join(part.data for part in cleaned)
        try:
            stored = self.store.put(data)
        except EvidenceError as error:
            return _record(kind, part, kept.digest, kept.size, error.message)
        return {
            "kind": kind,
            "part": part,
            "digest": stored,
            "of": kept.digest,
            "bytes": kept.size,
            "stored_bytes": len(data),
            "redacted": sum(part.credentials for part in cleaned),
            "capped": kept.left_out > 0,
        }

    def holds(self, result: GateResult) -> bool:
        """Whether all that is stored of a result's evidence is still there and whole, so that it may be used again."""
        digests = [kept.get("digest") for kept in result.facts.get("evidence") or ()]
        return all(self.store.state(digest) is EvidenceState.OK for digest in digests if digest is not None)

    def clean(self, result: GateResult) -> GateResult:
        """A gate's result with no credential in anything that it tells."""
        return self.redactor.clean_result(result)


def _record(kind: str, part: str, of: str | None, size: int | None, problem: str) -> dict[str, Any]:
    """The record of what could not be stored."""
    return {
        "kind": kind,
        "part": part,
        "digest": None,
        "of": of,
        "bytes": size,
        "stored_bytes": 0,
        "redacted": 0,
        "capped": False,
        "problem": problem,
    }


def _read(path: Path) -> _Kept | None:
    """Read a regular file once, a piece at a time, holding no more than its ends; a link is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        digest, size = hashlib.sha256(), 0
        head, tail = bytearray(), bytearray()
        while piece := stream.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
            room = LONGEST_STORED + MARGIN - len(head)
            head += piece[:room]
            tail += piece[-(_PART + MARGIN) :]
            del tail[: -(_PART + MARGIN)]
    return _ends(f"sha256:{digest.hexdigest()}", size, bytes(head), bytes(tail))


def _of_output(outcome: Outcome) -> _Kept:
    head, tail = outcome.output_head, outcome.output_tail
    if len(head) + len(tail) >= outcome.output_bytes:
        return _ends(outcome.output_digest, outcome.output_bytes, head + tail, b"")
    # what is held of an output ends where it is cut, so the margin is taken off it
    end, start = max(len(head) - MARGIN, 0), min(MARGIN, len(tail))
    return _Kept(outcome.output_digest, outcome.output_bytes, head, tail, end, start)


def _ends(digest: str, size: int, head: bytes, tail: bytes) -> _Kept:
    if size <= LONGEST_STORED:
        return _Kept(digest, size, head[:size], b"", size, 0)
    head = head[: _PART + MARGIN]
    return _Kept(digest, size, head, tail, min(_PART, len(head)), max(len(tail) - _PART, 0))
