import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.canonical_json import (
    NotCanonicalError,
    canonical_json,
    digest_json,
    parse_canonical,
    parse_json,
)

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Surrogates have no UTF-8 form; the next test holds that they are refused.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(plain_json)
def test_what_is_written_is_read_back_as_the_same_value_and_is_its_own_canonical_form(value: object) -> None:
    written = canonical_json(value)
    assert parse_canonical(written) == value
    assert canonical_json(parse_canonical(written)) == written


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9)))
def test_the_order_in_which_keys_were_set_does_not_matter(value: dict[str, int]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert digest_json(backwards) == digest_json(value)


@given(plain_json)
def test_any_other_spelling_of_a_value_is_not_canonical(value: object) -> None:
    spaced = json.dumps(value, indent=1).encode()
    if spaced == canonical_json(value):
        return
    with pytest.raises(NotCanonicalError):
        parse_canonical(spaced)


@pytest.mark.parametrize(
    "text",
    ["1.0", "1e2", "-0", "-0.0", "1E30", "0.10", '"\\u0041"', '"\\/"', '{"b":1,"a":2}', "[1, 2]", " 1", "1\n", "1e-07"],
)
def test_a_value_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(NotCanonicalError):
        parse_canonical(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "1e+21",
        "1e-7",
        "0.000001",
        "5e-324",
        '"\x7f"',
        '{"😀":1,"￿":2}',
        "100000",
        "9007199254740992",
        "100000000000000000000",
    ],
)
def test_a_value_that_other_writers_spell_differently_is_accepted_in_its_canonical_form(text: str) -> None:
    assert canonical_json(parse_canonical(text.encode())) == text.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":1}', 'the key "a" is given more than once'),
        (b'{"x":{"a":1,"b":2,"a":3}}', 'the key "a" is given more than once'),
        (b'"\xff"', "byte 2 is no UTF-8"),
        (b"NaN", "NaN is no JSON number"),
        (b"-Infinity", "-Infinity is no JSON number"),
        (b"\xef\xbb\xbf1", "no JSON at character 1"),
        (b"{} {}", "no JSON at character 4"),
        (b"", "no JSON at character 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"\\ud800"', "non-UTF-8"),
        (b"9007199254740993", "written differently"),
        (b"1" * 5000, "not representable"),
        (b"1e999", "not representable"),
    ],
)
def test_what_is_no_strict_json_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_canonical(data)


def test_a_repeated_key_is_refused_even_where_order_does_not_matter() -> None:
    assert parse_json(b'{"b": 1, "a": 2}') == {"b": 1, "a": 2}
    with pytest.raises(ValueError, match="more than once"):
        parse_json(b'{"b": 1, "b": 2}')


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, {None: 1}, b"bytes", {1, 2}, object()],
)
def test_what_json_has_no_form_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(value)


def test_a_value_nested_too_deeply_is_refused_and_not_a_crash() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="nested too deeply"):
        canonical_json(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(max_examples=400)
def test_the_quick_way_writes_and_refuses_what_the_reference_does(value: object) -> None:
    def outcome(write: Callable[[Any], bytes]) -> bytes | None:
        try:
            return write(value)
        except ValueError:
            return None

    assert outcome(canonical_json) == outcome(rfc8785.dumps)
