"""YAML as the command lines of 2025 read it: with dates, merge keys and the tags of YAML 1.1.

CLI 4.0.0 and 10.2.0 loaded specs with the default types of js-yaml 4, which add ``!!timestamp``, ``!!merge``,
``!!binary``, ``!!omap``, ``!!pairs`` and ``!!set`` to the core types. A verdict can hang on it: a merge key may bring a
required field, and an unquoted date is no text.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from agent_agency.spec.javascript_values import Moment, to_text
from agent_agency.spec.yaml_reader import NO_KEY, Composer, refused

_TAG = "tag:yaml.org,2002:"
_SEQUENCES = frozenset({"omap", "pairs"})
_DATE = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_TIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9][0-9]?)-(?P<day>[0-9][0-9]?)(?:[Tt]|[ \t]+)"
    r"(?P<hour>[0-9][0-9]?):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]*))?"
    r"(?:[ \t]*(?:Z|(?P<sign>[-+])(?P<offset_hour>[0-9][0-9]?)(?::(?P<offset_minute>[0-9]{2}))?))?"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=\n\r]*")
_FOUR_DIGITS_FROM = 100
_DAY_MS = 86_400_000


class _MergeKey(str):
    """The key ``<<`` where it was written plainly; in quotes it is an ordinary key."""

    __slots__ = ()


class JavaScriptComposer(Composer):
    """Builds values with the default types of js-yaml 4; a ``!!binary`` becomes bytes, a date a ``Moment``."""

    __slots__ = ("inherited", "special")

    def __init__(self, prepared: Any) -> None:
        super().__init__(prepared)
        self.inherited: dict[int, set[str]] = {}
        self.special: dict[int, str] = {}

    def _plain(self, text: str, event: Any) -> Any:
        value = super()._plain(text, event)
        if not isinstance(value, str):
            return value
        return _MergeKey(value) if value == "<<" else moment(value) or value

    def _tagged(self, text: str, event: Any) -> Any:
        name = event.tag.removeprefix(_TAG)
        value: Any = None
        absent = not text and not event.style
        if name == "merge" and absent:
            return None
        if name == "timestamp":
            value = moment(text)
        elif name == "binary":
            value = None if absent else _binary(text)
        elif name == "merge":
            value = _MergeKey(text) if text == "<<" else None
        elif name == "set" or name in _SEQUENCES:
            value = ({} if name == "set" else []) if absent else None
        else:
            return super()._tagged(text, event)
        if value is None:
            raise refused(event.start_mark, f"The text is no value for the tag !!{name}", "Correct it or drop the tag.")
        return value

    def _open(self, event: Any, container: Any, children: Any, kind: str) -> None:
        name = (event.tag or "").removeprefix(_TAG)
        special = name == "set" if kind == "map" else name in _SEQUENCES
        if special:
            event.tag = None
        super()._open(event, container, children, kind)
        if special:
            self.special[id(self.container)] = name

    def _end(self, event: Any) -> None:
        name = self.special.pop(id(self.container), None)
        if name is not None and not _fits(name, self.container):
            mark = self.stack[-1][-1]
            raise refused(mark, f"The value does not fit the tag !!{name}", "Correct it or drop the tag.")
        if name == "pairs":
            self.container[:] = [list(*item.items()) for item in self.container]
            self.children[:] = [(marks[0], list(*marks[1].values())) for marks in self.children]
        super()._end(event)

    def _take_key(self, value: Any, mark: Any) -> None:
        if isinstance(value, Moment | bytes):
            value = to_text(value)
        elif isinstance(value, list):
            value = [to_text(item) if isinstance(item, Moment | bytes) else item for item in value]
        inherited = self.inherited.get(id(self.container), set())
        if isinstance(value, _MergeKey) or (isinstance(value, str) and value in inherited):
            inherited.discard(value)
            self.key, self.key_mark = value, mark
        else:
            super()._take_key(value, mark)

    def _add(self, value: Any, marks: Any, mark: Any) -> None:
        if isinstance(self.key, _MergeKey):
            sources = zip(value, marks[1], strict=True) if isinstance(value, list) else ((value, marks),)
            for source, source_marks in sources:
                self._merge(source, source_marks, mark)
            self.key = NO_KEY
            return
        is_key = isinstance(self.container, dict) and self.key is NO_KEY
        super()._add(str(value) if isinstance(value, _MergeKey) and not is_key else value, marks, mark)

    def _merge(self, source: Any, marks: Any, mark: Any) -> None:
        if not isinstance(source, dict | list):
            raise refused(mark, "A merge key needs a mapping", "Write the fields out instead of merging them.")
        pairs = source.items() if isinstance(source, dict) else ((str(i), item) for i, item in enumerate(source))
        inherited = self.inherited.setdefault(id(self.container), set())
        for key, value in pairs:
            if key not in self.container:
                known = marks[1][key] if isinstance(source, dict) else (mark, marks[1][int(key)])
                self.container[key], self.children[key] = value, known
                inherited.add(key)


def _fits(name: str, value: Any) -> bool:
    if name == "set":
        return all(item is None for item in value.values())
    if not all(isinstance(item, dict) and len(item) == 1 for item in value):
        return False
    keys = [key for item in value for key in item]
    return name == "pairs" or len(set(keys)) == len(keys)


def _binary(text: str) -> bytes | None:
    """The bytes that a text writes in base64; only whole bytes are accepted, as there."""
    letters = re.sub(r"[\n\r]", "", text)
    if not _BASE64.fullmatch(text) or len(letters) * 6 % 8:
        return None
    try:
        return base64.b64decode(letters) or bytes(3)  # three zeros for no letters, as there
    except binascii.Error:
        return b"\0"  # padding in odd places: some bytes, and which ones decides nothing


def moment(text: str) -> Moment | None:
    """The date or time of day that a plain text writes; parts beyond the calendar roll over, as in JavaScript."""
    match = _DATE.fullmatch(text) or _TIME.fullmatch(text)
    if match is None:
        return None
    part = {name: value for name, value in match.groupdict().items() if value}
    days = _days(*(int(part[name]) for name in ("year", "month", "day")))
    seconds = (int(part.get("hour", 0)) * 60 + int(part.get("minute", 0))) * 60 + int(part.get("second", 0))
    offset = int(part.get("offset_hour", 0)) * 60 + int(part.get("offset_minute", 0))
    shift = -offset if part.get("sign") == "-" else offset
    fraction = int(part.get("fraction", "0")[:3].ljust(3, "0"))
    return Moment(days * _DAY_MS + seconds * 1000 + fraction - shift * 60_000, text)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the proleptic calendar; a year below 100 is one of the twentieth century (ECMA-262)."""
    from datetime import date

    years, month = divmod(month - 1, 12)
    year = (year + 1900 if year < _FOUR_DIGITS_FROM else year) + years
    cycles = (year - date.min.year) // 400
    first = date(year - cycles * 400, month + 1, 1).toordinal() + cycles * 146_097
    return first - date(1970, 1, 1).toordinal() + day - 1
