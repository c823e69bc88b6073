from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.datetimes import is_date_time, moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02t03:04:05z",
        "2026-01-02 03:04:05Z",
        "2026-01-02\u00a003:04:05Z",
        "2026-01-02T03:04:05.123456789Z",
        "2026-01-02T03:04:05+02:00",
        "2026-01-02T03:04:05-0200",
        "2026-01-02T03:04:05+02",
        "2024-02-29T00:00:00Z",
        "2000-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.9Z",
        "2017-01-01T00:59:60+01:00",
        "2016-12-31T18:59:60-05:00",
        "2016-12-31T24:59:00+01:00",
    ],
)
def test_what_the_reference_accepts_is_a_date_time(text: str) -> None:
    assert is_date_time(text)
    assert moment(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-02",
        "03:04:05Z",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "2026-1-2T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2016-12-31T23:59:61Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60",
        "2026-01-02T03:04:05 Z",
        "2026-01-02  03:04:05Z",
        "2026-01-02T03:04:05Z\n",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z",
        "\u0662026-01-02T03:04:05Z",
        "2026-01-02T\uff10\uff13:04:05Z",
        "+2026-01-02T03:04:05Z",
        "2026-01-02_03:04:05Z",
    ],
)
def test_what_the_reference_refuses_is_none(text: str) -> None:
    assert not is_date_time(text)
    assert moment(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05-0130", datetime(2026, 1, 2, 4, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", datetime.max.replace(tzinfo=UTC)),
        ("0000-06-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_the_moment_is_told_in_utc(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_that_python_writes_is_read_back(written: datetime) -> None:
    assert moment(written.isoformat()) == written


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_date_time(text) == (moment(text) is not None)
