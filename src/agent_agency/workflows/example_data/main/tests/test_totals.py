from decimal import Decimal

from tally.totals import total


def test_lines_are_added_up() -> None:
    assert total([("1.50", 2), ("0.25", 4)]) == Decimal("4.00")
