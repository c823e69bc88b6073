"""Moments as JavaScript's ``Date`` reads them: what the reference compares expiries with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent_agency.spec.javascript_date_text import read_date_text
from agent_agency.spec.javascript_values import JavaScriptTypeError, to_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def javascript_date(value: Any) -> float | None:
    """Read ``new Date(value)``; milliseconds since 1970 in UTC, ``None`` for an invalid date.

    A time without a zone is taken as UTC, so that the answer does not depend on the machine.
    """
    if isinstance(value, bool | int | float):
        return float(value) if abs(value) <= 8.64e15 else None  # noqa: PLR2004 - ECMA-262's largest time value
    if value is None:
        return 0.0
    if isinstance(value, list):
        try:
            value = to_text(value)
        except JavaScriptTypeError:
            return None
    if not isinstance(value, str):
        return None
    return read_date_text(value)


def moment_of(milliseconds: float | None) -> datetime:
    """The moment as a datetime: an invalid one is the earliest, one out of Python's range the nearest end."""
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if milliseconds is None:
        return earliest
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return earliest if milliseconds < 0 else latest
