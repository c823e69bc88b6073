"""Amounts of money as text and as numbers."""

from decimal import Decimal


def parse(text: str) -> Decimal:
    """Read an amount such as "12.50"."""
    return Decimal(text.strip().replace(",", ""))


def show(amount: Decimal) -> str:
    """Write an amount with two places."""
    return f"{amount:.2f}"
