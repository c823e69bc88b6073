from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec import core_schema


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("n", "n"),
        ("0", 0),
        ("007", 7),
        ("-12", -12),
        ("+3", 3),
        ("0o17", 15),
        ("0o8", "0o8"),
        ("0x1F", 31),
        ("0b101", 5),
        ("0b102", "0b102"),
        ("1_000", 1000),
        ("0_2", 2),
        ("1_", "1_"),
        ("_1", "_1"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("2.0", 2.0),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+.5", "+.5"),
        ("-.inf", -math.inf),
        (".INF", math.inf),
        (".Nan", ".Nan"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("1:20", "1:20"),
        ("<<", "<<"),
        ("9007199254740993", 9007199254740992.0),
        ("1e999", math.inf),
        ("-" + "9" * 6000, -math.inf),
        ("0x" + "f" * 300, math.inf),
        ("\uff11\uff12", "\uff11\uff12"),
        ("1\n", "1\n"),
    ],
)
def test_a_plain_scalar_is_read_as_the_reference_reads_it(text: str, value: object) -> None:
    read = core_schema.plain_scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_a_number_of_its_own() -> None:
    assert math.isnan(core_schema.plain_scalar(".NaN"))
    assert math.isnan(core_schema.plain_scalar("._e5"))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (1000.0, "1000"),
        (1e21, "1e+21"),
        (0.5, "0.5"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
        ({"a": 1}, "[object Object]"),
        ([1, None, "x", True, {}], "1,,x,true,[object Object]"),
    ],
)
def test_a_key_becomes_the_text_that_the_reference_makes_of_it(key: object, text: str) -> None:
    assert core_schema.key_text(key) == text


def test_a_list_in_a_list_is_no_key() -> None:
    with pytest.raises(ValueError, match="list inside a list"):
        core_schema.key_text([[1]])


@given(st.text())
def test_any_plain_scalar_gives_a_scalar(text: str) -> None:
    assert isinstance(core_schema.plain_scalar(text), str | int | float | bool | None)


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_an_exact_integer_is_read_back(number: int) -> None:
    assert core_schema.plain_scalar(str(number)) == number
