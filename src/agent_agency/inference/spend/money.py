"""Money as whole micro-units of a currency: 1.50 EUR is 1,500,000, so that sums are exact whatever their order."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

MICRO = 1_000_000
_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6})0*)?")
"""Less than a thousand million of a currency; what is larger is a slip of the pen."""
_MILLION_TOKENS = 1_000_000


def micro_of(value: Any) -> int | None:
    """A number or a decimal text in micro-units; ``None`` for what is no amount of at most six decimals.

    A number that was written with a decimal point arrives as a float; its shortest decimal form is what was written.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    written = format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
    found = _AMOUNT.fullmatch(written)
    return None if found is None else int(found[1]) * MICRO + int((found[2] or "0").ljust(6, "0"))


def cost_of(tokens: int, price: int) -> int:
    """Micro-units that tokens cost, rounded up.

    Args:
        tokens: 0 or more.
        price: micro-units for a million tokens.
    """
    return -(-tokens * price // _MILLION_TOKENS)


def told(micro: int, currency: str) -> str:
    """An amount for people: at least two decimals, and as many as it has."""
    whole, part = divmod(abs(micro), MICRO)
    digits = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{whole:,}.{digits} {currency}".rstrip()
