from decimal import Decimal

from tally.totals import total


def test_lines_are_added_up() -> None:
    assert total([("1.50", 2), ("0.25", 4)]) == Decimal("4.00")


def test_a_total_is_rounded_half_to_even() -> None:
    assert total([("2.125", 1)]) == Decimal("2.12")
    assert total([("2.135", 1)]) == Decimal("2.14")


def test_an_invoice_without_lines_is_zero() -> None:
    assert total([]) == Decimal("0.00")
