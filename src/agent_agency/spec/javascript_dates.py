"""Moments as JavaScript's ``Date`` reads them: what the reference compares expiries with.

Source: ECMA-262 section 21.4.1.32 (the date-time string format) as V8 applies it, which lets days up to 31 roll over
into the next month, and the older spellings that V8 also reads.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
_ISO = re.compile(
    r"(?P<year>[0-9]{4}|[+-][0-9]{6})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
    rf"(?:T{_TIME}(?P<zone>Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)
_LOOSE = re.compile(
    r"(?:(?P<year>[0-9]{4})[-/](?P<month>[0-9]{1,2})[-/](?P<day>[0-9]{1,2})"
    r"|(?P<name1>[A-Za-z]{3,9})\.? (?P<day1>[0-9]{1,2}),? (?P<year1>[0-9]{4})"
    r"|(?P<day2>[0-9]{1,2}) (?P<name2>[A-Za-z]{3,9})\.?,? (?P<year2>[0-9]{4}))"
    rf"(?:[ Tt]{_TIME} ?(?P<zone>[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
)


def javascript_date(value: Any) -> float | None:
    """Read ``new Date(value)``; milliseconds since 1970 in UTC, ``None`` for an invalid date.

    A time without a zone is taken as UTC, so that the answer does not depend on the machine.
    """
    if isinstance(value, bool | int | float):
        return float(value) if abs(value) <= 8.64e15 else None  # noqa: PLR2004 - ECMA-262's largest time value
    if value is None:
        return 0.0
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return None
    if (match := _ISO.fullmatch(value)) is not None:
        return _milliseconds(match.group("year", "month", "day"), match, strict=True)
    if (match := _LOOSE.fullmatch(value)) is not None:
        return _milliseconds(_loose_day(match), match, strict=False)
    return None


def _loose_day(match: re.Match[str]) -> tuple[str | None, str | None, str | None]:
    if match["year"]:
        return match["year"], match["month"], match["day"]
    name = (match["name1"] or match["name2"])[:3].lower()
    month = str(_MONTHS.index(name) + 1) if name in _MONTHS else "13"
    return match["year1"] or match["year2"], month, match["day1"] or match["day2"]


def _milliseconds(
    day: tuple[str | None, str | None, str | None], match: re.Match[str], *, strict: bool
) -> float | None:
    year, month, date = (int(part) if part else 1 for part in day)
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = float(f"0.{match['fraction'] or 0}")
    offset = _offset_minutes(match["zone"])
    midnight = hour == 24 and strict and not (minute or second or fraction)  # noqa: PLR2004 - the day's last moment
    in_bounds = 1 <= month <= 12 and 1 <= date <= 31 and minute <= 59 and second <= 59  # noqa: PLR2004 - a calendar
    if not in_bounds or not (hour <= 23 or midnight) or offset is None:  # noqa: PLR2004 - a clock
        return None
    days = _days_from_epoch(year, month) + date - 1
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset * 60
    return seconds * 1000.0 + int(fraction * 1000)


def _offset_minutes(zone: str | None) -> int | None:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _days_from_epoch(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of a month in the proleptic Gregorian calendar, for any year."""
    cycles, year_in_cycle = divmod(year, 400)
    first = datetime(year_in_cycle + 400, month, 1, tzinfo=UTC)
    return (first - _EPOCH).days + (cycles - 1) * 146097


def moment_of(milliseconds: float | None) -> datetime:
    """The moment as a datetime: an invalid one is the earliest, one out of Python's range the nearest end."""
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if milliseconds is None:
        return earliest
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return earliest if milliseconds < 0 else latest
