"""The digest of a measured change: two changes share one only when every measured value is the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agent_agency.canonical_json import digest_bytes
from agent_agency.change.model import FileChange, FileEnd


def change_digest(files: Sequence[FileChange]) -> str:
    """SHA-256 over the canonical JSON of everything measured of every file, in order."""
    return digest_bytes(change_record(files))


def change_record(files: Sequence[FileChange]) -> bytes:
    """The canonical JSON that the digest is over.

    It holds text, small integers, booleans and null only, and these the standard writer puts down canonically already;
    for 50,000 files the general one takes seconds.
    """
    records = [_file_record(file) for file in files]
    return json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _file_record(file: FileChange) -> list[Any]:
    return [
        file.status.value,
        _end_record(file.old),
        _end_record(file.new),
        file.added,
        file.deleted,
        file.binary,
        file.generated,
        file.whitespace_only,
        file.no_op,
        file.similarity,
        file.unseen_lines,
    ]


def _end_record(end: FileEnd | None) -> list[Any] | None:
    if end is None:
        return None
    return [_text(end.path), end.mode, end.blob, str(end.size), _text(end.link_target), end.lfs_oid, str(end.lfs_size)]


def _text(value: str | None) -> str | dict[str, str] | None:
    """Text as it is; bytes that are no UTF-8 as hex under a key, so that no two raw names read alike."""
    if value is None or value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return {"bytes": value.encode("utf-8", "surrogateescape").hex()}
    return value
