from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.javascript_dates import javascript_date, moment_of


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00.1239+02:00", "2026-01-31T10:00:00.123000+00:00"),
        ("2026-02-30T00:00:00Z", "2026-03-02T00:00:00+00:00"),
        ("2026-01-01T24:00:00Z", "2026-01-02T00:00:00+00:00"),
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01", "2026-01-01T00:00:00+00:00"),
        ("2026", "2026-01-01T00:00:00+00:00"),
        ("2026/01/05", "2026-01-05T00:00:00+00:00"),
        ("2026-1-5", "2026-01-05T00:00:00+00:00"),
        ("Dec 31, 2026", "2026-12-31T00:00:00+00:00"),
        ("31 December 2026", "2026-12-31T00:00:00+00:00"),
        ("2026-01-01 00:00:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00+0200", "2025-12-31T22:00:00+00:00"),
        ("+002026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        (5, "1970-01-01T00:00:00.005000+00:00"),
        (True, "1970-01-01T00:00:00.001000+00:00"),
        (None, "1970-01-01T00:00:00+00:00"),
        (["2026"], "2026-01-01T00:00:00+00:00"),
    ],
)
def test_dates_are_read_as_v8_reads_them(text: Any, iso: str) -> None:
    assert moment_of(javascript_date(text)).isoformat() == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "2026-13-01",
        "2026-01-32",
        "2026-01-00",
        "2026-01-01T24:00:01Z",
        "2026-01-01T23:60:00Z",
        "2026-01-01T23:59:60Z",
        "2026-01-01T00:00:00+25:00",
        "2026-01-01T00:00:00 Z x",
        "Foo 3, 2026",
        [],
        {},
    ],
)
def test_what_is_no_date_is_none(text: Any) -> None:
    assert javascript_date(text) is None


def test_moments_out_of_range_are_the_nearest_end() -> None:
    assert moment_of(None) == datetime.min.replace(tzinfo=UTC)
    assert moment_of(javascript_date("+275760-01-01")) == datetime.max.replace(tzinfo=UTC)
    assert moment_of(javascript_date("-000001-01-01")) == datetime.min.replace(tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001 - made aware below
def test_iso_moments_mean_what_they_mean_to_python(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)

    assert moment_of(javascript_date(aware.isoformat(timespec="milliseconds"))) == aware
