from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.spend.money import cost_of, micro_of, told


@given(st.integers(0, 10**15 - 1))
def test_an_amount_is_read_as_it_was_written_and_told_alike(micro: int) -> None:
    text = f"{micro // 10**6}.{micro % 10**6:06d}"
    assert micro_of(text) == micro
    assert micro_of(told(micro, "").replace(",", "")) == micro


@given(st.integers(0, 10**8))
def test_a_number_with_a_decimal_point_is_read_exactly(hundredths: int) -> None:
    assert micro_of(float(f"{hundredths // 100}.{hundredths % 100:02d}")) == hundredths * 10_000


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        [],
        -1,
        "-0.1",
        "1e-7",
        "nan",
        "inf",
        "",
        "1,5",
        float("nan"),
        float("inf"),
        0.0000001,
        10**9,
        "1e999999",
        "9" * 5000,
        "1.0000001",
        1.0000001,
    ],
)
def test_what_is_no_amount_is_none(value: Any) -> None:
    assert micro_of(value) is None


@given(st.integers(0, 10**9), st.integers(0, 10**12))
def test_a_cost_is_never_less_than_the_exact_one_and_less_than_one_unit_more(tokens: int, price: int) -> None:
    exact = Fraction(tokens * price, 1_000_000)
    assert exact <= cost_of(tokens, price) < exact + 1


def test_amounts_are_told_with_two_decimals_at_least() -> None:
    assert [told(one, "EUR") for one in (0, 1_500_000, 1, -20_000, 1_234_567_000_000)] == [
        "0.00 EUR",
        "1.50 EUR",
        "0.000001 EUR",
        "-0.02 EUR",
        "1,234,567.00 EUR",
    ]
