"""Date-times as the reference accepts them: RFC 3339 with the liberties of its schema library's ``date-time`` format.

The zone is required and may be written ``Z``, ``+02:00``, ``+0200`` or ``+02``; ``t`` or one blank may stand for ``T``;
the day must exist; a second 60 is taken only where it is 23:59:60 in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_SEPARATOR: Final = re.compile("[tT\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(?:[zZ]|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)"
)
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_LAST_HOUR, _LAST_MINUTE, _LAST_SECOND, _FEBRUARY = 23, 59, 59, 2


def is_date_time(text: str) -> bool:
    """Is the text a date-time that the reference accepts?"""
    parts = _SEPARATOR.split(text)
    return len(parts) == 2 and _is_date(parts[0]) and _is_time(parts[1])  # noqa: PLR2004 - a date and a time


def moment(text: str) -> datetime | None:
    """The moment that an accepted date-time names, in UTC; ``None`` for any other text.

    A leap second is taken as the second after it, and a moment outside of Python's calendar as its nearest end.
    """
    if not is_date_time(text):
        return None
    date_text, time_text = _SEPARATOR.split(text)
    date_match, time_match = _DATE.fullmatch(date_text), _TIME.fullmatch(time_text)
    if date_match is None or time_match is None:
        return None
    year, month, day = (int(part) for part in date_match.groups())
    if year == 0:
        return _FIRST
    shift = timedelta(hours=int(time_match["hours"] or 0), minutes=int(time_match["minutes"] or 0))
    since_midnight = timedelta(
        hours=int(time_match[1]),
        minutes=int(time_match[2]),
        seconds=int(time_match[3]),
        microseconds=int(((time_match[4] or ".0")[1:] + "000000")[:6]),
    )
    try:
        return (
            datetime(year, month, day, tzinfo=UTC) + since_midnight + (shift if time_match["sign"] == "-" else -shift)
        )
    except OverflowError:
        return _FIRST if year == 1 else _LAST


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not 1 <= month <= len(_DAYS):
        return False
    leap = month == _FEBRUARY and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    sign = -1 if match["sign"] == "-" else 1
    zone_hours, zone_minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    if zone_hours > _LAST_HOUR or zone_minutes > _LAST_MINUTE:
        return False
    if hour <= _LAST_HOUR and minute <= _LAST_MINUTE and second <= _LAST_SECOND:
        return True
    # A second 60, or an hour 24 that the zone brings back to the last minute of a day: the reference takes both.
    utc_minute = minute - zone_minutes * sign
    utc_hour = hour - zone_hours * sign - (1 if utc_minute < 0 else 0)
    seconds = float(match[3] + (match[4] or ""))
    return utc_hour in {_LAST_HOUR, -1} and utc_minute in {_LAST_MINUTE, -1} and seconds < _LAST_SECOND + 2
