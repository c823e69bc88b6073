"""Canonical JSON (RFC 8785): one value, one byte sequence, so that a digest means the same everywhere."""

from __future__ import annotations

import hashlib
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Serialise plain JSON data (dict with str keys, list, str, int, float, bool, None) as RFC 8785 says.

    Raises:
        ValueError: for what JSON has no form for: NaN, infinities, integers beyond 2**53, lone surrogates, other types.
    """
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def digest_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, written ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value."""
    return digest_bytes(canonical_json(value))
