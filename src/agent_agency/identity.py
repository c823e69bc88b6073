"""Identifiers, passed in: nothing that decides makes up an id by itself."""

from __future__ import annotations

import secrets


def random_id() -> str:
    """128 bits from the operating system's source of randomness, as 32 hexadecimal digits."""
    return secrets.token_hex(16)
