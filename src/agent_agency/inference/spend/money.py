"""Money as whole micro-units of a currency: 1.50 EUR is 1,500,000, so that sums are exact whatever their order."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

MICRO = 1_000_000
MOST_MICRO = 10**15
"""A thousand million of a currency; what is larger is a slip of the pen."""
_MILLION_TOKENS = 1_000_000


def micro_of(value: Any) -> int | None:
    """A number or a decimal text in micro-units; ``None`` for what is no amount of at most six decimals.

    A number that was written with a decimal point arrives as a float; its shortest decimal form is what was written.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(value if isinstance(value, str) else repr(value)) * MICRO
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= MOST_MICRO or amount != amount.to_integral_value():
        return None
    return int(amount)


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
