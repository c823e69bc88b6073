from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec import javascript_values as js


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        (js.UNDEFINED, False),
        (False, False),
        (0, False),
        (0.0, False),
        (math.nan, False),
        ("", False),
        ("0", True),
        (" ", True),
        ([], True),
        ({}, True),
        (b"", True),
        (js.Moment(0, "1970-01-01"), True),
        (-1, True),
    ],
)
def test_truth_is_javascripts(value: Any, expected: bool) -> None:
    assert js.is_true(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 0),
        (True, 1),
        ("", 0),
        (" \n2\t", 2),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o17", 15),
        (".5", 0.5),
        ("5.", 5),
        ("-1e2", -100),
        ("Infinity", math.inf),
        ([], 0),
        ([2], 2),
        ([[3]], 3),
        ([None], 0),
        (js.Moment(7, "x"), 7),
    ],
)
def test_values_read_as_numbers(value: Any, expected: float) -> None:
    assert js.to_number(value) == expected


@pytest.mark.parametrize(
    "value", [js.UNDEFINED, "T2", "2 3", "1_0", "-0x2", "inf", "nan", [1, 2], {}, "\u0662", [True]]
)
def test_values_that_are_no_number_are_nan(value: Any) -> None:
    assert math.isnan(js.to_number(value))
    assert not js.is_outside(value, 1, 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.0, "2"),
        (True, "true"),
        (None, "null"),
        (js.UNDEFINED, "undefined"),
        (["a", None, ["b", 1]], "a,,b,1"),
        ({}, "[object Object]"),
        (b"\x01\x02", "1,2"),
        (-math.inf, "-Infinity"),
    ],
)
def test_values_read_as_text(value: Any, expected: str) -> None:
    assert js.to_text(value) == expected


def test_only_a_number_equals_a_number_strictly() -> None:
    assert js.is_one_of(1.0, 1, 2)
    assert not js.is_one_of(True, 1)
    assert not js.is_one_of("1", 1)


def test_length_is_a_member_like_any_other() -> None:
    assert js.is_empty([])
    assert js.is_empty("")
    assert js.is_empty({"length": 0})
    assert not js.is_empty({})
    assert not js.is_empty({"length": "0"})
    assert not js.is_empty(5)
    assert js.member("\U0001f600", "length") == 2


def test_reading_a_member_of_nothing_stops_javascript() -> None:
    for nothing in (None, js.UNDEFINED):
        with pytest.raises(js.JavaScriptTypeError):
            js.member(nothing, "id")


@given(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_a_number_written_as_text_reads_as_the_same_number(number: float) -> None:
    assert js.to_number(repr(number).replace("inf", "Infinity")) == number
