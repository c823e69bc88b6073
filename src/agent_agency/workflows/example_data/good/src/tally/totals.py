"""Totals of an invoice."""

from decimal import ROUND_HALF_EVEN, Decimal

from tally.money import parse

CENT = Decimal("0.01")


def total(lines: list[tuple[str, int]]) -> Decimal:
    """Add up (price, quantity) lines and round the sum half to even, to the cent."""
    exact = sum((parse(price) * quantity for price, quantity in lines), Decimal("0.00"))
    return exact.quantize(CENT, rounding=ROUND_HALF_EVEN)
