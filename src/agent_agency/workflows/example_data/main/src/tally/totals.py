"""Totals of an invoice."""

from decimal import Decimal

from tally.money import parse


def total(lines: list[tuple[str, int]]) -> Decimal:
    """Add up (price, quantity) lines."""
    return sum((parse(price) * quantity for price, quantity in lines), Decimal("0.00"))
