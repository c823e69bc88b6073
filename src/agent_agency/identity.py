"""Identifiers, passed in: nothing that decides makes up an id by itself."""

from __future__ import annotations

import secrets
from typing import Protocol


class IdSource(Protocol):
    """Gives a new identifier at each call: 32 lower-case hexadecimal digits."""

    def __call__(self) -> str:
        """Give an identifier that nothing else has."""
        ...


def random_id() -> str:
    """128 bits from the operating system's source of randomness, as 32 hexadecimal digits."""
    return secrets.token_hex(16)
