"""Text read as JavaScript's ``Date`` reads it in V8: ISO 8601, else the loose spellings that came before it.

The loose reading takes ``12/31/2026``, ``Dec 31, 2026 10:00 PM EST`` and much that nobody means: words before the first
number and notes in parentheses are passed over, numbers fill the day in the order in which they come, two digits are a
year of 1950 to 2049. Source: ECMA-262 section 21.4.1.32 for the first form, answers of V8 (Node 20) for the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS: Final = 8.64e15
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES: Final = {
    "gmt": 0, "utc": 0, "ut": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7,
}  # fmt: skip
_HALVES: Final = {"am": 0, "pm": 12}
_BLANKS: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff"
_TOKEN: Final = re.compile(rf"([0-9]+)|([^\x00-@{_BLANKS}]+)|([{_BLANKS}]+)|(.)", re.DOTALL)
_KINDS: Final = ("", "number", "word", "blank", "sign")
_KEYWORD_LENGTH, _SIGNIFICANT_DIGITS = 3, 9


class _InvalidError(Exception):
    """The text is no date."""


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def number(self) -> int:
        return int(self.text.lstrip("0")[:_SIGNIFICANT_DIGITS] or "0")

    def is_number(self, digits: int, low: int = 0, high: int = 10**6) -> bool:
        return self.kind == "number" and len(self.text) == digits and low <= self.number <= high


_END: Final = _Token("end", "")


def read_date_text(text: str) -> float | None:
    """Milliseconds since 1970 in UTC, a time without a zone taken as UTC; ``None`` for an invalid date."""
    reader = _Reader(_tokens(text))
    try:
        if reader.at_iso_end():
            return reader.parts.milliseconds()
        reader.read_loosely()
        return reader.parts.milliseconds()
    except _InvalidError:
        return None


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        position = match.end()
        if match[0] == "(":
            position = _end_of_note(text, position)
            tokens.append(_Token("note", ""))
        else:
            tokens.append(_Token(_KINDS[match.lastindex or 0], match[0].lower()))
    return tokens


def _end_of_note(text: str, position: int) -> int:
    depth = 1
    while depth and position < len(text):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return position


@dataclass(slots=True)
class _Parts:
    """What has been read: numbers of the day and of the time in their order, month name, half of the day, zone."""

    day: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    month: int | None = None
    half: int | None = None
    zone_sign: int | None = None
    zone_hour: int | None = None
    zone_minute: int | None = None
    iso: bool = False

    def add_day(self, number: int) -> None:
        if len(self.day) == 3:  # noqa: PLR2004 - year, month, day
            raise _InvalidError
        self.day.append(number)

    def add_time(self, number: int, *, last: bool = False) -> None:
        if len(self.time) == 4:  # noqa: PLR2004 - hour, minute, second, millisecond
            if last:
                return
            raise _InvalidError
        self.time.append(number)
        if last:
            self.time += [0] * (4 - len(self.time))

    def wants_time(self, number: int) -> bool:
        """Would a bare number go on with the time?"""
        return len(self.time) in {1, 2, 3} and number < (0, 60, 60, 1000)[len(self.time)]

    def set_zone(self, sign: int, hour: int, minute: int | None) -> None:
        self.zone_sign, self.zone_hour, self.zone_minute = sign, hour, minute

    def milliseconds(self) -> float | None:
        year, month, day = self._date()
        hour, minute, second, thousandth = (*self.time, 0, 0, 0, 0)[:4]
        if self.half is not None:
            if hour > 12:  # noqa: PLR2004 - a clock of twelve hours
                raise _InvalidError
            hour = hour % 12 + self.half
        if not (hour < 24 and minute < 60 and second < 60) and (hour, minute, second, thousandth) != (24, 0, 0, 0):  # noqa: PLR2004 - a clock
            raise _InvalidError
        zone = (self.zone_sign or 0) * ((self.zone_hour or 0) * 60 + (self.zone_minute or 0))
        minutes = (_days_from_epoch(year, month) + day - 1) * 1440 + hour * 60 + minute - zone
        moment = minutes * 60000.0 + second * 1000 + thousandth
        return moment if abs(moment) <= _LATEST_MS else None

    def _date(self) -> tuple[int, int, int]:
        if not self.day:
            raise _InvalidError
        first, second, third = (*self.day, 1, 1)[:3]
        names_a_day = 1 <= first <= 31  # noqa: PLR2004 - a calendar
        if self.month is not None:
            year, month, day = (second, self.month, first) if names_a_day else (first, self.month, second)
        elif self.iso or not names_a_day:
            year, month, day = first, second, third
        else:
            year, month, day = third, first, second
        if not self.iso:
            year = _full_year(year)
        if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004 - a calendar
            raise _InvalidError
        return year, month, day


def _full_year(year: int) -> int:
    if 0 <= year <= 49:  # noqa: PLR2004 - the turn of two-digit years
        return year + 2000
    return year + 1900 if 50 <= year <= 99 else year  # noqa: PLR2004 - the same


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.parts = _Parts()

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _skip(self, sign: str) -> bool:
        found = self._peek() == ("sign", sign)
        self._at += found
        return found

    # ISO 8601

    def at_iso_end(self) -> bool:
        """Read the ISO form; false where the loose reading has to go on from here, with the numbers read so far."""
        if not self._iso_year():
            return False
        for highest in (12, 31):
            if not self._skip("-"):
                break
            if not self._peek().is_number(2, 1, highest):
                return False
            self.parts.add_day(self._next().number)
        if self._peek() == ("word", "t"):
            self._next()
            self._iso_time()
        elif self._peek() is not _END:
            return False
        self.parts.iso = True
        return True

    def _iso_year(self) -> bool:
        if self._peek().is_number(4):
            self.parts.add_day(self._next().number)
            return True
        sign, number = (*self._tokens[:2], _END, _END)[:2]
        if sign.kind != "sign" or sign.text not in "+-" or not number.is_number(6):
            return False
        self._at += 2
        if sign.text == "-" and not number.number:
            return False  # there is no year before 0 of that name, and its digits are gone
        self.parts.add_day(-number.number if sign.text == "-" else number.number)
        return True

    def _iso_time(self) -> None:
        hour = self._iso_number(24)
        rest = 0 if hour == 24 else 59  # noqa: PLR2004 - the day's last moment
        self._wanted(":")
        self._iso_number(rest)
        if self._skip(":"):
            self._iso_number(rest)
            if self._skip("."):
                if self._peek().kind != "number" or (not rest and self._peek().number):
                    raise _InvalidError
                self.parts.add_time(_thousandths(self._next()))
        self._iso_zone()
        if self._peek() is not _END:
            raise _InvalidError

    def _iso_number(self, highest: int) -> int:
        if not self._peek().is_number(2, 0, highest):
            raise _InvalidError
        number = self._next().number
        self.parts.add_time(number)
        return number

    def _iso_zone(self) -> None:
        if self._peek() == ("word", "z"):
            self._next()
            self.parts.set_zone(1, 0, 0)
            return
        if self._peek().kind != "sign" or self._peek().text not in "+-":
            return
        sign = -1 if self._next().text == "-" else 1
        if self._peek().is_number(4):
            hour, minute = divmod(self._next().number, 100)
        else:
            hour = self._zone_part()
            self._wanted(":")
            minute = self._zone_part()
        if hour > 23 or minute > 59:  # noqa: PLR2004 - a clock
            raise _InvalidError
        self.parts.set_zone(sign, hour, minute)

    def _zone_part(self) -> int:
        if not self._peek().is_number(2):
            raise _InvalidError
        return self._next().number

    def _wanted(self, sign: str) -> None:
        if not self._skip(sign):
            raise _InvalidError

    # the loose spellings

    def read_loosely(self) -> None:
        """Read on, token by token."""
        seen_number = bool(self.parts.day)
        while (token := self._next()) is not _END:
            is_sign = token.kind == "sign" and token.text in "+-"
            if token.kind == "number":
                seen_number = True
                self._loose_number(token)
            elif token.kind == "word":
                self._loose_word(token.text, seen_number=seen_number)
            elif is_sign and (self.parts.time or (self.parts.zone_hour, self.parts.zone_minute) == (0, 0)):
                seen_number = True
                self._loose_zone(-1 if token.text == "-" else 1)
            elif seen_number and (is_sign or token.text == ")"):
                raise _InvalidError

    def _loose_number(self, token: _Token) -> None:
        number = token.number
        parts = self.parts
        if self._skip(":"):
            if self._skip(":"):
                if parts.time:
                    raise _InvalidError
                parts.add_time(number)
                parts.add_time(0)
            else:
                parts.add_time(number)
                self._skip(".")
        elif self._skip(".") and parts.wants_time(number):
            parts.add_time(number)
            if self._peek().kind != "number":
                raise _InvalidError
            parts.add_time(_thousandths(self._next()), last=True)
        elif parts.zone_hour is not None and parts.zone_minute is None and number < 60:  # noqa: PLR2004 - a clock
            parts.zone_minute = number
        elif parts.wants_time(number):
            parts.add_time(number, last=True)
            following = self._peek()
            if following.kind not in {"end", "blank"} and following.text not in {"z", "+", "-"}:
                raise _InvalidError
        else:
            parts.add_day(number)
            self._skip("-")

    def _loose_word(self, word: str, *, seen_number: bool) -> None:
        parts = self.parts
        if word in _HALVES and parts.time:
            parts.half = _HALVES[word]
        elif word[:_KEYWORD_LENGTH] in _MONTHS:
            parts.month = _MONTHS.index(word[:_KEYWORD_LENGTH]) + 1
            self._skip("-")
        elif word in _ZONES and seen_number:
            parts.set_zone(-1 if _ZONES[word] < 0 else 1, abs(_ZONES[word]), 0)
        elif seen_number or self._peek().kind == "number":
            raise _InvalidError

    def _loose_zone(self, sign: int) -> None:
        digits, number = 0, 0
        if self._peek().kind == "number":
            token = self._next()
            digits, number = len(token.text), token.number
        if self._peek() == ("sign", ":"):
            self.parts.set_zone(sign, number, None)
        elif digits in {1, 2}:
            self.parts.set_zone(sign, number, 0)
        elif digits in {3, 4}:
            self.parts.set_zone(sign, *divmod(number, 100))
        else:
            raise _InvalidError


def _thousandths(token: _Token) -> int:
    digits = min(len(token.text), _SIGNIFICANT_DIGITS)
    scale = int(10 ** abs(digits - 3))
    return token.number * scale if digits < 3 else token.number // scale  # noqa: PLR2004 - thousandths


def _days_from_epoch(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of a month in the proleptic Gregorian calendar, for any year."""
    cycles, year_in_cycle = divmod(year, 400)
    first = datetime(year_in_cycle + 400, month, 1, tzinfo=UTC)
    return (first - _EPOCH).days + (cycles - 1) * 146097
